"""Taking what a device kept while it had no network: every operation exactly once, in the form or beside it.

An answer counts from when it was given, not from when it came: what was given in the window is part of the
form. What came too late for its form is set aside for the site, so that a device may forget it all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import OperationConflict
from pro_app.protocol.state import list_answerable_windows
from pro_app.services.answers import (
    KeptOperation,
    Operation,
    check_operations,
    list_new_operations,
    write_operations,
)
from pro_app.services.known_operations import tell_again
from pro_app.services.moved_forms import find_form_of_person, find_form_of_visit, list_kept_operations
from pro_app.services.responses import require_reachable
from pro_app.services.submission import Receipt, submit_assessment
from pro_app.storage.database import write_rows
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments, load_assessment
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

LARGEST_SKEW = timedelta(minutes=5)
"""Without the device's time of sending, a device time that is further off says nothing."""

ALREADY_SUBMITTED = "already_submitted"
WINDOW_CLOSED = "window_closed"

_SET_ASIDE = select(SetAsideAnswer).where(
    SetAsideAnswer.operation_id.in_(bindparam("operation_ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Submission:
    """The wish to send the form, as it was expressed on a device.

    `listened` are the codes of the instruments of which the device had read something aloud.
    """

    respondent: str
    device_at: datetime | None
    listened: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one device sends at once for one assessment; `device_now` is its clock at that moment."""

    assessment_id: int
    operations: Sequence[Operation]
    device_now: datetime | None = None
    submission: Submission | None = None


@dataclass(frozen=True, slots=True)
class TakenOperation:
    """What became of one operation: in the form, `overtaken` there by a later answer, or set aside.

    `reason` says why it was set aside, `elsewhere` what stood for the item that was said by other hands or on
    another device; `stands` is what overtook it.
    """

    operation_id: str
    outcome: Literal["kept", "overtaken", "set_aside"]
    reason: str | None = None
    elsewhere: Answer | None = None
    stands: Answer | None = None


@dataclass(frozen=True, slots=True)
class TakenBatch:
    """What became of a batch; `receipt` is that of the form, None unless the form has been sent."""

    assessment_id: int
    operations: Sequence[TakenOperation]
    receipt: Receipt | None


def take_batch(session: Session, batch: Batch, *, actor: Actor, now: datetime) -> TakenBatch:
    """Take a batch whole or not at all; what is known already changes nothing.

    Raises NotFound, OperationConflict, AnswerRejected, or InputRejected for an unknown respondent.
    """
    if batch.submission is not None:
        # Sending withdraws messages: the person is locked first, as everybody does who changes a plan.
        lock_participant_of_form(session, batch.assessment_id)
    assessment = load_assessment(session, batch.assessment_id, lock=True)
    moved_id = _find_moved(session, batch, assessment, actor=actor, now=now)
    if moved_id is not None:
        return _take_for_moved(session, batch, assessment, moved_id=moved_id, actor=actor, now=now)
    require_reachable(assessment, actor)
    return _take(session, batch, assessment, actor=actor, now=now)


def _find_moved(
    session: Session, batch: Batch, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> int | None:
    """Find the form that stands now where the device knew this one, if a site moved one of them."""
    if assessment.participant_id != actor.participant_id:
        return find_form_of_person(session, assessment, actor=actor)
    if assessment.submitted_at is not None or not batch.operations:
        return None
    given = (find_given_at(each.device_at, batch, assessment, now=now) for each in batch.operations)
    return find_form_of_visit(session, assessment, given_at=min(given))


def _take_for_moved(
    session: Session,
    batch: Batch,
    assessment: AssessmentRecord,
    *,
    moved_id: int,
    actor: Actor,
    now: datetime,
) -> TakenBatch:
    """Tell again what the form has already, and take the rest for the form that stands in its place now."""
    kept = list_kept_operations(session, assessment, [each.operation_id for each in batch.operations])
    known = [each for each in batch.operations if each.operation_id in kept]
    rest = [each for each in batch.operations if each.operation_id not in kept]
    list_new_operations(session, batch.assessment_id, known)  # refuses the same names with another content
    aside = _load_set_aside(session, batch.assessment_id, known)
    told = _tell_outcomes(session, known, aside=aside, kept=())
    if known and not rest:
        code, at = assessment.receipt_code, assessment.submitted_at
        return TakenBatch(batch.assessment_id, told, Receipt(code, at) if code and at else None)
    other = load_assessment(session, moved_id, lock=True)
    require_reachable(other, actor)
    own = replace(batch, assessment_id=moved_id, operations=rest)
    taken = _take(session, own, other, actor=actor, now=now)
    return TakenBatch(batch.assessment_id, [*told, *taken.operations], taken.receipt)


def _take(
    session: Session, batch: Batch, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> TakenBatch:
    """Take a batch for a form that is locked and within reach."""
    operations = [
        replace(operation, given_at=find_given_at(operation.device_at, batch, assessment, now=now))
        for operation in batch.operations
    ]
    aside = _load_set_aside(session, batch.assessment_id, operations)
    new = [
        operation
        for operation in list_new_operations(session, batch.assessment_id, operations)
        if operation.operation_id not in aside
    ]
    check_operations(session, assessment, new)
    in_time = [each for each in new if _is_open(assessment, each.given_at or now)]
    too_late = [each for each in new if not _is_open(assessment, each.given_at or now)]
    kept = write_operations(session, assessment, in_time, actor=actor, now=now) if in_time else []
    reason = ALREADY_SUBMITTED if assessment.submitted_at is not None else WINDOW_CLOSED
    if too_late:
        _set_aside(session, assessment, too_late, reason=reason, actor=actor, now=now)
    aside |= {operation.operation_id: reason for operation in too_late}
    return TakenBatch(
        batch.assessment_id,
        _tell_outcomes(session, operations, aside=aside, kept=kept),
        _find_receipt(session, batch, assessment, actor=actor, now=now),
    )


def list_open(session: Session, *, participant_id: int, now: datetime) -> list[int]:
    """List the assessments of a participant that can be answered at `now`, as a device may keep them."""
    assessments = list_assessments(session, participant_id=participant_id)
    return [each.assessment_id for each in assessments if each.is_answerable(now)]


def find_given_at(
    device_at: datetime | None, batch: Batch, assessment: AssessmentRecord, *, now: datetime
) -> datetime:
    """Give when something was done by our own clock, from the device's: never after now.

    A device whose clock is years off is off by as much when it sends. Where that makes no sense, because the
    clock was set in between, the time of receipt counts.
    """
    if device_at is None:
        return now
    if batch.device_now is None:
        return min(device_at, now) if abs(now - device_at) <= LARGEST_SKEW else now
    waited = max(batch.device_now - device_at, timedelta(0))
    return now - waited if waited <= now - assessment.window.opens_at else now


def _is_open(assessment: AssessmentRecord, at: datetime) -> bool:
    return any(span.is_open(at) for span in list_answerable_windows(assessment.window, assessment.facts))


def _load_set_aside(session: Session, assessment_id: int, operations: Sequence[Operation]) -> dict[str, str]:
    """Load why operations were set aside before; raises OperationConflict for one with another content."""
    sent = {operation.operation_id: operation for operation in operations}
    aside = {}
    for row in session.scalars(_SET_ASIDE, {"operation_ids": [*sent]}):
        again = sent[row.operation_id]
        said = (assessment_id, again.instrument_code, again.item_number, again.state, again.value)
        if said != (row.assessment_id, row.instrument_code, row.item_number, row.state, row.value):
            raise OperationConflict(row.operation_id)
        aside[row.operation_id] = row.reason
    return aside


def _set_aside(
    session: Session,
    assessment: AssessmentRecord,
    operations: Sequence[Operation],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep what came too late beside the form, with one audit entry for all of it."""
    rows = [
        SetAsideAnswer(
            assessment_id=assessment.assessment_id,
            operation_id=operation.operation_id,
            instrument_code=operation.instrument_code,
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
            reason=reason,
        )
        for operation in operations
    ]
    write_rows(session, rows)
    items = [
        {
            "field": f"{operation.instrument_code}:{operation.item_number}",
            "before": None,
            "after": operation.value or operation.state,
            "operation": operation.operation_id,
            "outcome": reason,
        }
        for operation in operations
    ]
    change = Change("answers.set_aside", f"assessment:{assessment.assessment_id}", items)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)


def _tell_outcomes(
    session: Session,
    operations: Sequence[Operation],
    *,
    aside: dict[str, str],
    kept: Sequence[KeptOperation],
) -> list[TakenOperation]:
    """Tell what became of each operation, in the order of sending; what was known already is told again."""
    became = {one.operation_id: one for one in kept}
    known = [o.operation_id for o in operations if o.operation_id not in became | aside]
    if known:
        became |= {one.operation_id: one for one in tell_again(session, known)}
    told = []
    for name in dict.fromkeys(operation.operation_id for operation in operations):
        if name in aside:
            told.append(TakenOperation(name, "set_aside", aside[name]))
        else:
            one = became[name]
            outcome: Literal["kept", "overtaken"] = "overtaken" if one.overtaken else "kept"
            told.append(TakenOperation(name, outcome, elsewhere=one.elsewhere, stands=one.stands))
    return told


def _find_receipt(
    session: Session, batch: Batch, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> Receipt | None:
    """Find the receipt of a form that was sent, or send it now if that was wished in time."""
    if assessment.submitted_at is not None:
        return Receipt(assessment.receipt_code or "", assessment.submitted_at)
    if batch.submission is None:
        return None
    finished_at = find_given_at(batch.submission.device_at, batch, assessment, now=now)
    if not _is_open(assessment, finished_at):
        return None
    return submit_assessment(
        session,
        assessment_id=assessment.assessment_id,
        respondent=batch.submission.respondent,
        actor=actor,
        now=now,
        finished_at=finished_at,
        listened=batch.submission.listened,
    )
