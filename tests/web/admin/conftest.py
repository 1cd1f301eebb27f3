"""The app with a study and its staff in it."""

from staff_fixtures import database, sqlite_url, staffed_template, world

__all__ = ["database", "sqlite_url", "staffed_template", "world"]
