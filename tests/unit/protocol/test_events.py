from collections.abc import Callable
from datetime import UTC, date, datetime

from pro_app.protocol.events import Event, Facts, Spell, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import Protocol

Recorder = Callable[..., Event]


def test_nothing_recorded_is_nothing_known() -> None:
    assert fold_events([]) == Facts()


def test_every_kind_ends_up_in_its_fact(event: Recorder) -> None:
    events = [
        event("enrolled", "2024-01-10"),
        event("randomised", "2024-01-31", details={"arm": "LUTATHERA"}),
        event("infusion", "2024-02-05"),
        event("infusion", "2024-04-01"),
        event("progressed", "2024-06-01"),
        event("progressed", "2024-09-01"),
        event("treatment_ended", "2024-05-27"),
        event("new_treatment", "2024-10-01"),
        event("paused", "2024-10-02", details={"until": "2024-11-01"}),
        event("messages_stopped", "2024-10-03"),
        event("questionnaires_stopped", "2024-10-04"),
        event("lost", "2024-10-05"),
        event("left", "2024-10-06"),
        event("died", "2024-10-07"),
    ]
    expected = Facts(
        enrolled_on=date(2024, 1, 10),
        arm="LUTATHERA",
        randomised_on=date(2024, 1, 31),
        infusions=(date(2024, 2, 5), date(2024, 4, 1)),
        treatment_ended_on=date(2024, 5, 27),
        progressed_on=date(2024, 6, 1),
        paused_until=date(2024, 11, 1),
        messages_stopped_on=date(2024, 10, 3),
        questionnaires_stopped_on=date(2024, 10, 4),
        lost_on=date(2024, 10, 5),
        left_on=date(2024, 10, 6),
        died_on=date(2024, 10, 7),
        other_dates={
            "new_treatment": (date(2024, 10, 1),),
            "paused": (date(2024, 10, 2),),
            "progressed": (date(2024, 6, 1), date(2024, 9, 1)),
        },
    )
    assert fold_events(events) == expected
    assert fold_events(reversed(events)) == expected


def test_a_correction_replaces_what_it_supersedes(event: Recorder) -> None:
    first = event("randomised", "2024-01-31", details={"arm": "LUTATHERA"})
    second = event("randomised", "2024-02-01", details={"arm": "SURVEILLANCE"}, supersedes_id=first.id)
    third = event("randomised", "2024-02-02", details={"arm": "SURVEILLANCE"}, supersedes_id=second.id)
    facts = fold_events([first, second, third])
    assert (facts.randomised_on, facts.arm) == (date(2024, 2, 2), "SURVEILLANCE")


def test_a_retraction_leaves_nothing_not_even_what_was_corrected(event: Recorder) -> None:
    first = event("died", "2024-01-31")
    second = event("died", "2024-02-01", supersedes_id=first.id)
    third = event("died", "2024-02-01", supersedes_id=second.id, retracts=True)
    assert fold_events([first, second]).died_on == date(2024, 2, 1)
    assert fold_events([first, second, third]).died_on is None


def test_a_resumption_ends_what_it_names_and_keeps_the_time_away(event: Recorder) -> None:
    lost = event("lost", "2024-03-01")
    back = event("resumed", "2024-05-01", details={"of": "lost"})
    lost_again = event("lost", "2024-09-01")
    spell = Spell("lost", date(2024, 3, 1), date(2024, 5, 1))
    assert fold_events([lost, back]) == Facts(spells=(spell,))
    assert fold_events([lost, back, lost_again]) == Facts(lost_on=date(2024, 9, 1), spells=(spell,))


def test_the_later_of_two_pauses_counts_and_a_resumption_ends_it(event: Recorder) -> None:
    first = event("paused", "2024-03-01", details={"until": "2024-12-01"})
    second = event("paused", "2024-03-05", details={"until": "2024-04-01"})
    back = event("resumed", "2024-03-10", details={"of": "paused"})
    assert fold_events([second, first]).paused_until == date(2024, 4, 1)
    assert fold_events([first, second, back]).paused_until is None


def test_of_two_entries_for_one_day_the_later_recorded_one_comes_last(event: Recorder) -> None:
    morning = datetime(2024, 3, 1, 8, tzinfo=UTC)
    evening = datetime(2024, 3, 1, 20, tzinfo=UTC)
    early = event("paused", "2024-03-01", details={"until": "2024-04-01"}, recorded_at=morning)
    late = event("paused", "2024-03-01", details={"until": "2024-05-01"}, recorded_at=evening)
    assert fold_events([late, early]).paused_until == date(2024, 5, 1)


def test_messages_go_out_are_held_or_are_stopped(reluth: Protocol) -> None:
    on = date(2024, 3, 1)
    paused = Facts(paused_until=date(2024, 4, 1), other_dates={"paused": (on,)})
    assert find_message_rule(reluth, Facts(progressed_on=on), on) == "sent"
    assert find_message_rule(reluth, paused, date(2024, 3, 31)) == "held"
    assert find_message_rule(reluth, paused, date(2024, 4, 1)) == "sent"
    for stop in ("messages_stopped_on", "questionnaires_stopped_on", "lost_on", "left_on", "died_on"):
        assert find_message_rule(reluth, Facts(**{stop: on}), on) == "stopped"


def test_a_stop_wins_over_a_pause_and_counts_whatever_its_day(reluth: Protocol) -> None:
    on = date(2024, 3, 1)
    both = Facts(paused_until=date(2024, 4, 1), other_dates={"paused": (on,)}, died_on=date(2024, 3, 20))
    assert find_message_rule(reluth, both, on) == "stopped"


def test_after_coming_back_messages_go_out_again(reluth: Protocol, event: Recorder) -> None:
    events = [event("lost", "2024-03-01"), event("resumed", "2024-05-01", details={"of": "lost"})]
    assert find_message_rule(reluth, fold_events(events), date(2024, 5, 1)) == "sent"
