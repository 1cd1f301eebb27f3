from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import event, select

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotFound
from pro_app.services.site_tasks import (
    SiteTaskLine,
    count_tasks,
    count_tasks_by_site,
    list_tasks_of_participant,
    list_tasks_of_sites,
)
from pro_app.services.task_history import list_recorded_tasks
from pro_app.services.task_matters import SOURCES
from pro_app.services.task_records import GONE, TaskSaid, record_task
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.site_tasks import SiteTaskRecord

# Surveillance from Monday 5 January 2026 that ended on 1 March: week 8 is open from 23 February to 9 March
# and called about from 4 March; the visit at 2 years is open from 31 January to 1 April 2028.
RANDOMISED, ENDED = date(2026, 1, 5), date(2026, 3, 1)
CALL_DAY = date(2026, 3, 4)
CHECK_DAY, CHECK_OPENS = date(2028, 1, 20), date(2028, 1, 31)


def a_participant(clinic: Clinic, **changes: object) -> int:
    participant_id = clinic.enrol(RANDOMISED, **changes)
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.record(participant_id, "treatment_ended", ENDED)
    clinic.answer(participant_id, "BASELINE", RANDOMISED)
    return participant_id


def tasks(
    clinic: Clinic, day: date, *, actor: Actor | None = None, site_ids: list[int] | None = None
) -> list[SiteTaskLine]:
    with clinic.database.reading() as session:
        return list_tasks_of_sites(
            session, site_ids=site_ids, actor=actor or clinic.nurse, language="en", now=noon(day)
        )


def keys(clinic: Clinic, day: date) -> list[str]:
    return [line.task.task_key for line in tasks(clinic, day)]


def record(clinic: Clinic, key: str, outcome: str, *, on: date, note: str = "", minutes: int = 0) -> int:
    with clinic.writing() as session:
        now = noon(on) + timedelta(minutes=minutes)
        return record_task(session, key, said=TaskSaid(outcome, note), actor=clinic.nurse, now=now).id


def count_records(clinic: Clinic) -> int:
    with clinic.database.reading() as session:
        return len(session.scalars(select(SiteTaskRecord)).all())


def test_a_call_names_who_why_and_until_when(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    (line,) = [line for line in tasks(clinic, CALL_DAY) if line.task.kind == "call"]
    assert line.task.task_key == f"call:{participant_id}:W08:site-call:1"
    assert (line.participant_code, line.visit_label, line.task.why) == ("15-001", "Week 8", "not_started")
    assert (line.task.since_on, line.task.until_on, line.messages) == (CALL_DAY, date(2026, 3, 9), "sent")


def test_an_answer_takes_the_call_away_without_a_job_having_run(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    assert keys(clinic, CALL_DAY)
    clinic.answer(participant_id, "W08", CALL_DAY)
    assert keys(clinic, CALL_DAY) == []


def test_what_was_done_is_kept_told_to_the_trail_and_settles_the_task(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    record(clinic, key, "reached", on=CALL_DAY, note=" va répondre ce soir ")
    assert keys(clinic, CALL_DAY) == []
    with clinic.database.reading() as session:
        (done,) = list_recorded_tasks(session, participant_id, actor=clinic.nurse, language="en", most=5)
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        items = session.get_one(AuditPayload, entry.id).items
    assert (done.kind, done.visit_label, done.outcome, done.note, done.by) == (
        "call", "Week 8", "reached", "va répondre ce soir", "Member 0",
    )  # fmt: skip
    assert (entry.action, entry.subject_ref) == ("task.record", f"participant:{participant_id}")
    assert {item["field"]: item["after"] for item in items} == {
        "task": key,
        "outcome": "reached",
        "note": "va répondre ce soir",
    }


def test_somebody_who_was_not_reached_is_on_the_list_again_the_next_day(clinic: Clinic) -> None:
    a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    record(clinic, key, "not_reached", on=CALL_DAY)
    assert (keys(clinic, CALL_DAY), keys(clinic, CALL_DAY + timedelta(days=1))) == ([], [key])


def test_the_same_form_sent_twice_is_one_record(clinic: Clinic) -> None:
    a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    assert record(clinic, key, "reached", on=CALL_DAY) == record(
        clinic, key, "reached", on=CALL_DAY, minutes=1
    )
    assert count_records(clinic) == 1


@pytest.mark.parametrize("outcome", ["reached", "not_reached"])
def test_nothing_is_recorded_about_a_task_that_is_gone(clinic: Clinic, outcome: str) -> None:
    participant_id = a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    clinic.answer(participant_id, "W08", CALL_DAY)
    with pytest.raises(InputRejected) as refused:
        record(clinic, key, outcome, on=CALL_DAY)
    assert [problem.message for problem in refused.value.problems] == [GONE]
    assert count_records(clinic) == 0


@pytest.mark.parametrize(
    ("outcome", "note", "place"), [("done", "", "outcome"), ("reached", "x" * 501, "note")]
)
def test_what_is_no_outcome_and_what_is_too_long_is_refused_at_its_field(
    clinic: Clinic, *, outcome: str, note: str, place: str
) -> None:
    a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    with pytest.raises(InputRejected) as refused:
        record(clinic, key, outcome, on=CALL_DAY, note=note)
    assert [problem.place for problem in refused.value.problems] == [place]
    assert count_records(clinic) == 0


@pytest.mark.parametrize("key", ["", "call", "call:x:W08", "call:999999:W08", f"call:{'9' * 30}:W08"])
def test_a_key_that_names_nobody_is_no_task(clinic: Clinic, key: str) -> None:
    with pytest.raises(NotFound):
        record(clinic, key, "reached", on=CALL_DAY)
    assert count_records(clinic) == 0


def test_another_site_sees_neither_the_task_nor_its_record(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    (key,) = keys(clinic, CALL_DAY)
    assert tasks(clinic, CALL_DAY, actor=clinic.other_nurse) == []
    assert tasks(clinic, CALL_DAY, actor=clinic.other_nurse, site_ids=[clinic.site_id]) == []
    with clinic.writing() as session:
        for call in (
            lambda: record_task(
                session, key, said=TaskSaid("reached"), actor=clinic.other_nurse, now=noon(CALL_DAY)
            ),
            lambda: list_tasks_of_participant(
                session, participant_id, actor=clinic.other_nurse, language="fr", now=noon(CALL_DAY)
            ),
        ):
            with pytest.raises(NotFound):
                call()


def test_the_coordinator_counts_the_tasks_of_each_site(clinic: Clinic) -> None:
    a_participant(clinic)
    with clinic.database.reading() as session:
        counts = count_tasks_by_site(session, actor=clinic.coordinator, now=noon(CALL_DAY))
        own = count_tasks(session, actor=clinic.nurse, now=noon(CALL_DAY))
        others = count_tasks(session, actor=clinic.other_nurse, now=noon(CALL_DAY))
    assert [(count.site_name, count.total, count.by_kind) for count in counts] == [
        ("Centre 15", 1, {"call": 1}),
        ("Centre 16", 0, {}),
    ]
    assert (own, others) == (1, 0)


def invitation(clinic: Clinic, participant_id: int) -> tuple[str, datetime]:
    with clinic.database.reading() as session:
        found = [
            (row.state, row.attempt_at)
            for row, visit in list_messages_with_visits(session, participant_id)
            if (visit, row.rule_code) == ("Y2", "invitation") and row.state == "planned"
        ]
    (only,) = found
    return only


@pytest.mark.parametrize(
    ("outcome", "invited_on"),
    [
        ("confirmed", CHECK_OPENS),
        ("contacts_corrected", CHECK_OPENS),
        ("not_reached", CHECK_OPENS + timedelta(days=7)),
    ],
)
def test_a_check_that_is_recorded_lets_the_waiting_invitation_go(
    clinic: Clinic, outcome: str, invited_on: date
) -> None:
    participant_id = a_participant(clinic)
    clinic.record(participant_id, "progressed", date(2028, 1, 10))  # it plans anew, and waits
    key = f"check_status_and_contacts:{participant_id}:Y2"
    assert key in keys(clinic, CHECK_DAY)
    waits_until = invitation(clinic, participant_id)[1]
    record(clinic, key, outcome, on=CHECK_DAY)
    due = invitation(clinic, participant_id)[1]
    assert waits_until.date() == date(2028, 2, 7)
    assert due == datetime(invited_on.year, invited_on.month, invited_on.day, 9, tzinfo=UTC)
    assert (key in keys(clinic, CHECK_DAY)) is False


def a_stop(clinic: Clinic, participant_id: int, reason: str = "unsubscribed") -> int:
    with clinic.writing() as session:
        stop = ChannelStop(
            participant_id=participant_id, channel="email", reason=reason, since_at=noon(date(2026, 3, 2))
        )
        session.add(stop)
        session.flush()
        return stop.id


def stop_of(clinic: Clinic, stop_id: int) -> ChannelStop:
    with clinic.database.reading() as session:
        return session.get_one(ChannelStop, stop_id)


def test_a_resting_channel_goes_on_once_the_patient_agrees(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    stop_id = a_stop(clinic, participant_id)
    key = f"channel:{participant_id}:{stop_id}"
    record(clinic, key, "ways_back", on=date(2026, 3, 3))
    lifted = stop_of(clinic, stop_id)
    assert (lifted.lifted_at, lifted.lifted_by_id) == (noon(date(2026, 3, 3)), clinic.nurse.account_id)
    assert key not in keys(clinic, date(2026, 3, 3))


def test_a_channel_that_stays_off_is_settled_and_rests_on(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    stop_id = a_stop(clinic, participant_id)
    record(clinic, f"channel:{participant_id}:{stop_id}", "stays_off", on=date(2026, 3, 3))
    assert stop_of(clinic, stop_id).lifted_at is None
    assert keys(clinic, date(2026, 3, 3)) == []


def test_nothing_is_asked_about_somebody_who_died(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    a_stop(clinic, participant_id)
    assert len(keys(clinic, CALL_DAY)) == 2
    clinic.record(participant_id, "died", CALL_DAY)
    assert [keys(clinic, day) for day in (CALL_DAY, CHECK_DAY)] == [[], []]


def test_the_missing_end_of_surveillance_is_asked_for(clinic: Clinic) -> None:
    participant_id = clinic.enrol(RANDOMISED)
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    (line,) = [line for line in tasks(clinic, date(2026, 7, 6)) if line.task.kind == "record_date"]
    assert (line.event_label, line.task.since_on) == ("End of the surveillance period", date(2026, 7, 5))


def test_the_most_urgent_task_comes_first(clinic: Clinic) -> None:
    a_participant(clinic)
    other = clinic.enrol(date(2026, 2, 27), participant_code="15-002", email="b@example.fr")
    lines = tasks(clinic, CALL_DAY)
    assert [(line.participant_code, line.task.until_on) for line in lines] == [
        ("15-001", date(2026, 3, 9)),
        ("15-002", None),
    ]
    assert lines[1].task.participant_id == other


def test_the_number_of_queries_does_not_grow_with_the_participants(clinic: Clinic) -> None:
    a_participant(clinic)
    few = count_statements(clinic)
    for number in range(2, 6):
        a_participant(clinic, participant_code=f"15-00{number}", email=None, telephone=None)
    assert count_statements(clinic) == few <= 14 + 2 * len(SOURCES)


def count_statements(clinic: Clinic) -> int:
    tasks(clinic, CALL_DAY)  # the protocol is read once
    seen: list[str] = []

    def note(*given: object) -> None:
        seen.append(str(given[2]))

    event.listen(clinic.database.engine, "before_cursor_execute", note)
    try:
        assert tasks(clinic, CALL_DAY)
    finally:
        event.remove(clinic.database.engine, "before_cursor_execute", note)
    return len([statement for statement in seen if statement.startswith("SELECT")])
