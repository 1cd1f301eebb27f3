"""The screen booklet: every screen of every instrument as participants see it, pictured in a real browser."""
