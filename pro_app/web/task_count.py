"""The number of tasks that the menu shows, counted once in a request."""

from flask import g


def remember_task_count(count: int) -> None:
    """Keep a number that a page has counted already, for the menu above it."""
    g.task_count = count


def find_task_count() -> int | None:
    """Find the number that this request has counted; None if it has not."""
    count: int | None = g.get("task_count")
    return count
