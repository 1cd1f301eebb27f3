"""Saving answers: each is an operation that is kept exactly once, in order, with what stood before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import AnswerRejected, OperationConflict
from pro_app.services.responses import (
    AskedInstrument,
    list_asked_instruments,
    open_response,
    require_answerable,
    require_reachable,
)
from pro_app.storage.queries.answers import list_current_answers, list_known_operations
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment

AnswerState = Literal["answered", "declined", "left_blank", "not_applicable"]
"""What a person can say about an item; `not_reached` is only ever concluded at submission."""

LARGEST_SKEW = timedelta(minutes=5)
"""A device clock that is further off says nothing about when an answer was given."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One tap: what it says about which item, and when the device says it was.

    `operation_id` is a UUID of the sender; `counter` rises on one device and is 0 where nothing counts.
    """

    operation_id: str
    instrument_code: str
    item_number: int
    state: AnswerState
    value: int | None = None
    counter: int = 0
    device_at: datetime | None = None
    device_zone: str | None = None


@dataclass(frozen=True, slots=True)
class SavedOperations:
    """What is kept now: every operation of the request, whether it came for the first time or again."""

    assessment_id: int
    operation_ids: tuple[str, ...]
    received_at: datetime


def save_operations(
    session: Session, *, assessment_id: int, operations: Sequence[Operation], actor: Actor, now: datetime
) -> SavedOperations:
    """Keep all of `operations` or none; one that is known already changes nothing.

    Raises NotFound, OperationConflict, AlreadySubmitted, WindowClosed or AnswerRejected.
    """
    assessment = load_assessment(session, assessment_id, lock=True)
    require_reachable(assessment, actor)
    new = _list_new(session, assessment_id, operations)
    if new:
        require_answerable(assessment, now)
        asked = {a.instrument.code: a for a in list_asked_instruments(session, assessment)}
        for operation in new:
            _check(operation, asked.get(operation.instrument_code))
        _write(session, assessment, new, asked=asked, actor=actor, now=now)
    return SavedOperations(assessment_id, tuple(o.operation_id for o in operations), now)


def said(state: str, value: int | None) -> str:
    """Give an answer as the audit trail shows it: its code, or why there is none."""
    return state if value is None else str(value)


def _list_new(session: Session, assessment_id: int, operations: Sequence[Operation]) -> list[Operation]:
    """List the operations that are not kept yet, in the order of their device's counter."""
    known = dict(list_known_operations(session, [operation.operation_id for operation in operations]))
    new = []
    for o in operations:
        body = (assessment_id, o.instrument_code, o.item_number, o.state, o.value)
        first = known.setdefault(o.operation_id, body)
        if first is body:
            new.append(o)
        elif first != body:
            raise OperationConflict(o.operation_id)
    return sorted(new, key=lambda operation: operation.counter)


def _check(operation: Operation, asked: AskedInstrument | None) -> None:
    """Raise AnswerRejected unless the operation fits an item of the instrument that it names."""
    item = asked.instrument.items_by_number.get(operation.item_number) if asked else None
    why = None
    if asked is None or item is None:
        why = "unknown_item"
    elif operation.state == "answered":
        offered = asked.instrument.response_sets[item.response_set].values
        why = None if operation.value in offered else "value_out_of_range"
    elif operation.value is not None:
        why = "value_without_answer"
    elif operation.state == "not_applicable" and not item.na_allowed:
        why = "not_applicable_not_offered"
    if why:
        raise AnswerRejected(operation.instrument_code, operation.item_number, why)


def _write(
    session: Session,
    assessment: AssessmentRecord,
    operations: Sequence[Operation],
    *,
    asked: Mapping[str, AskedInstrument],
    actor: Actor,
    now: datetime,
) -> None:
    """Write checked operations, each superseding what stood before it, and one audit entry for all."""
    if assessment.started_at is None:
        session.execute(
            update(Assessment).where(Assessment.id == assessment.assessment_id).values(started_at=now)
        )
    response_ids = {
        code: open_response(session, asked[code], assessment=assessment, now=now).id
        for code in sorted({operation.instrument_code for operation in operations})
    }
    standing = {
        (answer.response_id, answer.item_number): answer
        for answer in list_current_answers(session, response_ids.values())
    }
    items = []
    for operation in operations:
        answer = _make_answer(operation, response_ids[operation.instrument_code], actor=actor, now=now)
        before = standing.get((answer.response_id, answer.item_number))
        overtaken = before is not None and _is_overtaken(answer, before)
        if overtaken:
            answer.superseded_at = now
        else:
            _supersede(session, before, now)
            standing[answer.response_id, answer.item_number] = answer
        session.add(answer)
        items.append(_audit_item(operation, before, overtaken=overtaken))
    change = Change("answers.save", f"assessment:{assessment.assessment_id}", items)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)


def _make_answer(operation: Operation, response_id: int, *, actor: Actor, now: datetime) -> Answer:
    """Make the row of one operation, with the device's time apart from the server's."""
    device_at = operation.device_at
    trusted = device_at is not None and abs(now - device_at) <= LARGEST_SKEW
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
        answered_at=min(device_at, now) if device_at is not None and trusted else now,
        device_at=device_at,
        device_zone=operation.device_zone,
        received_at=now,
    )


def _is_overtaken(answer: Answer, standing: Answer) -> bool:
    """Tell whether the same device gave the standing answer later than this one, which came after it."""
    return (
        0 < answer.counter < standing.counter
        and answer.device_id == standing.device_id
        and answer.entered_by == standing.entered_by
    )


def _supersede(session: Session, standing: Answer | None, now: datetime) -> None:
    """Take the standing answer out of force at once, since only one per item may be in force."""
    if standing is not None:
        standing.superseded_at = now
        session.flush()


def _audit_item(operation: Operation, before: Answer | None, *, overtaken: bool) -> dict[str, str | None]:
    """Say what became of one item; what was overtaken is kept but never came into force."""
    return {
        "field": f"{operation.instrument_code}:{operation.item_number}",
        "before": said(before.state, before.value) if before is not None else None,
        "after": said(operation.state, operation.value),
        "operation": operation.operation_id,
        "outcome": "overtaken" if overtaken else "in_force",
    }
