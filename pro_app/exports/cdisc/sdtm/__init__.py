"""The SDTM datasets (SDTM Implementation Guide 3.4), each with its variables and its derivation."""
