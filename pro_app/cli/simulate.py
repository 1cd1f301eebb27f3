"""`pro-app simulate`: a whole trial on a simulated clock, through the real services, checked at its end."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from pro_app.cli.output_format import format_option
from pro_app.cli.protocol_source import protocol_option, read_protocol_file
from pro_app.cli.simulate_output import render_table
from pro_app.cli.translation import translate
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.settings import DATABASE_SCHEMES, Settings
from pro_app.simulation.parts import MOST_PARTS
from pro_app.simulation.report import make_report
from pro_app.simulation.run import Plan, is_in_use, open_stores, simulate_trial
from pro_app.simulation.side_by_side import PORT, PartLost, count_cores, simulate_in_parts

VIOLATED, INTERRUPTED = 1, 130


@click.command(
    help=mark(
        "Live through a whole trial on a simulated clock with made-up people, through the real services and "
        "the real worker, and check everything that must hold.\n\n"
        "Exit status: 0 everything holds, 1 something does not, 2 unusable arguments."
    )
)
@click.option(
    "--participants",
    type=click.IntRange(1, 5000),
    default=146,
    show_default=True,
    help=mark("How many people enrol."),
)
@click.option(
    "--years", type=click.IntRange(1, 10), default=6, show_default=True, help=mark("How many years pass.")
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help=mark("The same seed gives the same trial.")
)
@protocol_option(default="reluth", show_default=True)
@click.option(
    "--database",
    "database_url",
    help=mark("An empty database instead of a temporary one; it is kept."),
)
@click.option(
    "--workers",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help=mark("How many workers send side by side."),
)
@click.option(
    "--processes",
    type=click.IntRange(1, MOST_PARTS),
    help=mark(
        "How many processes work side by side, one for each core by default; the numbers stay the same."
    ),
)
@format_option
def simulate(
    *,
    participants: int,
    years: int,
    seed: int,
    source: str,
    database_url: str | None,
    workers: int,
    processes: int | None,
    form: str,
) -> None:
    """Simulate, print what happened, and end with 1 where an invariant was violated."""
    path = read_protocol_file(source).path
    plan = Plan(path, participants=participants, years=years, seed=seed, workers=workers)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="pro-app-simulate-") as folder, _showing_progress() as report:
            if database_url is None:
                result = simulate_in_parts(
                    Path(folder), plan, processes=processes or count_cores(), report=report
                )
            else:
                settings = _open_stores(Path(folder), database_url)
                result = make_report(simulate_trial(settings, plan, report))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except PartLost:
        _refuse("--processes", mark("A process ended before its part of the trial was over; try with 1."))
    click.echo(json.dumps(result.as_json(), indent=2) if form == "json" else render_table(result))
    if sys.stderr.isatty():
        click.echo(
            translate(mark("%(seconds)s seconds"), seconds=round(time.monotonic() - started)), err=True
        )
    if result.violations:
        raise SystemExit(VIOLATED)


def _open_stores(folder: Path, database_url: str) -> Settings:
    """Give settings with the database that was asked for at its newest schema, and contacts in `folder`."""
    if not database_url.startswith(DATABASE_SCHEMES):
        _refuse("--database", mark("It must be sqlite:///… or postgresql+psycopg://…"))
    settings = replace(Settings.for_demo(folder, PORT), database_url=database_url)
    try:
        open_stores(settings)
        in_use = is_in_use(settings)
    except SQLAlchemyError as error:
        _refuse("--database", mark("This database cannot be used: %(why)s"), why=type(error).__name__)
    if in_use:
        _refuse("--database", mark("This database holds a study already; give an empty one."))
    return settings


def _refuse(option: str, message: str, **values: str) -> NoReturn:
    raise InputRejected((Problem(message, dict(values), place=option),))


@contextmanager
def _showing_progress() -> Iterator[Callable[[float], None]]:
    """Show on stderr how far it is; nothing moves where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _share: None
        return
    bar = click.progressbar(length=100, file=sys.stderr, show_eta=True)
    with bar:
        yield lambda share: bar.update(max(0, round(100 * share) - bar.pos))
