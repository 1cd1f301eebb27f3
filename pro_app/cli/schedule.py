"""`pro-app schedule`: the calendar of one participant, from the protocol and a few dates alone."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import problem_text, translate
from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.errors import DefinitionRejected, NotFound
from pro_app.language import mark
from pro_app.protocol.check import check_protocol
from pro_app.protocol.event_rules import is_zone
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.find import list_protocol_codes, protocol_path
from pro_app.protocol.parse import read_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.settings import command_language

UNUSABLE_INPUT = 2
RANDOMISED = "randomised"

_ISO_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CivilDate(click.ParamType[date]):
    """A date written YYYY-MM-DD, and nothing else that Python would take for one."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; anything else is a usage error."""
        if isinstance(value, date):
            return value
        text = str(value)
        try:
            return date.fromisoformat(text if _ISO_DATE.fullmatch(text) else "")
        except ValueError:
            self.fail(translate(mark("“%(value)s” is not a date: write YYYY-MM-DD."), value=text), param, ctx)


_DATE = CivilDate()


class EventOnDate(click.ParamType[tuple[str, date]]):
    """A kind of event and its date, written KIND=YYYY-MM-DD."""

    name = "event"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, date]:
        """Read both; anything else is a usage error."""
        kind, equals, day = str(value).partition("=")
        if not kind or not equals:
            message = mark("“%(value)s” is not an event: write KIND=YYYY-MM-DD.")
            self.fail(translate(message, value=str(value)), param, ctx)
        return kind, _DATE.convert(day, param, ctx)


@click.command(
    "schedule", help=mark("Show the visits of one participant: dates, windows, and what counts as expected.")
)
@click.option(
    "--protocol",
    "source",
    required=True,
    help=mark("The protocol: its code (reluth) or a protocol.yaml file."),
)
@click.option(
    "--arm",
    "arm_code",
    help=mark("The arm: LUTATHERA or SURVEILLANCE in ReLUTH; needed where a protocol has several."),
)
@click.option(
    "--randomised",
    type=_DATE,
    help=mark("The date of randomisation, YYYY-MM-DD; needed where there is one, unless --event is given."),
)
@click.option("--enrolled", type=_DATE, help=mark("The date of consent."))
@click.option("--treatment-ended", type=_DATE, help=mark("The recorded end of treatment."))
@click.option("--died", type=_DATE, help=mark("The date of death."))
@click.option("--left", type=_DATE, help=mark("The date of leaving the trial."))
@click.option("--lost", type=_DATE, help=mark("The date from which the participant is lost to follow-up."))
@click.option(
    "--stopped-questionnaires", type=_DATE, help=mark("The date of wanting no more questionnaires.")
)
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help=mark("A table to read, or JSON for programs."),
)
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
    _check_arm_and_zone(protocol, arm_code, zone)
    _check_events(protocol, given, randomisation_is_needed=not events)
    try:
        plan = plan_visits(protocol, _facts(given, arm_code))
    except OverflowError:
        _refuse(translate(mark("A visit would lie outside the calendar, which has the years 1 to 9999.")))
    click.echo(_render_json(plan) if form == "json" else _render_table(protocol, plan, zone))


_KINDS = {"stopped_questionnaires": "questionnaires_stopped"}
"""The event that an option gives where their names differ."""


def _facts(given: Sequence[tuple[str, date]], arm_code: str | None) -> Facts:
    """Put the events together; when they were recorded plays no part."""
    recorded_at = datetime(1, 1, 1, tzinfo=UTC)
    events = [Event(number, kind, day, recorded_at) for number, (kind, day) in enumerate(given, start=1)]
    return replace(fold_events(events), arm=arm_code)


def read_protocol_file(source: str) -> DefinitionFile:
    """Read a sound protocol file by code or path; otherwise say every problem and end the command."""
    is_file = source.endswith((".yaml", ".yml")) or "/" in source
    try:
        definition = read_definition(Path(source) if is_file else protocol_path(source))
        if problems := check_protocol(definition):
            _refuse(*(f"{definition.source}:{p.line or 1}: {problem_text(p)}" for p in problems))
    except NotFound:
        known = ", ".join(list_protocol_codes())
        _refuse(
            translate(mark("There is no protocol “%(code)s”. Known: %(known)s."), code=source, known=known)
        )
    except DefinitionRejected as rejected:
        _refuse(*(f"{rejected.source}:{p.line or 1}: {problem_text(p)}" for p in rejected.problems))
    except OSError as error:
        _refuse(problem_text(file_problem(error)))
    return definition


def _check_arm_and_zone(protocol: Protocol, arm_code: str | None, zone: str) -> None:
    """End the command if the arm or the time zone cannot be used."""
    problems = []
    if protocol.find_arm(arm_code) is None:
        known = ", ".join(protocol.arms_by_code)
        message = mark("There is no arm “%(code)s” in this protocol. Known: %(known)s.")
        if arm_code is None:
            message = mark("--arm is missing: this protocol has several. Known: %(known)s.")
        problems.append(translate(message, code=arm_code or "", known=known))
    if not is_zone(zone):
        problems.append(translate(mark("There is no time zone “%(zone)s”."), zone=zone))
    if problems:
        _refuse(*problems)


def _check_events(
    protocol: Protocol, given: Sequence[tuple[str, date]], *, randomisation_is_needed: bool
) -> None:
    """End the command with every reason why these events cannot be true together."""
    first_on = {kind: min(day for code, day in given if code == kind) for kind, _ in given}
    known = ", ".join(protocol.event_kinds_by_code)
    unknown = mark("There is no event “%(code)s” in this protocol. Known: %(known)s.")
    problems = [
        translate(unknown, code=kind, known=known)
        for kind in first_on
        if kind not in protocol.event_kinds_by_code
    ]
    if randomisation_is_needed and RANDOMISED in protocol.event_kinds_by_code.keys() - first_on.keys():
        problems.append(translate(mark("--randomised is missing: this protocol counts from it.")))
    problems += _list_contradictions(protocol, given, first_on)
    problems += _list_after_an_end(protocol, given, first_on)
    if problems:
        _refuse(*problems)


def _list_contradictions(
    protocol: Protocol, given: Sequence[tuple[str, date]], first_on: Mapping[str, date]
) -> Iterator[str]:
    """Say which event is dated before one that it must follow, and which one came twice."""
    language = command_language()
    for kind, on in first_on.items():
        rule = protocol.event_kinds_by_code.get(kind)
        words = protocol.event_label(kind, language)
        if rule and rule.once and [code for code, _ in given].count(kind) > 1:
            yield translate(mark("“%(event)s” can happen only once."), event=words)
        for earlier in rule.after if rule else ():
            if earlier in first_on and on < first_on[earlier]:
                yield translate(
                    mark("“%(event)s” (%(date)s) is before “%(other)s” (%(other_date)s)."),
                    event=words,
                    date=on.isoformat(),
                    other=protocol.event_label(earlier, language),
                    other_date=first_on[earlier].isoformat(),
                )


def _list_after_an_end(
    protocol: Protocol, given: Sequence[tuple[str, date]], first_on: Mapping[str, date]
) -> Iterator[str]:
    """Say which event is dated after one, such as a death, that nothing of its kind can follow."""
    language = command_language()
    for end, end_on in first_on.items():
        rule = protocol.event_kinds_by_code.get(end)
        if rule is None or rule.followed_by is None:
            continue
        for kind, on in sorted(set(given)):
            if kind != end and on > end_on and kind not in rule.followed_by:
                yield translate(
                    mark("“%(event)s” (%(date)s) is after “%(other)s” (%(other_date)s)."),
                    event=protocol.event_label(kind, language),
                    date=on.isoformat(),
                    other=protocol.event_label(end, language),
                    other_date=end_on.isoformat(),
                )


def _refuse(*lines: str) -> NoReturn:
    """Say what is wrong and end the command."""
    for line in lines:
        click.echo(line, err=True)
    raise SystemExit(UNUSABLE_INPUT)


def _render_json(plan: Sequence[PlannedVisit]) -> str:
    """Write the plan as a list of objects with ISO dates, null where a date is not known."""
    rows = [
        {
            "visit": visit.visit_code,
            "anchor": visit.anchor,
            "target_on": _iso(visit.target_on),
            "opens_on": _iso(visit.opens_on),
            "closes_on": _iso(visit.closes_on),
            "provisional": visit.provisional,
            "expected": visit.expected,
            "reason": visit.reason,
        }
        for visit in plan
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _iso(day: date | None) -> str | None:
    """Write a date as YYYY-MM-DD."""
    return None if day is None else day.isoformat()


def _render_table(protocol: Protocol, plan: Sequence[PlannedVisit], zone: str) -> str:
    """Write the plan as aligned columns with a closing line on what a window is."""
    heads = (mark("Visit"), mark("Meaning"), mark("Opens"), mark("Target"), mark("Closes"), mark("Remark"))
    rows = [tuple(translate(head) for head in heads)]
    rows += [
        (
            visit.visit_code,
            protocol.visit_label(visit.visit_code, command_language()),
            visit.opens_on.isoformat(),
            _iso(visit.target_on) or "–",
            _iso(visit.closes_on) or "–",
            _render_remark(protocol, visit),
        )
        for visit in plan
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    closing = translate(
        mark("Windows open at 00:00 and close at 24:00 in the time zone %(zone)s."), zone=zone
    )
    return "\n".join([*lines, "", closing])


def _render_remark(protocol: Protocol, visit: PlannedVisit) -> str:
    """Say in words what is special about a visit."""
    remarks = [translate(mark("provisional"))] if visit.provisional else []
    if visit.reason is not None:
        words = mark("closed: %(reason)s") if visit.expected else mark("not expected: %(reason)s")
        remarks.append(translate(words, reason=protocol.reason_label(visit.reason, command_language())))
    return ", ".join(remarks)
