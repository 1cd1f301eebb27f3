"""From tidy tables to the numbers behind each chart. Pure: frames in, frames out."""
