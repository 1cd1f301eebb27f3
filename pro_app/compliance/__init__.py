"""How much CAME BACK: expected, received, valid, and both rates by name. Pure: no I/O."""
