"""Reading answers: the investigator of the site alone, with a reason, for a while, and what was done then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.protocol.state import AssessmentState
from pro_app.services.answer_sheets import AnswerSheet, load_sheets
from pro_app.services.participants import Participant, load_participant
from pro_app.storage.queries.answer_readings import find_open_reading, find_reading, list_readings
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.tables.answer_readings import AnswerReading

__all__ = ["AnswerReading", "FollowUp", "ReadForm", "open_reading", "record_follow_up"]

READER = "investigator"
OPEN_FOR = timedelta(minutes=30)
LONGEST_TEXT = 500
FOLLOW_UPS = ("none_needed", "called", "seen", "referred", "other")
NEEDS_TEXT = frozenset({"other"})
_FINAL = frozenset({AssessmentState.SUBMITTED, AssessmentState.LATE, AssessmentState.INCOMPLETE})


@dataclass(frozen=True, slots=True)
class ReadForm:
    """One form whose answers can no longer change by being given."""

    assessment_id: int
    visit_label: str
    state: str
    received_at: datetime | None
    zone: str
    sheets: tuple[AnswerSheet, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What was done about what was read: a code, and words where the code needs them."""

    code: str
    text: str = ""


def open_reading(
    session: Session, participant_id: int, *, reason: str, actor: Actor, now: datetime
) -> AnswerReading:
    """Open a participant's answers to an investigator of the site; who has them open already goes on.

    Raises NotFound, NotPermitted for any other role, InputRejected without a reason.
    """
    # The person comes first: of two requests at once, the second finds the reading of the first.
    participant = load_reachable(session, participant_id, actor=actor, lock=True)
    said = _check_text(reason, place="reason", is_needed=True)
    standing = find_own_reading(session, participant, actor=actor, now=now)
    if standing is not None:
        return standing
    row = AnswerReading(
        account_id=actor.account_id,
        participant_id=participant.id,
        reason=said,
        opened_at=now,
        closes_at=now + OPEN_FOR,
    )
    session.add(row)
    session.flush()
    items = [{"field": "reading", "after": row.id}]
    change = Change("answers.read", f"participant:{participant.id}", items, reason=said)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return row


def find_own_reading(
    session: Session, participant: Participant, *, actor: Actor, now: datetime
) -> AnswerReading | None:
    """Find the reading that the actor has open now; None once it is closed."""
    if actor.account_id is None:
        return None
    return find_open_reading(session, account_id=actor.account_id, participant_id=participant.id, now=now)


def load_reachable(session: Session, participant_id: int, *, actor: Actor, lock: bool = False) -> Participant:
    """Give a participant of the investigator's own site; raises NotFound, or NotPermitted for other roles."""
    participant = load_participant(session, participant_id, actor=actor, lock=lock)
    if actor.kind != "staff" or actor.role != READER or actor.account_id is None:
        raise NotPermitted("read answers")
    return participant


def list_read_forms(
    session: Session, reading: AnswerReading, *, actor: Actor, language: str, now: datetime
) -> list[ReadForm]:
    """List the participant's forms with their answers, the newest first, while the reading is open.

    What can still be changed by the person is not in it. Raises NotPermitted for a reading of somebody else,
    or one that is closed.
    """
    if reading.account_id != actor.account_id or not reading.opened_at <= now < reading.closes_at:
        raise NotPermitted("read answers")
    forms = []
    for record in list_assessments(session, participant_id=reading.participant_id):
        state = record.state(now)
        if state not in _FINAL:
            continue
        sheets = tuple(load_sheets(session, record))
        if sheets:
            label = record.protocol.visit_label(record.visit_code, language)
            forms.append(
                ReadForm(record.assessment_id, label, state, record.submitted_at, record.zone, sheets)
            )
    return forms[::-1]


def load_reading(
    session: Session, reading_id: int, *, actor: Actor, lock: bool = False
) -> tuple[AnswerReading, Participant]:
    """Give a reading at the investigator's own site with its participant; raises NotFound or NotPermitted."""
    reading = find_reading(session, reading_id, lock=lock)
    if reading is None:
        raise NotFound("reading")
    return reading, load_reachable(session, reading.participant_id, actor=actor)


def record_follow_up(
    session: Session, reading_id: int, said: FollowUp, *, actor: Actor, now: datetime
) -> AnswerReading:
    """Record what was done about what was read, once; the same word sent twice is one.

    Raises NotFound, NotPermitted, or InputRejected for an unknown code, missing words, or a second word.
    """
    row, participant = load_reading(session, reading_id, actor=actor, lock=True)
    if said.code not in FOLLOW_UPS:
        raise InputRejected((Problem(mark("Choose what was done."), place="follow_up"),))
    text = _check_text(said.text, place="text", is_needed=said.code in NEEDS_TEXT) or None
    if row.follow_up is not None:
        if (row.follow_up, row.follow_up_text) == (said.code, text):
            return row
        raise InputRejected((Problem(mark("What was done is recorded already.")),))
    row.follow_up, row.follow_up_text = said.code, text
    row.follow_up_at, row.follow_up_by_id = now, actor.account_id
    session.flush()
    items: list[dict[str, object]] = [
        {"field": "reading", "after": row.id},
        {"field": "follow_up", "after": said.code},
    ]
    items += [{"field": "text", "after": text}] if text else []
    change = Change("answers.follow_up", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return row


def list_readings_of(session: Session, participant: Participant) -> list[tuple[AnswerReading, str]]:
    """List the latest readings of a participant's answers with the reader's name, newest first."""
    return list_readings(session, participant_id=participant.id, limit=20)


def _check_text(typed: str, *, place: str, is_needed: bool) -> str:
    text = typed.strip()
    if (is_needed and not text) or len(text) > LONGEST_TEXT:
        raise InputRejected((Problem(mark("Say it in at most 500 characters."), place=place),))
    return text
