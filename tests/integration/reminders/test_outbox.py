from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from reminders_world import list_rows, states

from pro_app.reminders.outbox import cancel_reminders, enqueue_test_message, replan_reminders
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

ENROLLED_ON = date(2026, 1, 5)
RANDOMISED_ON = date(2026, 1, 12)
W08_OPENS_ON = date(2026, 3, 2)
STOPS = ("messages_stopped", "questionnaires_stopped", "lost", "left", "died")
CONTACT_VALUES = ("dupont", "example.fr", "612345678", "06 12")


def randomise(clinic: Clinic, *, at: date | None = None) -> int:
    """Enrol, send the first form and randomise into surveillance, recorded on the day or on `at`."""
    participant_id = clinic.enrol(ENROLLED_ON)
    clinic.answer(participant_id, "BASELINE", date(2026, 1, 6))
    clinic.record(participant_id, "randomised", RANDOMISED_ON, at=at, arm="SURVEILLANCE")
    return participant_id


def replan(clinic: Clinic, participant_id: int, now: datetime, *, hour: int | None = None) -> None:
    with clinic.writing() as session:
        participant = session.get_one(Participant, participant_id)
        participant.reminder_hour = hour or participant.reminder_hour
        replan_reminders(session, participant=participant, now=now)


def everything(rows: list[OutboxMessage]) -> list[dict[str, object]]:
    return [{name: getattr(row, name) for name in OutboxMessage.__table__.columns.keys()} for row in rows]  # noqa: SIM118 -- keys() is a column collection's own


def test_enrolment_enqueues_the_one_reminder_of_the_first_form(clinic: Clinic) -> None:
    clinic.enrol(ENROLLED_ON)
    (row,) = list_rows(clinic.database)
    assert (row.rule_code, row.template_code, row.state) == ("first-reminder", "reminder", "planned")
    assert row.due_at == row.attempt_at == datetime(2026, 1, 7, 9, tzinfo=UTC)
    assert row.expires_at is None


def test_randomisation_enqueues_every_message_of_every_visit_to_come(clinic: Clinic) -> None:
    randomise(clinic)
    due = {row.rule_code: row.due_at for row in list_rows(clinic.database, visit="W08")}
    assert due == {
        "invitation": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "resume": datetime(2026, 3, 5, 9, tzinfo=UTC),
        "first-reminder": datetime(2026, 3, 6, 9, tzinfo=UTC),
        "second-reminder": datetime(2026, 3, 10, 9, tzinfo=UTC),
        "last-call": datetime(2026, 3, 14, 9, tzinfo=UTC),
    }
    assert {row.message_key.split(":")[1] for row in list_rows(clinic.database)} == {
        *("BASELINE", "W08", "W16", "W24", "M03", "M06", "M09", "M12", "Y2", "Y3", "Y4", "Y5")
    }


def test_no_row_holds_a_contact(clinic: Clinic) -> None:
    randomise(clinic)
    written = repr(everything(list_rows(clinic.database))).lower()
    assert [value for value in CONTACT_VALUES if value in written] == []


def test_planning_again_changes_nothing(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    before = everything(list_rows(clinic.database))
    replan(clinic, participant_id, noon(date(2026, 3, 4)))
    assert everything(list_rows(clinic.database)) == before


def test_submission_withdraws_the_messages_of_that_visit_only(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    clinic.answer(participant_id, "W08", W08_OPENS_ON)
    assert set(states(clinic.database, visit="W08").values()) == {"cancelled"}
    assert {row.outcome_reason for row in list_rows(clinic.database, visit="W08")} == {"submitted"}
    assert set(states(clinic.database, visit="W16").values()) == {"planned"}


def test_what_was_past_when_it_came_to_be_planned_gets_no_message(clinic: Clinic) -> None:
    randomise(clinic, at=date(2026, 3, 20))
    assert list_rows(clinic.database, visit="W08") == []
    assert len(list_rows(clinic.database, visit="W16")) == 5


def test_a_window_that_is_open_already_gets_its_invitation_at_the_next_allowed_hour(clinic: Clinic) -> None:
    randomise(clinic, at=date(2026, 3, 7))
    due = {row.rule_code: row.due_at for row in list_rows(clinic.database, visit="W08")}
    assert due == {
        "invitation": noon(date(2026, 3, 7)),
        "second-reminder": datetime(2026, 3, 10, 9, tzinfo=UTC),
        "last-call": datetime(2026, 3, 14, 9, tzinfo=UTC),
    }


@pytest.mark.parametrize("kind", STOPS)
def test_every_way_of_stopping_withdraws_all_messages_in_the_same_commit(clinic: Clinic, kind: str) -> None:
    participant_id = randomise(clinic)
    clinic.record(participant_id, kind, date(2026, 2, 2))
    rows = [row for row in list_rows(clinic.database) if ":BASELINE:" not in row.message_key]
    assert {(row.state, row.outcome_reason) for row in rows} == {("cancelled", kind)}
    assert len(rows) > 50


def test_a_pause_withdraws_nothing(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    clinic.record(participant_id, "paused", date(2026, 2, 2), until="2026-03-04")
    assert set(states(clinic.database, visit="W08").values()) == {"planned"}


def test_who_comes_back_gets_what_is_still_to_come_and_nothing_of_what_was_missed(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    clinic.record(participant_id, "messages_stopped", date(2026, 2, 2))
    clinic.record(participant_id, "resumed", date(2026, 3, 20), of="messages_stopped")
    assert set(states(clinic.database, visit="W08").values()) == {"cancelled"}
    assert set(states(clinic.database, visit="W16").values()) == {"planned"}
    assert {row.finished_at for row in list_rows(clinic.database, visit="W16")} == {None}


def test_a_new_end_of_treatment_moves_the_messages_of_the_visits_that_count_from_it(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    old = {row.message_key for row in list_rows(clinic.database, visit="M03")}
    clinic.record(participant_id, "treatment_ended", date(2026, 4, 1), at=date(2026, 4, 2))
    rows = list_rows(clinic.database, visit="M03")
    assert {row.outcome_reason for row in rows if row.message_key in old} == {"plan_replaced"}
    new = {row.rule_code: row.due_at for row in rows if row.state == "planned"}
    assert new["invitation"] == datetime(2026, 6, 17, 8, tzinfo=UTC)
    assert {row.message_key.split(":")[3] for row in rows} == {"1", "2"}


def test_another_hour_moves_what_has_not_been_tried(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    replan(clinic, participant_id, noon(date(2026, 2, 2)), hour=18)
    assert {row.due_at.hour for row in list_rows(clinic.database, visit="W08")} == {17}
    assert all(row.attempt_at == row.due_at for row in list_rows(clinic.database, visit="W08"))


def test_an_hour_that_changes_while_a_message_is_due_does_not_hold_it_back(clinic: Clinic) -> None:
    participant_id = randomise(clinic)
    replan(clinic, participant_id, noon(W08_OPENS_ON), hour=18)
    assert list_rows(clinic.database, visit="W08")[0].due_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_withdrawing_needs_to_know_whose_messages(clinic: Clinic) -> None:
    with clinic.database.reading() as session, pytest.raises(ValueError, match="needs an assessment"):
        cancel_reminders(session, reason="x", now=noon(ENROLLED_ON))


def test_withdrawing_by_participant_leaves_the_others_alone(clinic: Clinic) -> None:
    first = clinic.enrol(ENROLLED_ON)
    clinic.enrol(ENROLLED_ON, participant_code="15-002", email="other@example.fr")
    with clinic.writing() as session:
        cancel_reminders(session, reason="asked", now=noon(ENROLLED_ON), participant_id=first)
    assert sorted((row.participant_id == first, row.state) for row in list_rows(clinic.database)) == [
        (False, "planned"),
        (True, "cancelled"),
    ]


def test_a_test_message_asked_for_twice_is_one_message_due_at_once(clinic: Clinic) -> None:
    participant_id = clinic.enrol(ENROLLED_ON)
    night = datetime(2026, 1, 5, 21, 30, tzinfo=UTC)
    for seconds in (0, 5):
        with clinic.writing() as session:
            participant = session.get_one(Participant, participant_id)
            enqueue_test_message(session, participant=participant, now=night + timedelta(seconds=seconds))
    tests = [row for row in list_rows(clinic.database) if row.rule_code == "test"]
    assert [(row.due_at, row.expires_at) for row in tests] == [(night, night + timedelta(hours=2))]
    replan(clinic, participant_id, night)
    assert states(clinic.database)["test"] == "planned"
