"""Whether every stored plan follows from the recorded facts, and answers stand where they were given."""

from collections.abc import Iterable, Iterator, Sequence

from pro_app.simulation.checks.evidence import Life, Violation
from pro_app.simulation.checks.wanted import (
    LATE,
    WantedVisit,
    count_window,
    group_revisions,
    list_wanted,
    may_be_late,
)
from pro_app.storage.tables.assessments import Assessment, PlannedVisit

UNSCHEDULED, REPLACED = "UNSCHEDULED", "PLAN_REPLACED"


def check_plans(lives: Iterable[Life]) -> Iterator[Violation]:
    """Give every visit that is not where the facts want it, and every sent answer whose window moved."""
    for life in lives:
        wanted = list_wanted(life)
        revisions = group_revisions(life)
        stored = {visit.visit_code: (visit, assessment) for visit, assessment in life.list_current()}
        answered_elsewhere = _list_answered_elsewhere(life)
        for code in wanted.keys() - stored.keys() - answered_elsewhere:
            yield life.violation("plan_differs", f"{code} is not planned")
        for code, (visit, assessment) in stored.items():
            yield from _check_visit(life, visit, assessment, wanted=wanted.get(code))
            yield from _check_reason(life, assessment, revisions[code], wanted=wanted.get(code))
        for assessment in life.assessments:
            yield from _check_unmoved(life, assessment)


def _list_answered_elsewhere(life: Life) -> set[str]:
    """List the visits whose forms were sent and stand outside the plan now: they are not asked for again."""
    codes = {visit.id: visit.visit_code for visit in life.visits}
    return {
        codes[assessment.planned_visit_id]
        for assessment in life.assessments
        if assessment.visit_code == UNSCHEDULED and assessment.submitted_at is not None
    }


def _check_visit(
    life: Life, visit: PlannedVisit, assessment: Assessment, *, wanted: WantedVisit | None
) -> Iterator[Violation]:
    if assessment.started_at is not None:
        return  # Answers hold their visit; whether that moved is another question.
    if wanted is None:
        if visit.expected or visit.reason_code != REPLACED:
            yield life.violation("plan_differs", f"{visit.visit_code} should have gone from the plan")
        return
    said = (visit.opens_on, visit.target_on, visit.closes_on, visit.provisional, visit.expected)
    due = (wanted.opens_on, wanted.target_on, wanted.closes_on, wanted.provisional, wanted.expected)
    if said != due:
        yield life.violation("plan_differs", f"{visit.visit_code} is {_show(said)}, should be {_show(due)}")


def _check_reason(
    life: Life, assessment: Assessment, revisions: Sequence[PlannedVisit], *, wanted: WantedVisit | None
) -> Iterator[Violation]:
    """Give a visit, also a begun or sent one, that does not count as the facts want it, with that reason.

    What was sent may stay expected whatever happened later. What was begun counts by the window that holds
    its answers, wherever the facts want the visit.
    """
    visit = revisions[-1]
    said = (visit.expected, visit.reason_code)
    due = [] if wanted is None else [(wanted.expected, wanted.reason)]
    if assessment.submitted_at is not None:
        due.append((True, None))
    elif assessment.started_at is not None:
        due = [count_window(life, visit.closes_on)]
    if not due:
        return
    if due[0][1] is None and any(may_be_late(row, revisions) for row in _list_same(revisions)):
        # Answers keep the reason that their visit had when it was reopened for them, or have none.
        due = [*(due if assessment.started_at is not None else ()), (True, LATE)]
    if said not in due:
        yield life.violation("plan_differs", f"{visit.visit_code} counts as {said}, should as {due[-1]}")


def _list_same(revisions: Sequence[PlannedVisit]) -> list[PlannedVisit]:
    """List the last plans of a visit that have its present window."""
    last = revisions[-1]
    return [row for row in revisions if (row.opens_on, row.closes_on) == (last.opens_on, last.closes_on)]


def _check_unmoved(life: Life, assessment: Assessment) -> Iterator[Violation]:
    """Give a form that was sent in one window and stands in another one now."""
    now_in = next((visit for visit in life.visits if visit.id == assessment.planned_visit_id), None)
    sent_at = assessment.submitted_at
    if sent_at is None or now_in is None:
        return
    rule = life.protocols[now_in.protocol_sha256].find_visit(now_in.visit_code)
    if rule is not None and rule.opens_with is not None:
        return  # A visit that may open before its anchor follows the day of it.
    sent_in = [
        visit
        for visit in life.visits
        if visit.visit_code == now_in.visit_code
        and visit.planned_at <= sent_at
        and (visit.replaced_at is None or visit.replaced_at > sent_at)
    ]
    for visit in sent_in[-1:]:
        if (visit.opens_on, visit.closes_on) != (now_in.opens_on, now_in.closes_on):
            yield life.violation("answered_visit_moved", f"{now_in.visit_code} from {visit.opens_on}")


def _show(values: tuple[object, ...]) -> str:
    return "/".join(str(value) for value in values)
