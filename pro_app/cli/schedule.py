"""`pro-app schedule`: the calendar of one participant, from the protocol and a few dates alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import click

from pro_app.cli.civil_dates import DATE, EventOnDate
from pro_app.cli.output_format import format_option
from pro_app.cli.protocol_source import protocol_option, read_protocol_file, refuse
from pro_app.cli.schedule_checks import RANDOMISED, check_arm_and_zone, check_events
from pro_app.cli.schedule_output import render_json, render_table
from pro_app.cli.translation import translate
from pro_app.language import mark
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.parse import read_protocol
from pro_app.protocol.schedule import plan_visits


@click.command(
    "schedule", help=mark("Show the visits of one participant: dates, windows, and what counts as expected.")
)
@protocol_option(required=True)
@click.option(
    "--arm",
    "arm_code",
    help=mark("The arm: LUTATHERA or SURVEILLANCE in ReLUTH; needed where a protocol has several."),
)
@click.option(
    "--randomised",
    type=DATE,
    help=mark("The date of randomisation, YYYY-MM-DD; needed where there is one, unless --event is given."),
)
@click.option("--enrolled", type=DATE, help=mark("The date of consent."))
@click.option("--treatment-ended", type=DATE, help=mark("The recorded end of treatment."))
@click.option("--died", type=DATE, help=mark("The date of death."))
@click.option("--left", type=DATE, help=mark("The date of leaving the trial."))
@click.option("--lost", type=DATE, help=mark("The date from which the participant is lost to follow-up."))
@click.option("--stopped-questionnaires", type=DATE, help=mark("The date of wanting no more questionnaires."))
@click.option(
    "--event",
    "events",
    type=EventOnDate(),
    multiple=True,
    metavar="KIND=DATE",
    help=mark(
        "Any other event of the protocol, for example infusion=2024-02-05; may be given several times."
    ),
)
@click.option("--zone", help=mark("The participant's time zone; by default that of the protocol."))
@format_option
def schedule(
    *,
    source: str,
    arm_code: str | None,
    events: tuple[tuple[str, date], ...],
    zone: str | None,
    form: str,
    **dates: date | None,
) -> None:
    """Print the plan; any date is accepted and today plays no part. Exit status 0 well, 2 unusable.

    `dates` holds what the options named after an event give, None where one is absent.
    """
    protocol = read_protocol(read_protocol_file(source))
    zone = protocol.default_zone if zone is None else zone
    if RANDOMISED not in protocol.event_kinds_by_code:
        # The option was needed for every protocol once: where nobody is randomised it says nothing.
        dates.pop(RANDOMISED)
    given = [*((_KINDS.get(name, name), day) for name, day in dates.items() if day is not None), *events]
    check_arm_and_zone(protocol, arm_code, zone)
    check_events(protocol, given, randomisation_is_needed=not events)
    try:
        plan = plan_visits(protocol, _facts(given, arm_code))
    except OverflowError:
        refuse(translate(mark("A visit would lie outside the calendar, which has the years 1 to 9999.")))
    click.echo(render_json(plan) if form == "json" else render_table(protocol, plan, zone))


_KINDS = {"stopped_questionnaires": "questionnaires_stopped"}
"""The event that an option gives where their names differ."""


def _facts(given: Sequence[tuple[str, date]], arm_code: str | None) -> Facts:
    """Put the events together; when they were recorded plays no part."""
    recorded_at = datetime(1, 1, 1, tzinfo=UTC)
    events = [Event(number, kind, day, recorded_at) for number, (kind, day) in enumerate(given, start=1)]
    return replace(fold_events(events), arm=arm_code)
