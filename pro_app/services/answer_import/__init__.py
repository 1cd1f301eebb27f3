"""Paper forms of before the app was there: read from a table, filed one by one, rejected by the row."""
