"""One module per scoring manual; each turns answers into scores and knows no other manual."""
