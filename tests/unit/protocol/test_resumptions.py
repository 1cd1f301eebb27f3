"""Leaving and coming back: what a resumption ends, and which corrections keep the order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest

from pro_app.protocol.events import Event, Spell, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.resumption_check import check_resumptions

Recorder = Callable[..., Event]

LATER_ON = date(2024, 6, 1)
FOLLOWS = "is recorded and can only follow it: correct that entry first"


def refusals(protocol: Protocol, recorded: Sequence[Event], event: Event) -> list[str]:
    """Give each problem as its field and its English words."""
    problems = check_resumptions(protocol, recorded, event, language="en")
    return [f"{problem.place}: {problem.message % (problem.values or {})}" for problem in problems]


def correct(known: Event, on: str | None, **details: str) -> Event:
    """Give an entry, not stored yet, that moves another one, or takes it back."""
    day = known.occurred_on if on is None else date.fromisoformat(on)
    return replace(
        known,
        id=0,
        occurred_on=day,
        details=details or known.details,
        supersedes_id=known.id,
        retracts=on is None,
    )


@pytest.fixture
def left_twice(event: Recorder) -> list[Event]:
    """Give somebody lost on 20 January, back on 10 February and lost again on 1 April."""
    return [
        event("lost", "2024-01-20"),
        event("resumed", "2024-02-10", details={"of": "lost"}),
        event("lost", "2024-04-01"),
    ]


@pytest.mark.parametrize("on", ["2024-01-10", "2024-02-09", "2024-02-10", "2024-02-11"])
def test_a_stop_recorded_after_a_resumption_stands_whatever_its_day(
    reluth: Protocol, event: Recorder, on: str
) -> None:
    back = {"of": "messages_stopped"}
    before = [event("messages_stopped", "2024-01-20"), event("resumed", "2024-02-10", details=back)]
    assert find_message_rule(reluth, fold_events(before), LATER_ON) == "sent"
    facts = fold_events([*before, event("messages_stopped", on)])
    assert find_message_rule(reluth, facts, LATER_ON) == "stopped"
    assert facts.messages_stopped_on == date.fromisoformat(on)
    assert facts.spells == (Spell("messages_stopped", date(2024, 1, 20), date(2024, 2, 10)),)


def test_a_pause_recorded_after_a_resumption_stands_whatever_its_day(event: Recorder) -> None:
    events = [
        event("paused", "2024-01-20", details={"until": "2024-04-01"}),
        event("resumed", "2024-02-10", details={"of": "paused"}),
        event("paused", "2024-02-09", details={"until": "2024-05-01"}),
    ]
    assert fold_events(events[:2]).paused_until is None
    assert fold_events(events).paused_until == date(2024, 5, 1)


def test_a_standing_stop_stands_when_it_is_corrected_to_a_day_before_an_older_resumption(
    reluth: Protocol, event: Recorder
) -> None:
    stop, back = "messages_stopped", {"of": "messages_stopped"}
    events = [event(stop, "2024-01-20"), event("resumed", "2024-01-25", details=back)]
    events.append(event(stop, "2024-02-01"))
    events.append(event(stop, "2024-01-24", supersedes_id=events[-1].id))
    assert find_message_rule(reluth, fold_events(events), LATER_ON) == "stopped"


def test_a_stop_that_is_over_stays_over_when_it_is_corrected_later(event: Recorder) -> None:
    lost = event("lost", "2024-01-20")
    back = event("resumed", "2024-02-10", details={"of": "lost"})
    twice = [event("lost", "2024-01-25", supersedes_id=lost.id)]
    twice.append(event("lost", "2024-02-10", supersedes_id=twice[0].id))
    facts = fold_events([lost, back, *twice])
    assert facts.lost_on is None
    assert facts.spells == (Spell("lost", date(2024, 2, 10), date(2024, 2, 10)),)


def test_a_resumption_that_is_moved_ends_no_more_than_before(left_twice: list[Event]) -> None:
    moved = replace(correct(left_twice[1], "2024-04-20"), id=99)
    facts = fold_events([*left_twice, moved])
    assert facts.lost_on == date(2024, 4, 1)


def test_of_the_entries_of_one_day_a_corrected_one_keeps_its_place(event: Recorder) -> None:
    first = event("paused", "2024-03-02", details={"until": "2024-04-01"})
    second = event("paused", "2024-03-01", details={"until": "2024-05-01"})
    moved = event("paused", "2024-03-01", details={"until": "2024-04-01"}, supersedes_id=first.id)
    assert fold_events([first, second, moved]).paused_until == date(2024, 5, 1)


@pytest.mark.parametrize("on", ["2024-01-01", "2024-01-20", "2024-02-10"])
def test_what_was_resumed_may_move_up_to_its_resumption(
    reluth: Protocol, left_twice: list[Event], on: str
) -> None:
    assert refusals(reluth, left_twice, correct(left_twice[0], on)) == []


def test_what_was_resumed_cannot_move_beyond_its_resumption(
    reluth: Protocol, left_twice: list[Event]
) -> None:
    assert refusals(reluth, left_twice, correct(left_twice[0], "2024-02-11")) == [
        "occurred_on: This date is after “Resumption” (2024-02-10), which can only follow it."
    ]


def test_what_was_resumed_cannot_be_taken_back_before_its_resumption(
    reluth: Protocol, left_twice: list[Event]
) -> None:
    assert refusals(reluth, left_twice, correct(left_twice[0], None)) == [
        f"kind: “Resumption” (2024-02-10) {FOLLOWS}."
    ]
    assert refusals(reluth, left_twice, correct(left_twice[2], None)) == []


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2024-01-19", "occurred_on: This date is before “Lost to follow-up” (2024-01-20)."),
        ("2024-01-20", None),
        ("2024-04-01", None),
        (
            "2024-04-02",
            "occurred_on: This date is after “Lost to follow-up” (2024-04-01), which was recorded after it.",
        ),
        (
            None,
            f"kind: “Lost to follow-up” (2024-04-01) {FOLLOWS}.",
        ),
    ],
)
def test_a_resumption_stays_between_what_it_ends_and_what_began_again(  # noqa: PLR0917 -- a table of cases
    reluth: Protocol, left_twice: list[Event], on: str | None, expected: str | None
) -> None:
    assert refusals(reluth, left_twice, correct(left_twice[1], on)) == [expected] * (expected is not None)


def test_the_last_resumption_can_be_taken_back(reluth: Protocol, left_twice: list[Event]) -> None:
    assert refusals(reluth, left_twice[:2], correct(left_twice[1], None)) == []


def test_a_resumption_cannot_be_turned_to_what_does_not_hold_or_is_ended_already(
    reluth: Protocol, event: Recorder
) -> None:
    lost = [event("lost", "2024-01-20"), event("resumed", "2024-02-10", details={"of": "lost"})]
    other = correct(lost[1], "2024-02-10", of="messages_stopped")
    assert refusals(reluth, lost, other) == [
        "of: There is nothing to resume.",
    ]
    stopped = [replace(event("messages_stopped", "2024-01-21"), id=-1), *lost]
    stopped.append(event("resumed", "2024-03-01", details={"of": "messages_stopped"}))
    assert refusals(reluth, stopped, other) == [
        "of: “Resumption” (2024-03-01) is recorded and ends the same: correct that entry first."
    ]


def test_a_new_resumption_lies_after_all_that_it_ends(reluth: Protocol, event: Recorder) -> None:
    pauses = [
        event("paused", "2024-03-01", details={"until": "2024-12-01"}),
        event("paused", "2024-03-05", details={"until": "2024-12-01"}),
    ]
    back = replace(event("resumed", "2024-03-03", details={"of": "paused"}), id=0)
    assert refusals(reluth, pauses, back) == [
        "occurred_on: This date is before “Pause until a date” (2024-03-05)."
    ]
    assert refusals(reluth, pauses, replace(back, occurred_on=date(2024, 3, 5))) == []
