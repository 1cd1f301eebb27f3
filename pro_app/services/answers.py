"""Saving answers: each is an operation that is kept exactly once, in order, with what stood before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import AnswerRejected, OperationConflict
from pro_app.instruments.instrument import Instrument
from pro_app.protocol.state import list_answerable_windows
from pro_app.services.responses import (
    begin_earlier,
    begin_responses,
    list_asked_instruments,
    record_listening,
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

    `operation_id` is a UUID of the sender; `counter` rises in the browser storage that `counted_by` names,
    and is 0 where nothing counts.
    `given_at` is when it was given by our own clock, where that is known to be before now: because it waited
    for a sign-in, or for a network. `listened`: the device had read the question aloud by then.
    `wording_sha256` is the pack that it says it has shown.
    """

    operation_id: str
    instrument_code: str
    item_number: int
    state: AnswerState
    value: int | None = None
    counter: int = 0
    counted_by: str | None = None
    device_at: datetime | None = None
    device_zone: str | None = None
    given_at: datetime | None = None
    listened: bool = False
    wording_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class KeptOperation:
    """What became of a new operation: it is in force, or `overtaken` by an answer that was given later.

    `elsewhere` is the other answer that stood for the item, given by other hands or on another device;
    `stands` is the one that overtook it, whoever gave that.
    """

    operation_id: str
    overtaken: bool
    elsewhere: Answer | None
    stands: Answer | None = None


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
    # One's own is always within reach, but on a tablet that was lent for another one.
    if assessment.participant_id != actor.participant_id or actor.only_assessment_id is not None:
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
            raise AnswerRejected(
                operation.instrument_code, operation.item_number, why, operation.operation_id
            )


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
    shown: dict[str, str | None] = {}
    for operation in operations:
        shown.setdefault(operation.instrument_code, operation.wording_sha256)
    new = {code: sha256 for code, sha256 in shown.items() if code not in response_ids}
    begun_at = min(operation.given_at or now for operation in operations)
    if new:
        response_ids |= begin_responses(session, assessment, new, now=begun_at)
    if assessment.started_at is not None and begun_at < assessment.started_at:
        begin_earlier(session, assessment, at=begun_at)
    answers, kept = [], []
    items: list[dict[str, object]] = []
    for operation in operations:
        code = operation.instrument_code
        answer = _make_answer(operation, response_ids[code], actor=actor, now=now)
        place = answer.response_id, answer.item_number
        before = standing.get(place)
        overtaken = before is not None and is_overtaken(answer, before, waited=operation.given_at is not None)
        if overtaken:
            answer.superseded_at = now
        elif before is not None:
            before.superseded_at = now
        answers.append(answer)
        elsewhere = before if before is not None and answer.contradicts(before) else None
        stands = before if overtaken else None
        kept.append(KeptOperation(operation.operation_id, overtaken, elsewhere, stands))
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
    heard = {response_ids[operation.instrument_code] for operation in operations if operation.listened}
    items += record_listening(session, heard) if heard else []
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
        counted_by=operation.counted_by,
        answered_at=operation.given_at or now,
        device_at=operation.device_at,
        device_zone=operation.device_zone,
        received_at=now,
    )


def is_overtaken(answer: Answer, standing: Answer, *, waited: bool) -> bool:
    """Tell whether the standing answer was given later than this one, which came after it.

    One browser counts its answers, so their order does not hang on its clock or on the network. Between two,
    the times tell where the answer `waited` for a network or a sign-in; otherwise what comes later is later.
    Nobody can empty an answered item, in whichever order the two come: a blank was left on a screen that did
    not know of the answer, one's own or, in an interview, the person's.
    """
    blank = answer.state == "left_blank"
    if blank != (standing.state == "left_blank"):
        return blank
    if _is_counted_together(answer, standing):
        return answer.counter < standing.counter
    return waited and answer.answered_at < standing.answered_at


def _is_counted_together(answer: Answer, other: Answer) -> bool:
    same = answer.counted_by == other.counted_by and answer.entered_by == other.entered_by
    return same and answer.counted_by is not None and min(answer.counter, other.counter) > 0
