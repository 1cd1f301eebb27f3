"""`pro-app schedule`: the calendar of one participant, from the protocol and a few dates alone."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import problem_text, translate
from pro_app.definitions.files import read_definition
from pro_app.errors import DefinitionRejected, NotFound
from pro_app.language import mark
from pro_app.protocol.event_rules import is_zone
from pro_app.protocol.events import Facts
from pro_app.protocol.find import list_protocol_codes, protocol_path
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.settings import command_language

UNUSABLE_INPUT = 2

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


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The ways of leaving that were given, as dates."""

    died: date | None
    left: date | None
    lost: date | None
    stopped_questionnaires: date | None


@click.command(
    "schedule", help=mark("Show the visits of one participant: dates, windows, and what counts as expected.")
)
@click.option(
    "--protocol",
    "source",
    required=True,
    help=mark("The protocol: its code (reluth) or a protocol.yaml file."),
)
@click.option("--arm", "arm_code", required=True, help=mark("The arm: LUTATHERA or SURVEILLANCE in ReLUTH."))
@click.option("--randomised", type=_DATE, required=True, help=mark("The date of randomisation, YYYY-MM-DD."))
@click.option("--enrolled", type=_DATE, help=mark("The date of consent."))
@click.option("--treatment-ended", type=_DATE, help=mark("The recorded end of treatment."))
@click.option("--died", type=_DATE, help=mark("The date of death."))
@click.option("--left", type=_DATE, help=mark("The date of leaving the trial."))
@click.option("--lost", type=_DATE, help=mark("The date from which the participant is lost to follow-up."))
@click.option(
    "--stopped-questionnaires", type=_DATE, help=mark("The date of wanting no more questionnaires.")
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
def schedule(  # noqa: PLR0913  (one argument per option of the command)
    *,
    source: str,
    arm_code: str,
    randomised: date,
    enrolled: date | None,
    treatment_ended: date | None,
    died: date | None,
    left: date | None,
    lost: date | None,
    stopped_questionnaires: date | None,
    zone: str | None,
    form: str,
) -> None:
    """Print the plan; any date is accepted and today plays no part. Exit status 0 well, 2 unusable."""
    protocol = _load_protocol(source)
    zone = protocol.default_zone if zone is None else zone
    leaving = _Leaving(died, left, lost, stopped_questionnaires)
    facts = _facts(arm_code, (enrolled, randomised, treatment_ended), leaving)
    _check(protocol, facts, zone)
    try:
        plan = plan_visits(protocol, facts)
    except OverflowError:
        _refuse(translate(mark("A visit would lie outside the calendar, which has the years 1 to 9999.")))
    click.echo(_render_json(plan) if form == "json" else _render_table(protocol, plan, zone))


def _facts(arm_code: str, dates: tuple[date | None, date, date | None], leaving: _Leaving) -> Facts:
    """Put the options together; `dates` are enrolment, randomisation and end of treatment."""
    enrolled_on, randomised_on, treatment_ended_on = dates
    return Facts(
        enrolled_on=enrolled_on,
        arm=arm_code,
        randomised_on=randomised_on,
        treatment_ended_on=treatment_ended_on,
        questionnaires_stopped_on=leaving.stopped_questionnaires,
        lost_on=leaving.lost,
        left_on=leaving.left,
        died_on=leaving.died,
    )


def _load_protocol(source: str) -> Protocol:
    """Read a protocol by its code or from a file; says every problem and ends the command otherwise."""
    is_file = source.endswith((".yaml", ".yml")) or "/" in source
    try:
        return parse_protocol(read_definition(Path(source) if is_file else protocol_path(source)))
    except NotFound:
        known = ", ".join(list_protocol_codes())
        _refuse(
            translate(mark("There is no protocol “%(code)s”. Known: %(known)s."), code=source, known=known)
        )
    except DefinitionRejected as rejected:
        _refuse(*(f"{rejected.source}:{p.line or 1}: {problem_text(p)}" for p in rejected.problems))
    except OSError as error:
        _refuse(problem_text(file_problem(error)))


def _check(protocol: Protocol, facts: Facts, zone: str) -> None:
    """End the command with every reason why these facts cannot be true together."""
    problems = []
    if facts.arm not in protocol.arms_by_code:
        known = ", ".join(protocol.arms_by_code)
        message = mark("There is no arm “%(code)s” in this protocol. Known: %(known)s.")
        problems.append(translate(message, code=str(facts.arm), known=known))
    if not is_zone(zone):
        problems.append(translate(mark("There is no time zone “%(zone)s”."), zone=zone))
    if facts.randomised_on is not None:
        if facts.treatment_ended_on is not None and facts.treatment_ended_on < facts.randomised_on:
            problems.append(translate(mark("The end of treatment is before randomisation.")))
        if facts.enrolled_on is not None and facts.enrolled_on > facts.randomised_on:
            problems.append(translate(mark("The enrolment is after randomisation.")))
    if problems:
        _refuse(*problems)


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
