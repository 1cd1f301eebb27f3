"""`pro-app prove-calendar`: every window of a protocol, computed twice and compared."""

import sys
from collections.abc import Sequence
from datetime import date

import click

from pro_app.cli.civil_dates import DATE
from pro_app.cli.protocol_source import read_protocol_file
from pro_app.cli.translation import translate, translate_plural
from pro_app.definitions.files import DefinitionFile
from pro_app.language import mark, mark_plural
from pro_app.protocol.find import list_protocol_codes
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.proof import Proof, count_steps, prove_calendar

DIFFERENT = 1
UNUSABLE_INPUT = 2

_ZONES = mark_plural("%(count)s time zone", "%(count)s time zones")
_COUNTS = (
    ("histories", mark_plural("%(count)s history", "%(count)s histories")),
    ("visits", mark_plural("%(count)s visit", "%(count)s visits")),
    ("windows", mark_plural("%(count)s window", "%(count)s windows")),
    ("moments", mark_plural("%(count)s moment", "%(count)s moments")),
    ("differences", mark_plural("%(count)s difference", "%(count)s differences")),
)


@click.command(
    "prove-calendar",
    help=mark(
        "Compute every visit of a protocol a second time, by code written apart, and compare: for every "
        "date that visits can count from, every arm and every time zone, the dates of each visit and the "
        "moments in UTC at which its window opens and closes. "
        "Exit status: 0 no difference, 1 differences, 2 unusable arguments."
    ),
)
@click.option(
    "--protocol",
    "sources",
    multiple=True,
    help=mark("A protocol: its code or a protocol.yaml file; by default all that are there."),
)
@click.option(
    "--from",
    "from_on",
    type=DATE,
    default="2021-01-01",
    show_default=True,
    help=mark("The first date that visits count from."),
)
@click.option(
    "--until",
    "until_on",
    type=DATE,
    default="2031-12-31",
    show_default=True,
    help=mark("The last date that visits count from."),
)
@click.pass_context
def prove_calendar_command(
    context: click.Context, sources: tuple[str, ...], from_on: date, until_on: date
) -> None:
    """Print what was compared of each protocol, and the first differences in words."""
    if until_on < from_on:
        click.echo(translate(mark("The last date is before the first one.")), err=True)
        context.exit(UNUSABLE_INPUT)
    definitions = [read_protocol_file(source) for source in sources or list_protocol_codes()]
    proofs = [_prove(definition, from_on, until_on) for definition in definitions]
    context.exit(find_status(proofs))


def _prove(definition: DefinitionFile, from_on: date, until_on: date) -> Proof:
    """Compare one protocol, with progress where somebody watches, and print the outcome."""
    protocol = parse_protocol(definition)
    steps = count_steps(protocol, from_on=from_on, until_on=until_on)
    name = f"{protocol.code} {protocol.version}"
    with click.progressbar(
        length=steps, label=name, file=sys.stderr, hidden=not sys.stderr.isatty(), update_min_steps=20
    ) as bar:
        try:
            proof = prove_calendar(definition, from_on=from_on, until_on=until_on, on_step=bar.update)
        except OverflowError:
            message = mark("A visit would lie outside the calendar, which has the years 1 to 9999.")
            click.echo(translate(message), err=True)
            raise SystemExit(UNUSABLE_INPUT) from None
    zones = translate_plural(*_ZONES, len(protocol.zones))
    for line in list_proof_lines(f"{name}, {from_on} – {until_on}, {zones}", proof):
        click.echo(line)
    return proof


def list_proof_lines(subject: str, proof: Proof) -> list[str]:
    """Say the first differences, and then of `subject` how much was compared."""
    counts = ", ".join(translate_plural(*forms, getattr(proof, field)) for field, forms in _COUNTS)
    more = ["…"] if proof.differences > len(proof.told) else []
    return [*proof.told, *more, f"{subject}: {counts}"]


def find_status(proofs: Sequence[Proof]) -> int:
    """Find the exit status: 1 if any of the proofs found a difference."""
    return DIFFERENT if any(proof.differences for proof in proofs) else 0
