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
    without one. `submitted`: the form was sent. `opens_early`: it may open before its anchor has a date.
    """

    visit: PlannedVisit
    planned_on: date
    answers_on: date | None = None
    submitted: bool = False
    opens_early: bool = False

    @property
    def follows_anchor(self) -> bool:
        """Say whether its dates follow the anchor whatever was answered.

        The day of the anchor decides whether the answers came before or after it, and it is known, or
        known rightly, only afterwards.
        """
        return self.opens_early or self.visit.target_on is None


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

    Answers that were sent keep their window, unless their visit was provisional and its window is
    elsewhere now, or the visit may open before its anchor and follows a corrected date of it.
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
    if _is_out_of_place(row, wanted, today):
        yield PlanChange("unschedule", before.visit_code, before, None, PLAN_REPLACED)
        # Who sent the form has answered for that time; who only began it has not.
        if wanted is not None and not (row.submitted and _is_past(wanted, today)):
            yield _add(wanted, today)
    elif wanted is not None:
        yield _keep_or_move(row, _place(row, wanted, today))
    elif _is_settled(row, today):
        yield PlanChange("keep", before.visit_code, before, before)
    else:
        yield PlanChange("cancel", before.visit_code, before, None, PLAN_REPLACED)


def _is_settled(row: CurrentVisit, today: date) -> bool:
    """Say whether the answers are what they will be: sent, or left when the window closed."""
    return row.submitted or (row.answers_on is not None and _is_past(row.visit, today))


def _is_out_of_place(row: CurrentVisit, wanted: PlannedVisit | None, today: date) -> bool:
    """Say whether a visit moved away from its answers.

    A window that is where it was takes nothing from anybody, also from answers given after it.
    """
    before = row.visit
    if row.answers_on is None or before.target_on is None:
        return False
    if wanted is not None and (row.follows_anchor or _has_same_window(before, wanted)):
        return False
    if _is_settled(row, today) and not before.provisional:
        return False
    return wanted is None or not _holds(wanted, row.answers_on)


def _has_same_window(before: PlannedVisit, wanted: PlannedVisit) -> bool:
    return (before.opens_on, before.closes_on) == (wanted.opens_on, wanted.closes_on)


def _holds(visit: PlannedVisit, day: date) -> bool:
    """Say whether a day lies in the window."""
    return visit.opens_on <= day and (visit.closes_on is None or day <= visit.closes_on)


def _is_past(visit: PlannedVisit, today: date) -> bool:
    """Say whether the window is over."""
    return visit.closes_on is not None and visit.closes_on < today


def _add(visit: PlannedVisit, today: date) -> PlanChange:
    """Plan a visit that was not there; one that is past already is missed through late recording."""
    late = visit.expected and visit.reason is None and _is_past(visit, today)
    after = replace(visit, reason=SITE_LATE_RECORDING) if late else visit
    return PlanChange("add", visit.visit_code, None, after, after.reason)


def _place(row: CurrentVisit, wanted: PlannedVisit, today: date) -> PlannedVisit:
    """Give a visit as it stands now: what was answered keeps its window, what was sent stays expected."""
    before = row.visit
    if row.submitted:
        return _redated(before, wanted) if row.follows_anchor else before
    if _is_settled(row, today) and not row.follows_anchor:
        # The same facts must count alike, whether they were recorded before or after the window closed.
        recorded_late = wanted.expected and before.reason == SITE_LATE_RECORDING
        reason = wanted.reason or (SITE_LATE_RECORDING if recorded_late else None)
        return replace(before, expected=wanted.expected, reason=reason)
    if wanted.expected and wanted.reason is None and _was_recorded_late(row, wanted, today):
        return replace(wanted, reason=SITE_LATE_RECORDING)
    return wanted


def _redated(before: PlannedVisit, wanted: PlannedVisit) -> PlannedVisit:
    """Give a visit the dates of the wanted one, and keep all else."""
    return replace(
        before,
        target_on=wanted.target_on,
        opens_on=wanted.opens_on,
        closes_on=wanted.closes_on,
        provisional=wanted.provisional,
    )


def _keep_or_move(row: CurrentVisit, after: PlannedVisit) -> PlanChange:
    """Say whether a visit is as it was."""
    before = row.visit
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
