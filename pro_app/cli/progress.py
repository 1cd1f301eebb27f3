"""Showing on stderr how far a long piece of work is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pro_app.cli.translation import translate
from pro_app.exports.making.workplace import Progress
from pro_app.services.releases.steps import STEP_WORDS


@contextmanager
def showing_progress() -> Iterator[Progress]:
    """Show on stderr how far the work is and at what; nothing moves where stderr is no terminal."""
    bar = click.progressbar(length=100, file=sys.stderr, show_eta=False, item_show_func=_say_step)

    def show(step: str, done: int, total: int) -> None:
        bar.update(100 * done // max(total, 1) - bar.pos, step)

    with bar:
        yield show
        bar.update(100 - bar.pos)


def _say_step(step: str | None) -> str:
    return translate(STEP_WORDS[step]) if step in STEP_WORDS else ""
