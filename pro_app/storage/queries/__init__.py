"""What is read from the tables, one module a subject; nothing here writes."""
