"""The records: one schema for SQLite and PostgreSQL, its tables and its queries."""
