"""`pro-app simulate`: a whole trial on a simulated clock, through the real services, checked at its end."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from pro_app.cli.translation import translate
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.settings import DATABASE_SCHEMES, Settings
from pro_app.simulation.report import SimulationReport, VisitRates, make_report
from pro_app.simulation.run import Plan, is_in_use, open_stores, simulate_trial

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
PORT = 8000
"""Only written into the texts of messages; nothing listens."""
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
@click.option(
    "--protocol",
    "protocol_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=PROTOCOL,
    help=mark("A protocol.yaml file instead of that of ReLUTH."),
)
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
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help=mark("A table to read, or JSON for programs."),
)
def simulate(
    *,
    participants: int,
    years: int,
    seed: int,
    protocol_path: Path,
    database_url: str | None,
    workers: int,
    form: str,
) -> None:
    """Simulate, print what happened, and end with 1 where an invariant was violated."""
    plan = Plan(protocol_path, participants=participants, years=years, seed=seed, workers=workers)
    started = time.monotonic()
    try:
        with _opened_stores(database_url) as settings, _showing_progress() as report:
            result = make_report(simulate_trial(settings, plan, report))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    click.echo(json.dumps(result.as_json(), indent=2) if form == "json" else _render_table(result))
    if sys.stderr.isatty():
        click.echo(
            translate(mark("%(seconds)s seconds"), seconds=round(time.monotonic() - started)), err=True
        )
    if result.violations:
        raise SystemExit(VIOLATED)


@contextmanager
def _opened_stores(database_url: str | None) -> Iterator[Settings]:
    """Give settings with stores at their newest schema: in a folder that goes again, or as asked for."""
    if database_url is not None and not database_url.startswith(DATABASE_SCHEMES):
        _refuse(mark("It must be sqlite:///… or postgresql+psycopg://…"))
    with tempfile.TemporaryDirectory(prefix="pro-app-simulate-") as folder:
        settings = Settings.for_demo(Path(folder), PORT)
        if database_url is not None:
            settings = replace(settings, database_url=database_url)
        try:
            open_stores(settings)
            in_use = is_in_use(settings)
        except SQLAlchemyError as error:
            _refuse(mark("This database cannot be used: %(why)s"), why=type(error).__name__)
        if in_use:
            _refuse(mark("This database holds a study already; give an empty one."))
        yield settings


def _refuse(message: str, **values: str) -> NoReturn:
    raise InputRejected((Problem(message, dict(values), place="--database"),))


@contextmanager
def _showing_progress() -> Iterator[Callable[[float], None]]:
    """Show on stderr how far it is; nothing moves where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _share: None
        return
    bar = click.progressbar(length=100, file=sys.stderr, show_eta=True)
    with bar:
        yield lambda share: bar.update(max(0, round(100 * share) - bar.pos))


def _render_table(report: SimulationReport) -> str:
    """Write the report to be read."""
    blocks = [
        translate(mark("From %(first)s to %(last)s"), first=report.began_on, last=report.ended_on),
        _render_counts(translate(mark("What happened")), report.happened),
        _render_counts(translate(mark("Visits by state at the end")), report.visits),
        _render_counts(translate(mark("Messages by state")), report.messages),
        _render_counts(translate(mark("Why messages did not go")), report.messages_by_reason),
        translate(mark("Messages that arrived: %(count)s"), count=report.arrived),
        _render_rates(report.rates),
        _render_violations(report),
    ]
    return "\n\n".join(blocks)


def _render_counts(title: str, counts: Mapping[str, int]) -> str:
    return "\n".join([title, *(f"  {count:>6}  {name}" for name, count in counts.items())])


def _render_rates(rates: tuple[VisitRates, ...]) -> str:
    """Write both rates with their numerators and denominators."""
    title = mark("Completion rate (valid of expected) and available-data rate (valid of randomised)")
    lines = [translate(title)]
    for row in rates:
        completion = f"{row.completed}/{row.expected}"
        available = f"{row.available}/{row.randomised}"
        lines.append(
            f"  {row.visit:<10} {completion:>9} {_percent(row.completion_rate):>7}"
            f" {available:>9} {_percent(row.available_data_rate):>7}"
        )
    return "\n".join(lines)


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _render_violations(report: SimulationReport) -> str:
    if not report.violations:
        return translate(mark("Everything that must hold holds: 0 violations."))
    title = translate(mark("VIOLATIONS: %(count)s"), count=report.violations)
    return "\n".join([_render_counts(title, report.violations_by_rule), *(f"  {e}" for e in report.examples)])
