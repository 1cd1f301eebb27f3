"""Time to deterioration and until definitive deterioration of a score: every choice is a parameter."""
