"""What changes when a plan is made anew: visits kept, moved, added, cancelled; answers put aside or back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pro_app.protocol.open_days import (
    PLAN_REPLACED,
    SITE_LATE_RECORDING,
    OpenDays,
    PlanHistory,
    SentAnswers,
    find_open_days,
    has_same_window,
    holds,
    is_past,
)
from pro_app.protocol.rules import Effect
from pro_app.protocol.schedule import PlannedVisit

Action = Literal["keep", "move", "add", "cancel", "unschedule", "readmit"]


@dataclass(frozen=True, slots=True)
class CurrentVisit:
    """One visit of the plan as it is stored, with the instruments of the version it was made under.

    `planned_on`: the civil day its row was made. `answers_on`: the civil day of its last answer, None
    without one. `submitted`: the form was sent. `opens_early`: it may open before its anchor has a date.
    `effect`: what the facts of today do to its own window, None if nothing.

    `unscheduled`: the number of answers that fit their visit no more, 0 for those in their place;
    everything else is then the visit that they were given to, as it stood before it left them.
    """

    visit: PlannedVisit
    planned_on: date
    answers_on: date | None = None
    submitted: bool = False
    opens_early: bool = False
    unscheduled: int = 0
    effect: Effect | None = None

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
    `readmit`: the answers number `unscheduled` come back to their visit; `before` is the empty visit that
    stood there meanwhile, if one did. `reason_code` says why where it is not simply that a date changed.
    """

    action: Action
    visit_code: str
    before: PlannedVisit | None
    after: PlannedVisit | None
    reason_code: str | None = None
    unscheduled: int = 0


def plan_changes(
    current: Sequence[CurrentVisit],
    wanted: Sequence[PlannedVisit],
    *,
    today: date,
    offered: Mapping[str, Sequence[OpenDays]] | None = None,
) -> tuple[PlanChange, ...]:
    """Compare the stored plan with the one that follows from the facts now; `today` is the civil date.

    Answers that were sent keep their window, unless their visit was provisional and its window is
    elsewhere now, or the visit may open before its anchor and follows a corrected date of it. Answers that
    an earlier plan left without a visit come back to it if the plan wants it again around their day, and
    nothing was answered in it since. Where sent ones stay without their visit, they stand for it as long as
    it is past and was not asked for again. `offered` says when earlier plans, the present one included, had
    the visits open; without it the present one is all there was.
    Each changed visit comes once, an unscheduled one that is planned again twice; first those of the
    stored plan in its order, then the added ones.
    """
    by_code = {visit.visit_code: visit for visit in wanted}
    standing = {row.visit.visit_code: row for row in current if not row.unscheduled}
    case = PlanHistory(
        today,
        _list_open_days(current, today) if offered is None else offered,
        _list_sent([row for row in current if row.unscheduled or _leaves(row, by_code, today)]),
    )
    returning = _find_returning([row for row in current if row.unscheduled], standing, by_code, today=today)
    changes: list[PlanChange] = []
    for code, row in standing.items():
        changes += _list_row_changes(row, by_code.get(code), returning=returning.get(code), case=case)
    for visit in wanted:
        if visit.visit_code in standing:
            continue
        if visit.visit_code in returning:
            changes.append(_readmit(returning[visit.visit_code], visit, before=None, case=case))
        elif not case.was_answered_before(visit):
            changes.append(_add(visit, case))
    return tuple(changes)


def _list_open_days(current: Sequence[CurrentVisit], today: date) -> dict[str, list[OpenDays]]:
    """Give when the visits that stand in the plan were open."""
    offered: dict[str, list[OpenDays]] = {}
    for row in current:
        days = find_open_days(row.visit, planned_on=row.planned_on, replaced_on=None, today=today)
        if days is not None:
            offered.setdefault(row.visit.visit_code, []).append(days)
    return offered


def _leaves(row: CurrentVisit, wanted: Mapping[str, PlannedVisit], today: date) -> bool:
    """Say whether the answers of a visit leave it now."""
    return _is_out_of_place(row, wanted.get(row.visit.visit_code), today)


def _list_sent(away: Iterable[CurrentVisit]) -> dict[str, SentAnswers]:
    """Give the latest answers of each visit that were sent, among those that are not in it."""
    ordered = sorted((row for row in away if row.submitted), key=_preference)
    return {row.visit.visit_code: SentAnswers(row.answers_on, row.visit) for row in ordered if row.answers_on}


def _find_returning(
    displaced: Iterable[CurrentVisit],
    standing: Mapping[str, CurrentVisit],
    wanted: Mapping[str, PlannedVisit],
    *,
    today: date,
) -> dict[str, CurrentVisit]:
    """Find the unscheduled answers that fit their visit again; of several the ones sent, then the latest."""
    returning: dict[str, CurrentVisit] = {}
    for row in sorted(displaced, key=_preference, reverse=True):
        visit = wanted.get(row.visit.visit_code)
        now_there = standing.get(row.visit.visit_code)
        if visit is None or row.answers_on is None:
            continue
        is_free = (
            now_there is None or now_there.answers_on is None or _is_out_of_place(now_there, visit, today)
        )
        if is_free and (holds(visit, row.answers_on) or has_same_window(row.visit, visit)):
            returning.setdefault(row.visit.visit_code, row)
    return returning


def _preference(row: CurrentVisit) -> tuple[bool, date, int]:
    """Give what puts the answers of one visit in order, the best ones last."""
    return row.submitted, row.answers_on or date.min, row.unscheduled


def _readmit(
    row: CurrentVisit, wanted: PlannedVisit, *, before: PlannedVisit | None, case: PlanHistory
) -> PlanChange:
    """Give a visit back the answers that had left it, as it would stand had they never left."""
    after = _place(row, wanted, case)
    return PlanChange("readmit", after.visit_code, before, after, after.reason, unscheduled=row.unscheduled)


def _list_row_changes(
    row: CurrentVisit, wanted: PlannedVisit | None, *, returning: CurrentVisit | None, case: PlanHistory
) -> Iterator[PlanChange]:
    """Give what becomes of one stored visit."""
    before, today = row.visit, case.today
    if _is_out_of_place(row, wanted, today):
        yield PlanChange("unschedule", before.visit_code, before, None, PLAN_REPLACED)
        if wanted is not None and returning is not None:
            yield _readmit(returning, wanted, before=None, case=case)
        # Who sent the form has answered for that time; who only began it has not.
        elif wanted is not None and not case.was_answered_before(wanted):
            yield _add(wanted, case)
    elif wanted is not None and returning is not None:
        yield _readmit(returning, wanted, before=before, case=case)
    elif wanted is not None and (row.answers_on is not None or not case.was_answered_before(wanted)):
        yield _keep_or_move(row, _place(row, wanted, case))
    elif _is_settled(row, today):
        yield _keep_or_move(row, before if row.submitted else _recount(row, wanted, case))
    else:
        yield PlanChange("cancel", before.visit_code, before, None, PLAN_REPLACED)


def _is_settled(row: CurrentVisit, today: date) -> bool:
    """Say whether the answers are what they will be: sent, or left when the window closed."""
    return row.submitted or (row.answers_on is not None and is_past(row.visit, today))


def _is_out_of_place(row: CurrentVisit, wanted: PlannedVisit | None, today: date) -> bool:
    """Say whether a visit moved away from its answers.

    A window that is where it was takes nothing from anybody, also from answers given after it.
    """
    before = row.visit
    if row.answers_on is None or before.target_on is None:
        return False
    if wanted is not None and (row.follows_anchor or has_same_window(before, wanted)):
        return False
    if _is_settled(row, today) and not before.provisional:
        return False
    return wanted is None or not holds(wanted, row.answers_on)


def _add(visit: PlannedVisit, case: PlanHistory) -> PlanChange:
    """Plan a visit that was not there; one that is past already is missed through late recording."""
    after = _judge(visit, case)
    return PlanChange("add", visit.visit_code, None, after, after.reason)


def _judge(visit: PlannedVisit, case: PlanHistory) -> PlannedVisit:
    """Give a visit with the reason of late recording where that is why it was missed."""
    return replace(visit, reason=SITE_LATE_RECORDING) if case.was_recorded_late(visit) else visit


def _place(row: CurrentVisit, wanted: PlannedVisit, case: PlanHistory) -> PlannedVisit:
    """Give a visit as it stands now: what was answered keeps its window, what was sent stays expected."""
    before = row.visit
    if row.submitted:
        return _redated(before, wanted) if row.follows_anchor else _confirm(row, wanted, case)
    if _is_settled(row, case.today) and not row.follows_anchor:
        return _recount(row, wanted, case)
    return _judge(wanted, case)


def _recount(row: CurrentVisit, wanted: PlannedVisit | None, case: PlanHistory) -> PlannedVisit:
    """Give a visit that was begun and never sent as its own window counts, whatever other one is wanted now.

    The same facts must count alike, whether they were recorded before or after the window closed, and
    whichever mistakes came and went meanwhile.
    """
    before = row.visit
    says = wanted if wanted is not None and has_same_window(before, wanted) else row.effect
    expected, reason = (True, None) if says is None else (says.expected, says.reason)
    confirmed = before if wanted is None else _confirm(row, wanted, case)
    return _judge(replace(confirmed, expected=expected, reason=reason), case)


def _confirm(row: CurrentVisit, wanted: PlannedVisit, case: PlanHistory) -> PlannedVisit:
    """Give an answered visit in its own window, no longer provisional once a real date fits its answers.

    From then on it is like one that was answered after that date was recorded. Where the date is taken
    back, it is provisional again if its answers were given to a provisional visit.
    """
    before, on = row.visit, row.answers_on
    if before.provisional == wanted.provisional or on is None:
        return before
    fits = holds(wanted, on) or has_same_window(before, wanted)
    # Answers that came back from nowhere must leave again where the date that brought them was a mistake.
    stood_there = not row.unscheduled and row.planned_on < on
    was_so = case.was_provisional(before, on) if wanted.provisional else stood_there
    if not fits or not was_so:
        return before
    return replace(before, provisional=wanted.provisional)


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
