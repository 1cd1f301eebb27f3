"""Saving answers: each is an operation that is kept exactly once, in order, with what stood before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import AnswerRejected, OperationConflict
from pro_app.instruments.instrument import Instrument
from pro_app.protocol.state import list_answerable_windows
from pro_app.services.responses import (
    begin_responses,
    list_asked_instruments,
    refuse_answering,
    require_reachable,
)
from pro_app.storage.database import write_rows
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.responses import Response

AnswerState = Literal["answered", "declined", "left_blank", "not_applicable"]
"""What a person can say about an item; `not_reached` is only ever concluded at submission."""

_asked: dict[tuple[str, str], Mapping[str, Instrument]] = {}
"""What a visit of a protocol version asks, by instrument code; kept, since a hash never changes meaning."""

LONGEST_RACE = timedelta(minutes=2)
"""Taps overtake each other on the way within moments; a counter that is behind later on was set back."""

_KNOWN = (
    select(
        Answer.operation_id,
        Response.assessment_id,
        Response.instrument_code,
        Answer.item_number,
        Answer.state,
        Answer.value,
    )
    .join(Response, Response.id == Answer.response_id)
    .where(Answer.operation_id.in_(bindparam("operation_ids", expanding=True)))
)
_RESPONSES = (
    select(Response.instrument_code, Response.id)
    .where(Response.assessment_id == bindparam("assessment_id"))
    .order_by(Response.version)
)
_STANDING = select(Answer).where(
    Answer.response_id.in_(bindparam("response_ids", expanding=True)),
    Answer.item_number.in_(bindparam("item_numbers", expanding=True)),
    Answer.superseded_at.is_(None),
)
"""They are made once: every answer asks them."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One tap: what it says about which item, and when the device says it was.

    `operation_id` is a UUID of the sender; `counter` rises on one device and is 0 where nothing counts.
    `given_at` is when it was given by our own clock, where that is known to be before now: because it waited
    for a sign-in, or for a network.
    """

    operation_id: str
    instrument_code: str
    item_number: int
    state: AnswerState
    value: int | None = None
    counter: int = 0
    device_at: datetime | None = None
    device_zone: str | None = None
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptOperation:
    """What became of a new operation: it is in force, or `overtaken` by an answer that was given later.

    `elsewhere` is the other answer that stood for the item, given by other hands or on another device.
    """

    operation_id: str
    overtaken: bool
    elsewhere: Answer | None


@dataclass(frozen=True, slots=True)
class SavedOperations:
    """What is kept now: every operation of the request, whether it came for the first time or again."""

    assessment_id: int
    operation_ids: tuple[str, ...]
    received_at: datetime


def claim_assessment(session: Session, *, assessment_id: int) -> None:
    """Have others wait with this assessment, before anything else of the transaction is put on record.

    Every transaction takes the audit trail last, so that no two of them wait for each other.
    """
    load_assessment(session, assessment_id, lock=True)


def save_operations(
    session: Session, *, assessment_id: int, operations: Sequence[Operation], actor: Actor, now: datetime
) -> SavedOperations:
    """Keep all of `operations` or none; one that is known already changes nothing.

    Raises NotFound, OperationConflict, AlreadySubmitted, WindowClosed or AnswerRejected.
    """
    assessment = load_assessment(session, assessment_id, lock=True)
    if assessment.participant_id != actor.participant_id:  # one's own is always within reach
        require_reachable(assessment, actor)
    new = list_new_operations(session, assessment_id, operations)
    if new:
        windows = list_answerable_windows(assessment.window, assessment.facts)
        if not any(window.is_open(now) for window in windows):
            raise refuse_answering(assessment, now)
        check_operations(session, assessment, new)
        write_operations(session, assessment, new, actor=actor, now=now)
    return SavedOperations(assessment_id, tuple(o.operation_id for o in operations), now)


def list_new_operations(
    session: Session, assessment_id: int, operations: Sequence[Operation]
) -> list[Operation]:
    """List the operations that are not kept yet, in the order of their device's counter.

    Raises OperationConflict for one whose identifier was used with another content.
    """
    rows = session.execute(_KNOWN, {"operation_ids": [operation.operation_id for operation in operations]})
    known = {operation_id: tuple(body) for operation_id, *body in rows}
    new = []
    for o in operations:
        body = (assessment_id, o.instrument_code, o.item_number, o.state, o.value)
        first = known.setdefault(o.operation_id, body)
        if first is body:
            new.append(o)
        elif first != body:
            raise OperationConflict(o.operation_id)
    return sorted(new, key=lambda operation: operation.counter)


def check_operations(session: Session, assessment: AssessmentRecord, operations: Sequence[Operation]) -> None:
    """Raise AnswerRejected unless each operation fits an item that the assessment asks."""
    key = assessment.protocol.sha256, assessment.planned_code
    if key not in _asked:
        asked = list_asked_instruments(session, assessment)
        _asked[key] = {part.instrument.code: part.instrument for part in asked}
    for operation in operations:
        why = _find_fault(operation, _asked[key].get(operation.instrument_code))
        if why:
            raise AnswerRejected(operation.instrument_code, operation.item_number, why)


def _find_fault(operation: Operation, instrument: Instrument | None) -> str | None:
    """Find why an operation does not fit an item of the instrument that it names; None if it does."""
    item = instrument.items_by_number.get(operation.item_number) if instrument else None
    if instrument is None or item is None:
        return "unknown_item"
    if operation.state == "answered":
        offered = instrument.response_sets[item.response_set].values
        return None if operation.value in offered else "value_out_of_range"
    if operation.value is not None:
        return "value_without_answer"
    if operation.state == "not_applicable" and not item.na_allowed:
        return "not_applicable_not_offered"
    return None


def write_operations(
    session: Session,
    assessment: AssessmentRecord,
    operations: Sequence[Operation],
    *,
    actor: Actor,
    now: datetime,
) -> list[KeptOperation]:
    """Write new and checked operations, each superseding what stood before it, and one audit entry for all.

    Lock the assessment first.
    """
    rows = session.execute(_RESPONSES, {"assessment_id": assessment.assessment_id})
    response_ids: dict[str, int] = {row.instrument_code: row.id for row in rows}
    wanted = {"response_ids": [*response_ids.values()], "item_numbers": [o.item_number for o in operations]}
    standing = {
        (answer.response_id, answer.item_number): answer for answer in session.scalars(_STANDING, wanted)
    }
    new = dict.fromkeys(o.instrument_code for o in operations if o.instrument_code not in response_ids)
    if new:
        response_ids |= begin_responses(session, assessment, new, now=now)
    answers, items, kept = [], [], []
    for operation in operations:
        code = operation.instrument_code
        answer = _make_answer(operation, response_ids[code], actor=actor, now=now)
        place = answer.response_id, answer.item_number
        before = standing.get(place)
        overtaken = before is not None and _is_overtaken(
            answer, before, waited=operation.given_at is not None
        )
        if overtaken:
            answer.superseded_at = now
        elif before is not None:
            before.superseded_at = now
        answers.append(answer)
        elsewhere = before if before is not None and _differs_from_elsewhere(answer, before) else None
        kept.append(KeptOperation(operation.operation_id, overtaken, elsewhere))
        standing[place] = before if before is not None and overtaken else answer
        items.append(
            {
                "field": f"{code}:{operation.item_number}",
                "before": None if before is None else before.value or before.state,
                "after": operation.value or operation.state,
                "operation": operation.operation_id,
                "outcome": "overtaken" if overtaken else "in_force",
            }
        )
    # What was superseded is written first: only one answer to an item may be in force at any moment.
    write_rows(session, answers)
    change = Change("answers.save", f"assessment:{assessment.assessment_id}", items)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)
    return kept


def _make_answer(operation: Operation, response_id: int, *, actor: Actor, now: datetime) -> Answer:
    """Make the row of one operation, with the device's time apart from the server's."""
    return Answer(
        response_id=response_id,
        operation_id=operation.operation_id,
        item_number=operation.item_number,
        state=operation.state,
        value=operation.value,
        mode=actor.mode,
        entered_by=actor.reference,
        device_id=actor.device_id,
        counter=operation.counter,
        answered_at=operation.given_at or now,
        device_at=operation.device_at,
        device_zone=operation.device_zone,
        received_at=now,
    )


def _is_overtaken(answer: Answer, standing: Answer, *, waited: bool) -> bool:
    """Tell whether the standing answer was given later than this one, which came after it.

    One remembered device counts its answers, as long as nothing sets its counter back; where the answers
    came from two of them, and one of the answers had waited, the times tell.
    """
    counted = (
        answer.device_id is not None
        and answer.device_id == standing.device_id
        and answer.entered_by == standing.entered_by
        and min(answer.counter, standing.counter) > 0
    )
    if waited and not counted:
        return answer.answered_at < standing.answered_at
    in_time = waited or answer.received_at - standing.received_at <= LONGEST_RACE
    return counted and in_time and answer.counter < standing.counter


def _differs_from_elsewhere(answer: Answer, before: Answer) -> bool:
    """Tell whether what stood before said something else, and was given by other hands or elsewhere."""
    same_hands = (before.device_id, before.entered_by) == (answer.device_id, answer.entered_by)
    return not same_hands and (before.state, before.value) != (answer.state, answer.value)
