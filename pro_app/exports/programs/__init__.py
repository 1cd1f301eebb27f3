"""Programs of a release that read it in R and SAS, and count it anew."""
