"""What each table of a dataset holds: the allow-list of what leaves the house."""
