"""From what is stored to the tidy tables: pure derivations on records and frames."""
