"""The dataset as CDISC defines it: SDTM and ADaM datasets, and the files that carry them."""
