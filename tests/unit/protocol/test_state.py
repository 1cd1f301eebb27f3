from datetime import UTC, date, datetime, timedelta

import pytest

from pro_app.protocol.state import AssessmentFacts, AssessmentState, assessment_state, is_answerable
from pro_app.protocol.windows import Window, civil_window

SECOND = timedelta(seconds=1)
WINDOW = civil_window(date(2026, 3, 22), date(2026, 4, 5), "Europe/Paris")
OPENS_AT = datetime(2026, 3, 21, 23, tzinfo=UTC)
CLOSES_AT = datetime(2026, 4, 5, 22, tzinfo=UTC)
MOMENTS = (OPENS_AT - SECOND, OPENS_AT, CLOSES_AT - SECOND, CLOSES_AT)


def states(facts: AssessmentFacts) -> list[str]:
    """Give the states one second before opening, at opening, one second before closing, at closing."""
    return [assessment_state(WINDOW, facts, at).value for at in MOMENTS]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (AssessmentFacts(), ["planned", "open", "open", "missed"]),
        (AssessmentFacts(started=True), ["planned", "started", "started", "incomplete"]),
        (AssessmentFacts(expected=False), ["not_required"] * 4),
        (AssessmentFacts(expected=False, started=True), ["not_required"] * 4),
        (AssessmentFacts(closed=True), ["planned", "planned", "planned", "missed"]),
        (AssessmentFacts(closed=True, started=True), ["planned", "started", "started", "incomplete"]),
        (AssessmentFacts(answered_at=OPENS_AT), ["submitted"] * 4),
        (AssessmentFacts(answered_at=CLOSES_AT - SECOND), ["submitted"] * 4),
        (AssessmentFacts(answered_at=CLOSES_AT), ["late"] * 4),
        (AssessmentFacts(answered_at=OPENS_AT, expected=False), ["submitted"] * 4),
    ],
)
def test_the_state_follows_from_the_facts_and_the_second(facts: AssessmentFacts, expected: list[str]) -> None:
    assert states(facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (AssessmentFacts(), [False, True, True, False]),
        (AssessmentFacts(started=True), [False, True, True, False]),
        (AssessmentFacts(expected=False), [False] * 4),
        (AssessmentFacts(closed=True), [False] * 4),
        (AssessmentFacts(answered_at=OPENS_AT), [False] * 4),
    ],
)
def test_answers_are_taken_only_while_the_window_is_open(
    facts: AssessmentFacts, expected: list[bool]
) -> None:
    assert [is_answerable(WINDOW, facts, at) for at in MOMENTS] == expected


def test_a_reopened_visit_is_open_again_until_its_limit() -> None:
    reopened = Window(CLOSES_AT + timedelta(days=3), CLOSES_AT + timedelta(days=5))
    for started, open_again, over in ((False, "open", "missed"), (True, "started", "incomplete")):
        facts = AssessmentFacts(started=started, reopened=reopened)
        moments = [CLOSES_AT + timedelta(days=3) - SECOND, CLOSES_AT + timedelta(days=3)]
        moments += [CLOSES_AT + timedelta(days=5) - SECOND, CLOSES_AT + timedelta(days=5)]
        found = [assessment_state(WINDOW, facts, at).value for at in moments]
        assert found == [over, open_again, open_again, over]


def test_what_is_sent_after_a_reopening_is_late() -> None:
    at = CLOSES_AT + timedelta(days=4)
    facts = AssessmentFacts(started=True, answered_at=at, reopened=Window(CLOSES_AT, at + SECOND))
    assert assessment_state(WINDOW, facts, at) is AssessmentState.LATE


def test_a_baseline_without_a_closing_day_is_never_missed_or_late() -> None:
    window = civil_window(date(2026, 3, 22), None, "Europe/Paris")
    later = CLOSES_AT + timedelta(days=1000)
    assert assessment_state(window, AssessmentFacts(), later) is AssessmentState.OPEN
    assert assessment_state(window, AssessmentFacts(answered_at=later), later) is AssessmentState.SUBMITTED
