"""What the statistician gets: tables without identity, their codebook, and the archive that holds them."""
