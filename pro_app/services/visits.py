"""What a site may do about a form that did not come: reopen its window, or say why it is missing."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.errors import InputRejected, NotFound, ProAppError, Problem
from pro_app.language import mark
from pro_app.protocol.events import fold_events
from pro_app.protocol.reopening import find_reopening_limit
from pro_app.protocol.schedule import plan_visits
from pro_app.protocol.state import AssessmentState
from pro_app.reminders.outbox import replan_reminders
from pro_app.services.standings import write_standings
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant

__all__ = [
    "MAY_HAVE_REASON",
    "AssessmentRecord",
    "NotDone",
    "SaidMeanwhile",
    "find_reopening_day",
    "load_visit",
    "mark_not_done",
    "record_not_done",
    "reopen_visit",
    "withdraw_not_done",
]

LONGEST_TEXT = 500
CLOSED = frozenset({AssessmentState.MISSED, AssessmentState.INCOMPLETE})
NotDoneFacts = tuple[str | None, str | None, str | None]
MAY_HAVE_REASON = CLOSED | {AssessmentState.OPEN, AssessmentState.STARTED, AssessmentState.LATE}


@dataclass(frozen=True, slots=True)
class NotDone:
    """Why a form is missing or late: a reason of the protocol, who said it, and words where it needs them."""

    reason: str
    said_by: str
    text: str


class SaidMeanwhile(ProAppError):
    """Somebody else said in the meantime why a form is missing; `record` is the form as it stands."""

    def __init__(self, record: AssessmentRecord) -> None:
        super().__init__("said meanwhile")
        self.record = record


def load_visit(session: Session, assessment_id: int, *, actor: Actor, lock: bool = False) -> AssessmentRecord:
    """Give an assessment that the actor may reach."""
    record = load_assessment(session, assessment_id, lock=lock)
    if not actor.may_reach_site(record.study_id, record.site_id):
        raise NotFound("assessment")
    return record


def find_reopening_day(session: Session, record: AssessmentRecord, *, now: datetime) -> date | None:
    """Find the day until which the site may reopen this form now; None if it may not (any more)."""
    if record.state(now) not in CLOSED or record.facts.closed:
        return None
    facts = fold_events(read_events(list_events(session, record.participant_id)))
    limit_on = find_reopening_limit(record.protocol, plan_visits(record.protocol, facts), record.visit_code)
    return limit_on if limit_on is not None and limit_on >= civil_date(now, record.zone) else None


def reopen_visit(
    session: Session, assessment_id: int, *, reason: str, actor: Actor, now: datetime
) -> AssessmentRecord:
    """Reopen a closed window until the next one opens; asked twice, it was done the first time.

    Raises InputRejected where the protocol does not allow it or the reason is missing.
    """
    record = load_visit(session, assessment_id, actor=actor, lock=True)
    if record.reopened_at is not None and record.is_answerable(now):
        return record
    until_on = find_reopening_day(session, record, now=now)
    if until_on is None:
        raise InputRejected((Problem(mark("This questionnaire cannot be reopened (any more).")),))
    said = _checked_text(reason, place="reason", needed=True)
    row = _row(session, record)
    row.reopened_at, row.reopened_until, row.reopened_reason = now, until_on, said
    change = Change(
        "assessment.reopen",
        f"participant:{record.participant_id}",
        [
            {"field": "visit_code", "after": record.visit_code},
            {"field": "reopened_until", "before": _day(record.reopened_until), "after": _day(until_on)},
        ],
        reason=said,
    )
    write_standings(session, [assessment_id])
    record_change(session, change, actor=actor, site_id=record.site_id, now=now)
    return load_assessment(session, assessment_id)


def mark_not_done(record: AssessmentRecord) -> str:
    """Give a mark of what is recorded about a missing form; empty where nothing is."""
    said_at = record.not_done_recorded_at
    return said_at.isoformat() if said_at is not None else ""


def record_not_done(
    session: Session,
    assessment_id: int,
    not_done: NotDone,
    *,
    seen: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Record why a form is missing or will be; a later word replaces the earlier one, the trail keeps both.

    While the form can still be answered, messages about it go out no more. `seen` is the mark of what the
    person had before their eyes, where they had: raises SaidMeanwhile if somebody said something else since.
    """
    lock_participant_of_form(session, assessment_id)
    record = load_visit(session, assessment_id, actor=actor, lock=True)
    if record.state(now) not in MAY_HAVE_REASON:
        raise InputRejected((Problem(mark("No reason is needed for this questionnaire.")),))
    text = _check_not_done(record, not_done)
    standing = (record.not_done_reason, record.not_done_said_by, record.not_done_text)
    if seen not in {None, mark_not_done(record)} and standing != (not_done.reason, not_done.said_by, text):
        raise SaidMeanwhile(record)
    _save_not_done(session, record, (not_done.reason, not_done.said_by, text), actor=actor, now=now)


def withdraw_not_done(session: Session, assessment_id: int, *, actor: Actor, now: datetime) -> None:
    """Take back that a form will be missing, because it will be answered after all; messages go out again.

    Raises InputRejected where it cannot be answered any more; taken back twice, it was done the first time.
    """
    lock_participant_of_form(session, assessment_id)
    record = load_visit(session, assessment_id, actor=actor, lock=True)
    if not record.is_answerable(now):
        raise InputRejected((Problem(mark("This questionnaire cannot be answered any more.")),))
    _save_not_done(session, record, (None, None, None), actor=actor, now=now)


def _save_not_done(
    session: Session, record: AssessmentRecord, after: NotDoneFacts, *, actor: Actor, now: datetime
) -> None:
    """Store what was said about a form or that it holds no more, and plan its messages anew."""
    row = _row(session, record)
    before = (row.not_done_reason, row.not_done_said_by, row.not_done_text)
    if before == after:
        return
    row.not_done_reason, row.not_done_said_by, row.not_done_text = after
    row.not_done_recorded_at = now if after[0] is not None else None
    items = [
        {"field": name, "before": old, "after": new}
        for name, old, new in zip(("reason", "said_by", "text"), before, after, strict=True)
        if old != new
    ]
    write_standings(session, [record.assessment_id])
    participant = session.get_one(Participant, record.participant_id)
    replan_reminders(session, participant=participant, now=now)
    change = Change(
        "assessment.not_done",
        f"participant:{record.participant_id}",
        [{"field": "visit_code", "after": record.visit_code}, *items],
    )
    record_change(session, change, actor=actor, site_id=record.site_id, now=now)


def _check_not_done(record: AssessmentRecord, not_done: NotDone) -> str | None:
    """Give the cleaned text, or raise with every problem."""
    offered = {reason.code: reason for reason in record.protocol.missing_reasons if not reason.automatic}
    problems = []
    if not_done.reason not in offered:
        problems.append(Problem(mark("Choose a reason."), place="reason"))
    if not_done.said_by not in {person.code for person in record.protocol.said_by}:
        problems.append(Problem(mark("Choose who said it."), place="said_by"))
    if problems:
        raise InputRejected(tuple(problems))
    return _checked_text(not_done.text, place="text", needed=offered[not_done.reason].needs_text) or None


def _checked_text(typed: str, *, place: str, needed: bool) -> str:
    text = typed.strip()
    if (needed and not text) or len(text) > LONGEST_TEXT:
        raise InputRejected((Problem(mark("Say why, in at most 500 characters."), place=place),))
    return text


def _row(session: Session, record: AssessmentRecord) -> Assessment:
    row = session.get(Assessment, record.assessment_id)
    if row is None:
        raise NotFound("assessment")
    return row


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
