"""From a table of estimates to an accessible SVG."""
