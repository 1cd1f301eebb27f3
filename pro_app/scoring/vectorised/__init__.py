"""Scoring of many responses at once with arrays; written apart from the exact scoring of one response."""
