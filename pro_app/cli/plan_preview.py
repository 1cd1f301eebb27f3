"""`pro-app plan-preview`: what an event or its correction would do, on the terminal; nothing is written."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import click
from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.cli.civil_dates import CivilDate
from pro_app.cli.output_format import format_option
from pro_app.cli.preview_output import render_json, render_refusal_json, render_table
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import problem_text
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.events import Event, list_valid_events
from pro_app.services.considered_events import Correction, NewEvent
from pro_app.services.enrolment_rules import normalise_participant_code
from pro_app.services.event_offers import Situation, load_situation
from pro_app.services.plan_previews.model import PlanPreview
from pro_app.services.plan_previews.preview import preview_correction, preview_event
from pro_app.settings import Settings, command_language
from pro_app.storage.queries.participants import find_participant_by_code

REFUSED = 1
UNUSABLE_INPUT = 2
_DATE = CivilDate()


@click.command(
    "plan-preview",
    help=mark(
        "Show what recording an event would do to the calendar, the messages and the rates of one "
        "participant. Nothing is written."
    ),
)
@click.option("--participant", "code", required=True, help=mark("The participant's code."))
@click.option("--event", "kind", required=True, help=mark("The kind of event: treatment-ended, died …"))
@click.option("--on", type=_DATE, required=True, help=mark("The day it happened, YYYY-MM-DD."))
@click.option("--arm", help=mark("The arm, for a randomisation."))
@click.option("--until", type=_DATE, help=mark("The end of a pause, YYYY-MM-DD."))
@click.option("--of", "resumed", help=mark("The kind of event that a resumption ends."))
@click.option(
    "--correct", is_flag=True, help=mark("Correct the recorded event of this kind, instead of a new one.")
)
@click.option(
    "--instead-of", type=_DATE, help=mark("The recorded date to be corrected, if there are several.")
)
@click.option("--study", "study_code", help=mark("The study; it may be left out where there is only one."))
@format_option
@click.pass_context
def plan_preview(  # noqa: PLR0913 -- one argument per option of the command
    context: click.Context,
    *,
    code: str,
    kind: str,
    on: date,
    arm: str | None,
    until: date | None,
    resumed: str | None,
    correct: bool,
    instead_of: date | None,
    study_code: str | None,
    form: str,
) -> None:
    """Print the preview. Exit status 0 well, 1 where the event would be refused, 2 unusable arguments."""
    said = {"arm": arm, "until": until.isoformat() if until else None, "of": resumed and _code(resumed)}
    new = NewEvent(_code(kind), on, {name: value for name, value in said.items() if value})
    now = system_clock()
    status = UNUSABLE_INPUT
    try:
        with opened_database(Settings.from_env().database_url) as database, database.reading() as session:
            situation = _load_situation(session, code, study_code, now=now)
            _check_kinds(situation, new)
            event = _find_recorded(situation, new.kind, instead_of) if correct or instead_of else None
            _check_details(situation, new, event)
            status = REFUSED
            preview = _preview(session, situation, new, event=event, now=now)
    except InputRejected as rejected:
        _say_refusal(rejected.problems, form)
        context.exit(status)
    click.echo(render_json(preview) if form == "json" else render_table(preview))


def _say_refusal(problems: Sequence[Problem], form: str) -> None:
    """Say why there is no preview: to people as an error, to programs where they look for the preview."""
    if form == "json":
        click.echo(render_refusal_json(problems))
        return
    for problem in problems:
        click.echo(problem_text(problem), err=True)


def _code(text: str) -> str:
    """Give a kind of event as the protocol writes it: `treatment-ended` is `treatment_ended`."""
    return text.strip().lower().replace("-", "_")


def _load_situation(
    session: Session, participant_code: str, study_code: str | None, *, now: datetime
) -> Situation:
    """Give the participant's situation; raises InputRejected for an unknown study or participant."""
    study = choose_study(session, study_code)
    participant_code = normalise_participant_code(participant_code)
    participant = find_participant_by_code(session, study_id=study.id, participant_code=participant_code)
    if participant is None:
        message = mark("There is no participant “%(code)s” in the study %(study)s.")
        raise InputRejected((Problem(message, {"code": participant_code, "study": study.study_code}),))
    actor = system_actor("command", "plan-preview")
    return load_situation(session, participant.id, actor=actor, language=command_language(), now=now)


def _check_kinds(situation: Situation, new: NewEvent) -> None:
    """Raise InputRejected where a kind of event is none of the trial's."""
    known = situation.protocol.event_kinds_by_code
    wrong = [kind for kind in (new.kind, new.details.get("of", new.kind)) if kind not in known]
    if wrong:
        codes = ", ".join(code.replace("_", "-") for code in known)
        message = mark("There is no event “%(kind)s” in this trial. Known: %(known)s.")
        raise InputRejected((Problem(message, {"kind": wrong[0], "known": codes}),))


def _check_details(situation: Situation, new: NewEvent, event: Event | None) -> None:
    """Raise InputRejected where an option that the event needs is missing, or names no arm of the trial."""
    needed = situation.protocol.event_kinds_by_code[new.kind].details
    given = {**(event.details if event else {}), **new.details}
    arms = situation.protocol.arms_by_code
    known = {
        "arm": ", ".join(arms),
        "until": "YYYY-MM-DD",
        "of": ", ".join(
            kind.code.replace("_", "-") for kind in situation.protocol.event_kinds if kind.resumable
        ),
    }
    problems = [
        Problem(
            mark("This event needs --%(option)s: %(known)s."), {"option": name, "known": known[name]}, name
        )
        for name in needed
        if name in known and name not in given
    ]
    if "arm" in needed and given.get("arm", next(iter(arms))) not in arms:
        message = mark("There is no arm “%(code)s” in this protocol. Known: %(known)s.")
        problems.append(Problem(message, {"code": given["arm"], "known": known["arm"]}, "arm"))
    if problems:
        raise InputRejected(tuple(problems))


def _find_recorded(situation: Situation, kind: str, on: date | None) -> Event:
    """Find the recorded event to be corrected; raises InputRejected where there is none, or not just one."""
    valid = [event for event in list_valid_events(situation.events) if event.kind == kind]
    found = [event for event in valid if on in {None, event.occurred_on}]
    if not found:
        message = mark("No such event is recorded: there is nothing to correct.")
        raise InputRejected((Problem(message),))
    if len(found) > 1:
        dates = ", ".join(event.occurred_on.isoformat() for event in found)
        message = mark("This event is recorded several times (%(dates)s): name one with --instead-of.")
        raise InputRejected((Problem(message, {"dates": dates}),))
    return found[0]


def _preview(
    session: Session, situation: Situation, new: NewEvent, *, event: Event | None, now: datetime
) -> PlanPreview:
    if event is None:
        return preview_event(session, situation, new, now=now)
    details: Mapping[str, str] = {**event.details, **new.details}
    correction = Correction("", new.occurred_on, details)
    return preview_correction(session, situation, correction, event_id=event.id, now=now)
