"""The state of an assessment, computed from its window, the facts and the time; it is never stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from pro_app.protocol.windows import Window


class AssessmentState(StrEnum):
    """Where an assessment stands; `missed` and `incomplete` are for windows that have closed."""

    PLANNED = "planned"
    OPEN = "open"
    STARTED = "started"
    SUBMITTED = "submitted"
    LATE = "late"
    INCOMPLETE = "incomplete"
    MISSED = "missed"
    NOT_REQUIRED = "not_required"


STILL_OPEN = frozenset({AssessmentState.PLANNED, AssessmentState.OPEN, AssessmentState.STARTED})
"""A form in one of these states can still change; its answers are not the statistician's yet."""


@dataclass(frozen=True, slots=True)
class AssessmentFacts:
    """What is recorded of one assessment.

    `answered_at` is when a sent form was finished (device time corrected for skew, else the time of
    receipt); None if nothing was sent. `closed`: the plan holds a reason that closes the visit.
    """

    expected: bool = True
    closed: bool = False
    started: bool = False
    answered_at: datetime | None = None
    reopened: Window | None = None


def assessment_state(window: Window, facts: AssessmentFacts, now: datetime) -> AssessmentState:
    """Say where an assessment stands at `now` (aware UTC); the opening and closing moments are exact."""
    if facts.answered_at is not None:
        late = window.has_closed(facts.answered_at)
        return AssessmentState.LATE if late else AssessmentState.SUBMITTED
    if not facts.expected:
        return AssessmentState.NOT_REQUIRED
    if now < window.opens_at:
        return AssessmentState.PLANNED
    if is_answerable(window, facts, now):
        return AssessmentState.STARTED if facts.started else AssessmentState.OPEN
    if window.has_closed(now):
        return AssessmentState.INCOMPLETE if facts.started else AssessmentState.MISSED
    # The window runs but the visit is closed: it is neither open nor missed before the window is over.
    return AssessmentState.STARTED if facts.started else AssessmentState.PLANNED


def is_answerable(window: Window, facts: AssessmentFacts, now: datetime) -> bool:
    """Say whether answers may be given at `now`: in the window, or while the site has reopened it."""
    return any(span.is_open(now) for span in list_answerable_windows(window, facts))


# The same window and facts come back at every answer, and for every row of a list.
@lru_cache(maxsize=4096)
def list_answerable_windows(window: Window, facts: AssessmentFacts) -> tuple[Window, ...]:
    """List when answers may be given: never to a form that was sent, is closed or is not expected."""
    if facts.answered_at is not None or facts.closed or not facts.expected:
        return ()
    return (window,) if facts.reopened is None else (window, facts.reopened)
