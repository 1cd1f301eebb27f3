"""Leaving and coming back, recorded late, corrected and taken back: messages, visits and reasons."""

from datetime import date

import pytest
from clinic_world import Clinic, noon

from pro_app.errors import InputRejected
from pro_app.services.events import Correction, correct_event
from pro_app.storage.queries.outbox import list_outbox

TAKEN_BACK_ON = date(2026, 6, 1)
"""The windows of W08 and W16 are over, that of M03 is not yet open."""


def start(clinic: Clinic) -> int:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 9), arm="LUTATHERA")
    return participant_id


def correct(clinic: Clinic, event_id: int, *, at: date, to: date | None = None) -> int:
    """Move an event, or take it back."""
    with clinic.writing() as session:
        correction = Correction("seen again", to)
        return correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(at)).id


def count_planned(clinic: Clinic, participant_id: int) -> int:
    with clinic.database.reading() as session:
        rows = list_outbox(session)
    return sum(row.state == "planned" for row in rows if row.participant_id == participant_id)


def reasons(clinic: Clinic, participant_id: int) -> list[str | None]:
    """Give why W08 and W16 are missing."""
    visits = clinic.assessments(participant_id)
    return [visits[code].reason_code for code in ("W08", "W16")]


@pytest.mark.parametrize("on", [date(2026, 2, 5), date(2026, 2, 9), date(2026, 2, 10)])
def test_no_message_stays_planned_after_a_stop_dated_before_an_older_resumption(
    clinic: Clinic, on: date
) -> None:
    participant_id = start(clinic)
    clinic.record(participant_id, "messages_stopped", date(2026, 1, 20))
    clinic.record(participant_id, "resumed", date(2026, 2, 10), of="messages_stopped")
    assert count_planned(clinic, participant_id) > 0
    clinic.record(participant_id, "messages_stopped", on, at=date(2026, 2, 11))
    assert count_planned(clinic, participant_id) == 0


def test_what_was_resumed_cannot_be_moved_beyond_it_and_can_be_corrected_after_a_second_time(
    clinic: Clinic,
) -> None:
    participant_id = start(clinic)
    lost = clinic.record(participant_id, "lost", date(2026, 1, 20))
    back = clinic.record(participant_id, "resumed", date(2026, 2, 10), of="lost")
    with pytest.raises(InputRejected):
        correct(clinic, lost, at=date(2026, 2, 21), to=date(2026, 2, 20))
    with pytest.raises(InputRejected):
        correct(clinic, lost, at=date(2026, 2, 21))
    lost = correct(clinic, lost, at=date(2026, 2, 21), to=date(2026, 2, 10))
    assert reasons(clinic, participant_id) == [None, None]
    clinic.record(participant_id, "lost", date(2026, 4, 1))
    correct(clinic, lost, at=date(2026, 4, 3), to=date(2026, 1, 21))
    clinic.record(participant_id, "resumed", date(2026, 4, 5), of="lost")
    with pytest.raises(InputRejected):
        correct(clinic, back, at=date(2026, 4, 6), to=date(2026, 4, 2))
    correct(clinic, back, at=date(2026, 4, 6), to=date(2026, 2, 12))


def test_a_loss_that_is_moved_to_the_day_of_its_resumption_stays_over(clinic: Clinic) -> None:
    participant_id = start(clinic)
    lost = clinic.record(participant_id, "lost", date(2026, 1, 20))
    clinic.record(participant_id, "resumed", date(2026, 2, 10), of="lost")
    correct(clinic, lost, at=date(2026, 2, 21), to=date(2026, 2, 10))
    assert {visit.reason_code for visit in clinic.assessments(participant_id).values()} == {None}


def test_visits_missed_because_a_resumption_was_recorded_late_say_so(clinic: Clinic) -> None:
    participant_id = start(clinic)
    clinic.record(participant_id, "lost", date(2026, 1, 20))
    clinic.record(participant_id, "resumed", date(2026, 2, 10), at=TAKEN_BACK_ON, of="lost")
    assert reasons(clinic, participant_id) == ["SITE_LATE_RECORDING"] * 2


@pytest.mark.parametrize("kind", ["lost", "questionnaires_stopped", "left", "died"])
def test_visits_that_a_mistake_kept_closed_are_not_missed_by_the_participant(
    clinic: Clinic, kind: str
) -> None:
    participant_id = start(clinic)
    event_id = clinic.record(participant_id, kind, date(2026, 1, 20))
    correct(clinic, event_id, at=TAKEN_BACK_ON)
    assert reasons(clinic, participant_id) == ["SITE_LATE_RECORDING"] * 2


def test_what_closed_while_somebody_was_lost_stays_missing_for_that_reason(clinic: Clinic) -> None:
    participant_id = start(clinic)
    clinic.record(participant_id, "lost", date(2026, 1, 20))
    clinic.record(participant_id, "resumed", date(2026, 4, 1), of="lost")
    assert reasons(clinic, participant_id) == ["LOST_TO_FOLLOW_UP", None]


def test_a_wrong_window_that_was_open_for_its_last_day_only_was_not_offered(clinic: Clinic) -> None:
    participant_id = start(clinic)
    # The wrong end puts M03 at 19 June to 17 July, known on its last day only; the right one much earlier.
    wrong = clinic.record(participant_id, "treatment_ended", date(2026, 4, 3), at=date(2026, 7, 17))
    correct(clinic, wrong, at=date(2026, 8, 20), to=date(2026, 2, 20))
    assert clinic.assessments(participant_id)["M03"].reason_code == "SITE_LATE_RECORDING"


@pytest.mark.parametrize("recorded_on", [date(2026, 7, 20), date(2026, 8, 3)])
def test_answers_stay_in_their_visit_whether_given_before_or_after_the_end_was_recorded(
    clinic: Clinic, recorded_on: date
) -> None:
    participant_id, answered_on = start(clinic), date(2026, 8, 1)
    if recorded_on < answered_on:
        end = clinic.record(participant_id, "treatment_ended", date(2026, 5, 2), at=recorded_on)
        clinic.answer(participant_id, "M03", answered_on)
    else:
        clinic.answer(participant_id, "M03", answered_on)
        assert clinic.assessments(participant_id)["M03"].provisional
        end = clinic.record(participant_id, "treatment_ended", date(2026, 5, 2), at=recorded_on)
    assert not clinic.assessments(participant_id)["M03"].provisional
    correct(clinic, end, at=date(2026, 8, 10), to=date(2026, 3, 25))
    assert clinic.assessments(participant_id)["M03"].submitted_at is not None


def test_a_visit_is_provisional_again_when_the_end_is_taken_back(clinic: Clinic) -> None:
    participant_id = start(clinic)
    clinic.answer(participant_id, "M03", date(2026, 8, 1))
    before = clinic.assessments(participant_id)["M03"]
    end = clinic.record(participant_id, "treatment_ended", date(2026, 5, 2), at=date(2026, 8, 3))
    correct(clinic, end, at=date(2026, 8, 4))
    after = clinic.assessments(participant_id)["M03"]
    assert (after.opens_on, after.closes_on, after.provisional) == (before.opens_on, before.closes_on, True)
