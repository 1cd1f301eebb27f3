"""Showing on stderr how many of how many were looked at."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def counting_progress() -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how far a count is; nothing moves where stderr is no terminal."""
    bar = click.progressbar(length=100, file=sys.stderr, show_eta=False)

    def show(done: int, total: int) -> None:
        bar.update(100 * done // max(total, 1) - bar.pos)

    with bar:
        yield show
        bar.update(100 - bar.pos)
