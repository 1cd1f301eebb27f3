"""Finding the deterioration in the course of a score.

The definitions are those of Charton et al. 2022 (Comput Methods Programs Biomed 214:106537) and Anota
et al. 2015 (Qual Life Res 24:5–18), as the R package QoLR has them, but with exact comparisons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pro_app.protocol.analysis import DeteriorationKind, DeteriorationRule
from pro_app.scoring.deterioration.course import Course
from pro_app.scoring.deterioration.outcome import Outcome, OutcomeCode
from pro_app.scoring.exact_comparison import TOLERANCE


@dataclass(frozen=True, slots=True)
class _Deterioration:
    """A deteriorated score: its place among the levels, and the level that it is measured against."""

    position: int
    reference: float


def find_deterioration(
    course: Course, rule: DeteriorationRule, *, minimal_difference: float, worse_when_lower: bool
) -> Outcome:
    """Find how the course of a score ends under a rule.

    A change of exactly the minimal difference is a deterioration. Without a baseline score the reference
    `baseline` ends at day 0, also where death counts as an event; for `best` and `previous` the first
    observed score is the first reference. Without any score there is no outcome.
    """
    if course.baseline is None and not course.scores:
        return Outcome("no_score", None, None)
    if course.baseline is None and rule.reference == "baseline":
        return _without_baseline(rule)
    if not course.scores:
        return _without_follow_up(course, rule)
    sign = 1.0 if worse_when_lower else -1.0
    # Turned so that a higher level is always a better one.
    levels = [sign * score for score in course.scores]
    baseline = None if course.baseline is None else sign * course.baseline
    found = _find_first(rule, levels, baseline, minimal_difference=minimal_difference)
    if found is None:
        return _without_deterioration(course, rule)
    return Outcome(
        "deteriorated",
        event=True,
        days=course.days[found.position] - course.starts,
        reference=sign * found.reference,
        value=course.scores[found.position],
        position=found.position,
    )


def _without_baseline(rule: DeteriorationRule) -> Outcome:
    """End at day 0, or leave the person out."""
    if rule.no_baseline == "excluded":
        return Outcome("excluded", None, None)
    return Outcome("no_baseline", event=rule.no_baseline == "event", days=0)


def _without_follow_up(course: Course, rule: DeteriorationRule) -> Outcome:
    """End at death if it counts and is known, else at day 1."""
    if rule.death == "event" and course.died is not None:
        return Outcome("died", event=True, days=course.died - course.starts, reference=course.baseline)
    event = rule.no_follow_up == "event"
    return Outcome("no_follow_up", event=event, days=1, reference=course.baseline)


def _without_deterioration(course: Course, rule: DeteriorationRule) -> Outcome:
    """End at death if it counts and is known, else at the last score."""
    reference = course.baseline if rule.reference == "baseline" else None
    if rule.death == "event" and course.died is not None:
        return Outcome("died", event=True, days=course.died - course.starts, reference=reference)
    code: OutcomeCode = "last_score" if course.died is None else "last_score_before_death"
    return Outcome(code, event=False, days=course.days[-1] - course.starts, reference=reference)


def _find_first(
    rule: DeteriorationRule, levels: Sequence[float], baseline: float | None, *, minimal_difference: float
) -> _Deterioration | None:
    """Find the first level that is worse than its reference, and lastingly so where the rule asks for it."""
    best_later = [None] * len(levels) if rule.kind == "first" else _best_later(levels)
    reference = baseline
    for position, level in enumerate(levels):
        if reference is not None and reference - level >= minimal_difference - TOLERANCE:
            later = best_later[position]
            limit = _limit(rule.kind, reference=reference, level=level, minimal_difference=minimal_difference)
            if later is None or later <= limit + TOLERANCE:
                return _Deterioration(position, reference)
        if rule.reference == "previous" or reference is None:
            reference = level
        elif rule.reference == "best":
            reference = max(reference, level)
    return None


def _best_later(levels: Sequence[float]) -> list[float | None]:
    """Give for each level the best of those after it; None for the last one."""
    best: list[float | None] = [None]
    for level in reversed(levels[1:]):
        best.append(level if best[-1] is None else max(level, best[-1]))
    return best[::-1]


def _limit(kind: DeteriorationKind, *, reference: float, level: float, minimal_difference: float) -> float:
    """Give the level above which a later one takes a deterioration back."""
    if kind == "definitive_1":
        return reference + minimal_difference
    if kind == "definitive_2":
        return reference - minimal_difference
    return level + minimal_difference
