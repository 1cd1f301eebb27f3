"""Saving answers: each is an operation that is kept exactly once, in order, with what stood before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import AnswerRejected, OperationConflict
from pro_app.instruments.instrument import Instrument
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
from pro_app.storage.tables.responses import Response

AnswerState = Literal["answered", "declined", "left_blank", "not_applicable"]
"""What a person can say about an item; `not_reached` is only ever concluded at submission."""

LARGEST_SKEW = timedelta(minutes=5)


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

    def body(self, assessment_id: int) -> tuple[int, str, int, str, int | None]:
        """Give what must be the same when the operation comes a second time."""
        return assessment_id, self.instrument_code, self.item_number, self.state, self.value


@dataclass(frozen=True, slots=True)
class SavedOperations:
    """What is now kept: every operation of the request, whether it came for the first time or again."""

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
            _check(operation, asked)
        _write(session, assessment, new, asked=asked, actor=actor, now=now)
    return SavedOperations(assessment_id, tuple(o.operation_id for o in operations), now)


def _list_new(
    session: Session, assessment_id: int, operations: Sequence[Operation]
) -> list[Operation]:
    """List the operations that are not kept yet, in the order of their device's counter."""
    known = dict(list_known_operations(session, [o.operation_id for o in operations]))
    new = []
    for operation in operations:
        body = operation.body(assessment_id)
        first = known.setdefault(operation.operation_id, body)
        if first is body:
            new.append(operation)
        elif first != body:
            raise OperationConflict(operation.operation_id)
    return sorted(new, key=lambda operation: operation.counter)


def _check(operation: Operation, asked: Mapping[str, AskedInstrument]) -> None:
    """Raise AnswerRejected unless the operation fits its item."""
    part = asked.get(operation.instrument_code)
    item = part.instrument.items_by_number.get(operation.item_number) if part else None
    why = None
    if part is None:
        why = "unknown_instrument"
    elif item is None:
        why = "unknown_item"
    elif operation.state == "answered":
        offered = part.instrument.response_sets[item.response_set].values
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
    codes = {operation.instrument_code for operation in operations}
    responses = {
        code: open_response(session, asked[code], assessment=assessment, now=now).id for code in codes
    }
    standing = {
        (row.response_id, row.item_number): _as_row(row)
        for row in list_current_answers(session, responses.values())
    }
    rows: list[Row] = []
    items: list[dict[str, object]] = []
    for operation in operations:
        row = _new_row(operation, responses[operation.instrument_code], actor=actor, now=now)
        place = responses[operation.instrument_code], operation.item_number
        before = standing.get(place)
        if before is not None and _is_overtaken(row, before):
            row["superseded_at"] = now
        else:
            if before is not None:
                before["superseded_at"] = now
            standing[place] = row
