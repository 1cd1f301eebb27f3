"""The codebook of a dataset: every table, column and code in French and English, in three shapes."""
