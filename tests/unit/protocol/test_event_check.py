from collections.abc import Callable
from datetime import date

import pytest

from pro_app.protocol.event_check import check_event
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.find import load_protocol
from pro_app.protocol.protocol import Protocol

Recorder = Callable[..., Event]

TODAY = date(2024, 12, 1)
ENROLLED = Facts(enrolled_on=date(2024, 1, 10))
RANDOMISED = Facts(enrolled_on=date(2024, 1, 10), randomised_on=date(2024, 1, 31), arm="LUTATHERA")


def refusals(protocol: Protocol, facts: Facts, event: Event) -> list[str]:
    """Give each problem as its field and its English words."""
    problems = check_event(protocol, facts, event, today=TODAY, language="en")
    return [f"{problem.place}: {problem.message % (problem.values or {})}" for problem in problems]


@pytest.mark.parametrize(
    ("facts", "kind", "on", "details"),
    [
        (Facts(), "enrolled", "2021-10-18", {}),
        (Facts(), "enrolled", "2024-12-01", {}),
        (ENROLLED, "randomised", "2024-01-10", {"arm": "SURVEILLANCE"}),
        (RANDOMISED, "infusion", "2024-01-31", {}),
        (RANDOMISED, "treatment_ended", "2024-01-31", {}),
        (RANDOMISED, "paused", "2024-06-01", {"until": "2025-06-01"}),
        (ENROLLED, "left", "2024-01-10", {}),
        (RANDOMISED, "died", "2024-06-01", {}),
        (Facts(enrolled_on=date(2024, 1, 10), died_on=date(2024, 6, 1)), "left", "2024-06-01", {}),
        (
            Facts(enrolled_on=date(2024, 1, 10), treatment_ended_on=date(2024, 6, 1)),
            "randomised",
            "2024-06-01",
            {"arm": "LUTATHERA"},
        ),
    ],
)
def test_what_can_be_true_is_accepted(  # noqa: PLR0917  (one table of cases)
    reluth: Protocol, event: Recorder, facts: Facts, kind: str, on: str, details: dict[str, str]
) -> None:
    assert refusals(reluth, facts, event(kind, on, details=details)) == []


@pytest.mark.parametrize(
    ("facts", "kind", "on", "details", "expected"),
    [
        (
            Facts(),
            "enrolled",
            "2021-10-17",
            {},
            "occurred_on: This date is before the trial began (2021-10-18).",
        ),
        (Facts(), "enrolled", "2024-12-02", {}, "occurred_on: This date is in the future."),
        (Facts(), "wedding", "2024-12-01", {}, "kind: This event is not known in this trial."),
        (ENROLLED, "randomised", "2024-02-01", {"arm": "A"}, "arm: This arm is not known in this trial."),
        (ENROLLED, "randomised", "2024-02-01", {}, "arm: This arm is not known in this trial."),
        (
            ENROLLED,
            "randomised",
            "2024-01-09",
            {"arm": "LUTATHERA"},
            "occurred_on: This date is before “Enrolment (consent signed)” (2024-01-10).",
        ),
        (
            Facts(),
            "randomised",
            "2024-01-09",
            {"arm": "LUTATHERA"},
            "kind: “Enrolment (consent signed)” must be recorded first.",
        ),
        (
            RANDOMISED,
            "randomised",
            "2024-02-01",
            {"arm": "LUTATHERA"},
            "kind: “Randomisation” is already recorded (2024-01-31): correct that entry instead.",
        ),
        (ENROLLED, "treatment_ended", "2024-02-01", {}, "kind: “Randomisation” must be recorded first."),
        (
            RANDOMISED,
            "treatment_ended",
            "2024-01-30",
            {},
            "occurred_on: This date is before “Randomisation” (2024-01-31).",
        ),
        (
            Facts(enrolled_on=date(2024, 1, 10), randomised_on=date(2024, 1, 31), arm="SURVEILLANCE"),
            "infusion",
            "2024-02-10",
            {},
            "kind: This event does not happen in this participant's arm.",
        ),
        (
            Facts(enrolled_on=date(2024, 1, 10), died_on=date(2024, 2, 1)),
            "died",
            "2024-02-02",
            {},
            "kind: “Death” is already recorded (2024-02-01): correct that entry instead.",
        ),
        (
            Facts(enrolled_on=date(2024, 1, 10), died_on=date(2024, 2, 1)),
            "left",
            "2024-02-02",
            {},
            "occurred_on: This date is after “Death” (2024-02-01).",
        ),
        (
            Facts(enrolled_on=date(2024, 1, 10), left_on=date(2024, 2, 1)),
            "randomised",
            "2024-02-02",
            {"arm": "LUTATHERA"},
            "occurred_on: This date is after “Leaves the trial” (2024-02-01).",
        ),
        (
            Facts(
                enrolled_on=date(2024, 1, 10),
                randomised_on=date(2024, 1, 31),
                arm="LUTATHERA",
                infusions=(date(2024, 2, 5),),
            ),
            "died",
            "2024-02-04",
            {},
            "occurred_on: This date is before “Infusion” (2024-02-05).",
        ),
        (
            Facts(
                enrolled_on=date(2024, 1, 10),
                randomised_on=date(2024, 1, 31),
                arm="LUTATHERA",
                infusions=(date(2024, 2, 5),),
            ),
            "infusion",
            "2024-02-05",
            {},
            "occurred_on: The same event is already recorded on this date.",
        ),
        (
            ENROLLED,
            "paused",
            "2024-02-01",
            {"until": "2024-02-01"},
            "until: The pause must end after it begins.",
        ),
        (ENROLLED, "paused", "2024-02-01", {}, "until: Give the date until which the pause lasts."),
        (ENROLLED, "resumed", "2024-02-01", {"of": "lost"}, "of: There is nothing to resume."),
        (ENROLLED, "resumed", "2024-02-01", {"of": "died"}, "of: There is nothing to resume."),
        (
            Facts(enrolled_on=date(2024, 1, 10), lost_on=date(2024, 3, 1)),
            "resumed",
            "2024-02-01",
            {"of": "lost"},
            "occurred_on: This date is before “Lost to follow-up” (2024-03-01).",
        ),
        (
            Facts(enrolled_on=date(2024, 1, 10), lost_on=date(2024, 3, 1)),
            "lost",
            "2024-04-01",
            {},
            "kind: “Lost to follow-up” is already recorded (2024-03-01): correct that entry instead.",
        ),
    ],
)
def test_what_cannot_be_true_is_refused_in_words(  # noqa: PLR0917  (one table of cases)
    reluth: Protocol,
    event: Recorder,
    facts: Facts,
    kind: str,
    on: str,
    details: dict[str, str],
    expected: str,
) -> None:
    assert refusals(reluth, facts, event(kind, on, details=details)) == [expected]


def test_a_corrected_randomisation_is_not_after_what_followed_it(reluth: Protocol, event: Recorder) -> None:
    facts = Facts(enrolled_on=date(2024, 1, 10), treatment_ended_on=date(2024, 5, 1))
    corrected = event("randomised", "2024-05-02", details={"arm": "LUTATHERA"}, supersedes_id=7)
    expected = (
        "occurred_on: This date is after “End of treatment or surveillance” (2024-05-01), "
        "which can only follow it."
    )
    assert refusals(reluth, facts, corrected) == [expected]


def test_an_arm_is_not_corrected_to_one_where_the_recorded_events_do_not_happen(
    reluth: Protocol, event: Recorder
) -> None:
    facts = Facts(enrolled_on=date(2024, 1, 10), infusions=(date(2024, 2, 5),))
    corrected = event("randomised", "2024-01-31", details={"arm": "SURVEILLANCE"}, supersedes_id=7)
    expected = "arm: “Infusion” is recorded (2024-02-05), which does not happen in this arm."
    assert refusals(reluth, facts, corrected) == [expected]


def test_an_event_that_others_rest_on_is_not_taken_back(reluth: Protocol, event: Recorder) -> None:
    facts = Facts(enrolled_on=date(2024, 1, 10), infusions=(date(2024, 2, 5),))
    retraction = event("randomised", "2024-01-31", supersedes_id=7, retracts=True)
    expected = "kind: “Infusion” (2024-02-05) is recorded and can only follow it: correct that entry first."
    assert refusals(reluth, facts, retraction) == [expected]
    assert refusals(reluth, ENROLLED, retraction) == []


def test_someone_lost_may_turn_out_to_have_died_before(reluth: Protocol, event: Recorder) -> None:
    lost = [
        event("enrolled", "2024-01-10"),
        event("lost", "2024-06-01"),
        event("messages_stopped", "2024-06-02"),
    ]
    assert refusals(reluth, fold_events(lost), event("died", "2024-05-20")) == []


def test_every_problem_is_told_at_once(reluth: Protocol, event: Recorder) -> None:
    found = refusals(reluth, Facts(), event("randomised", "2030-01-01", details={"arm": "X"}))
    assert found == ["occurred_on: This date is in the future.", "arm: This arm is not known in this trial."]


def test_the_end_of_surveillance_is_named_in_the_words_of_its_arm(reluth: Protocol, event: Recorder) -> None:
    facts = Facts(
        enrolled_on=date(2024, 1, 10),
        randomised_on=date(2024, 1, 31),
        arm="SURVEILLANCE",
        treatment_ended_on=date(2024, 6, 1),
    )
    (problem,) = check_event(reluth, facts, event("treatment_ended", "2024-06-02"), today=TODAY)
    assert problem.values == {"event": "Fin de la période de surveillance", "date": "2024-06-01"}


def test_a_second_death_on_another_day_is_refused_with_the_day_that_is_recorded(
    reluth: Protocol, event: Recorder
) -> None:
    facts = fold_events([event("enrolled", "2024-01-10"), event("died", "2024-06-01")])
    for on in ("2024-05-20", "2024-06-01", "2024-06-03"):
        (refusal,) = refusals(reluth, facts, event("died", on))
        assert refusal == "kind: “Death” is already recorded (2024-06-01): correct that entry instead."


def test_a_second_randomisation_is_refused_also_into_the_other_arm_or_on_an_earlier_day(
    reluth: Protocol, event: Recorder
) -> None:
    for on, arm in (("2024-01-31", "SURVEILLANCE"), ("2024-01-20", "LUTATHERA")):
        (refusal,) = refusals(reluth, RANDOMISED, event("randomised", on, details={"arm": arm}))
        assert (
            refusal == "kind: “Randomisation” is already recorded (2024-01-31): correct that entry instead."
        )


def test_an_arm_may_be_corrected_while_nothing_speaks_against_the_other_one(
    reluth: Protocol, event: Recorder
) -> None:
    facts = Facts(enrolled_on=date(2024, 1, 10), treatment_ended_on=date(2024, 7, 1))
    corrected = event("randomised", "2024-01-31", details={"arm": "SURVEILLANCE"}, supersedes_id=7)
    assert refusals(reluth, facts, corrected) == []


def test_an_enrolment_is_not_corrected_to_a_day_after_what_can_only_follow_it(
    reluth: Protocol, event: Recorder
) -> None:
    facts = Facts(randomised_on=date(2024, 1, 31), arm="LUTATHERA", died_on=date(2024, 3, 1))
    corrected = event("enrolled", "2024-02-15", supersedes_id=1)
    assert refusals(reluth, facts, corrected) == [
        "occurred_on: This date is after “Randomisation” (2024-01-31), which can only follow it."
    ]


def test_an_end_of_treatment_is_corrected_but_not_to_a_day_after_a_death(
    reluth: Protocol, event: Recorder
) -> None:
    facts = Facts(
        enrolled_on=date(2024, 1, 10),
        randomised_on=date(2024, 1, 31),
        arm="LUTATHERA",
        died_on=date(2024, 9, 1),
    )
    assert refusals(reluth, facts, event("treatment_ended", "2024-09-01", supersedes_id=3)) == []
    assert refusals(reluth, facts, event("treatment_ended", "2024-09-02", supersedes_id=3)) == [
        "occurred_on: This date is after “Death” (2024-09-01)."
    ]


def test_a_death_is_not_dated_before_a_second_progression(reluth: Protocol, event: Recorder) -> None:
    facts = fold_events(
        [
            event("enrolled", "2024-01-10"),
            event("randomised", "2024-01-31", details={"arm": "LUTATHERA"}),
            event("progressed", "2024-05-01"),
            event("progressed", "2024-08-01"),
        ]
    )
    assert refusals(reluth, facts, event("died", "2024-07-01")) == [
        "occurred_on: This date is before “Progression” (2024-08-01)."
    ]


def test_only_an_event_that_may_lie_ahead_is_recorded_for_a_day_to_come(event: Recorder) -> None:
    surgery = load_protocol("example-surgery")
    facts = Facts(enrolled_on=date(2024, 11, 20))
    assert refusals(surgery, facts, event("surgery_planned", "2025-01-15")) == []
    assert refusals(surgery, facts, event("surgery", "2025-01-15")) == [
        "occurred_on: This date is in the future."
    ]
    assert refusals(surgery, facts, event("surgery_planned", "2024-11-19")) == [
        "occurred_on: This date is before “Enrolment (consent signed)” (2024-11-20)."
    ]


def test_a_pause_ends_two_years_from_now_at_most(reluth: Protocol, event: Recorder) -> None:
    until = {"details": {"until": "2026-12-02"}}
    assert refusals(reluth, RANDOMISED, event("paused", "2024-06-01", **until)) == []
    for later in ("2026-12-03", "9999-12-31"):
        assert refusals(reluth, RANDOMISED, event("paused", "2024-06-01", details={"until": later})) == [
            "until: A pause ends two years from now at most. You can record “No more messages” instead."
        ]
    assert refusals(reluth, RANDOMISED, event("paused", "9999-12-31", **until)) != []


def test_a_stop_that_was_resumed_and_holds_again_can_be_corrected(reluth: Protocol, event: Recorder) -> None:
    lost = event("lost", "2024-01-20")
    others = [
        event("enrolled", "2024-01-10"),
        event("resumed", "2024-02-10", details={"of": "lost"}),
        event("lost", "2024-04-01"),
    ]
    correction = event("lost", "2024-01-21", supersedes_id=lost.id)
    assert refusals(reluth, fold_events(others), correction) == []
    assert refusals(reluth, fold_events(others), event("lost", "2024-05-01")) != []
