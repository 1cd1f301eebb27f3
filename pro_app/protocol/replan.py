"""What changes when a plan is made anew: kept, moved, added, cancelled, or kept as unscheduled answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.schedule import PlannedVisit

Action = Literal["keep", "move", "add", "cancel", "unschedule"]

SITE_LATE_RECORDING = "SITE_LATE_RECORDING"
"""The visit was past when it came to be planned: expected, missed, and no message was sent."""

PLAN_REPLACED = "PLAN_REPLACED"
"""The visit stands no longer in the plan."""


@dataclass(frozen=True, slots=True)
class CurrentVisit:
    """One visit of the plan as it is stored, with the instruments of the version it was made under.

    `planned_on`: the civil day its row was made. `answers_on`: the civil day of its last answer, None
    without one. `submitted`: the form was sent.
    """

    visit: PlannedVisit
    planned_on: date
    answers_on: date | None = None
    submitted: bool = False


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What becomes of one visit; `before` is None for an added one, `after` for one that goes.

    `unschedule`: its answers stay as `UNSCHEDULED`; where the visit is still to come an `add` follows.
    `reason_code` says why where it is not simply that a date changed.
    """

    action: Action
    visit_code: str
    before: PlannedVisit | None
    after: PlannedVisit | None
    reason_code: str | None = None


def plan_changes(
    current: Sequence[CurrentVisit], wanted: Sequence[PlannedVisit], *, today: date
) -> tuple[PlanChange, ...]:
    """Compare the stored plan with the one that follows from the facts now; `today` is the civil date.

    Answers that were sent never move, unless their visit was provisional and its window is elsewhere.
    Each changed visit comes once, an unscheduled one that is planned again twice; first those of the
    stored plan in its order, then the added ones.
    """
    by_code = {visit.visit_code: visit for visit in wanted}
    changes: list[PlanChange] = []
    for row in current:
        if row.visit.visit_code != UNSCHEDULED:
            changes += _list_row_changes(row, by_code.get(row.visit.visit_code), today)
    known = {row.visit.visit_code for row in current}
    changes += [_add(visit, today) for visit in wanted if visit.visit_code not in known]
    return tuple(changes)


def _list_row_changes(row: CurrentVisit, wanted: PlannedVisit | None, today: date) -> Iterator[PlanChange]:
    """Give what becomes of one stored visit."""
    before = row.visit
    if _stays(row, wanted, today):
        yield PlanChange("keep", before.visit_code, before, before)
    elif before.target_on is not None and row.answers_on is not None and not _fits(row.answers_on, wanted):
        yield PlanChange("unschedule", before.visit_code, before, None, PLAN_REPLACED)
        # Who sent the form has answered for that time; who only began it has not.
        if wanted is not None and not (row.submitted and _is_past(wanted, today)):
            yield _add(wanted, today)
    elif wanted is None:
        yield PlanChange("cancel", before.visit_code, before, None, PLAN_REPLACED)
    else:
        yield _keep_or_move(row, wanted, today)


def _stays(row: CurrentVisit, wanted: PlannedVisit | None, today: date) -> bool:
    """Say whether a visit stays where it is because of its answers: sent, or left when its window closed.

    One that was answered before its visit had a date gets it now; one of a provisional visit stays as
    long as its answers lie in the window.
    """
    if not row.submitted and (row.answers_on is None or not _is_past(row.visit, today)):
        return False
    if row.visit.target_on is None:
        return wanted is None or wanted.target_on is None
    return not row.visit.provisional or _fits(row.answers_on, wanted)


def _fits(answers_on: date | None, wanted: PlannedVisit | None) -> bool:
    """Say whether answers of that day lie in the wanted window."""
    if answers_on is None or wanted is None:
        return False
    return wanted.opens_on <= answers_on and (wanted.closes_on is None or answers_on <= wanted.closes_on)


def _is_past(visit: PlannedVisit, today: date) -> bool:
    """Say whether the window is over."""
    return visit.closes_on is not None and visit.closes_on < today


def _add(visit: PlannedVisit, today: date) -> PlanChange:
    """Plan a visit that was not there; one that is past already is missed through late recording."""
    late = visit.expected and visit.reason is None and _is_past(visit, today)
    after = replace(visit, reason=SITE_LATE_RECORDING) if late else visit
    return PlanChange("add", visit.visit_code, None, after, after.reason)


def _keep_or_move(row: CurrentVisit, wanted: PlannedVisit, today: date) -> PlanChange:
    """Keep a visit without answers, or put it where it belongs now."""
    before = row.visit
    after = wanted
    if wanted.expected and wanted.reason is None and _was_recorded_late(row, wanted, today):
        after = replace(wanted, reason=SITE_LATE_RECORDING)
    if after == before:
        return PlanChange("keep", before.visit_code, before, before)
    reason_code = after.reason if after.reason != before.reason else None
    return PlanChange("move", before.visit_code, before, after, reason_code)


def _was_recorded_late(row: CurrentVisit, wanted: PlannedVisit, today: date) -> bool:
    """Say whether nobody could have answered in the wanted window, because it was planned too late."""
    before = row.visit
    if not _is_past(wanted, today):
        return False
    if before.reason == SITE_LATE_RECORDING:
        return True
    if _is_past(before, today):
        # It had a whole window to be answered in, though another one.
        return False
    open_from = max(before.opens_on, row.planned_on)
    return wanted.closes_on is not None and not open_from <= wanted.closes_on
