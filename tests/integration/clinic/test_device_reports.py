"""What a phone says that it still holds: kept as numbers, asked about at its site until it is empty."""

from datetime import date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected
from pro_app.services.device_reports import (
    HeldAnswers,
    has_open_report,
    parse_held_answers,
    record_held_answers,
)
from pro_app.services.site_tasks import SiteTaskLine, list_tasks_of_sites
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.device_reports import DeviceReport

ENROLLED, DAY = date(2026, 1, 5), date(2026, 1, 7)
THREE = HeldAnswers(waiting=2, refused=1, oldest_s=30 * 3600)
NOTHING = HeldAnswers(0, 0, 0)


@pytest.fixture
def person(clinic: Clinic) -> Actor:
    """Enrol somebody whose first questionnaire is open."""
    return clinic.person(clinic.enrol(ENROLLED))


def report(clinic: Clinic, person: Actor, held: HeldAnswers, *, at: datetime | None = None) -> None:
    with clinic.writing() as session:
        record_held_answers(session, held, actor=person, now=at or noon(DAY))


def unsent(clinic: Clinic, on: date, *, actor: Actor | None = None) -> list[SiteTaskLine]:
    with clinic.database.reading() as session:
        lines = list_tasks_of_sites(
            session, site_ids=None, actor=actor or clinic.nurse, language="en", now=noon(on)
        )
    return [line for line in lines if line.task.kind == "unsent_answers"]


def test_the_own_site_is_asked_to_look_at_the_phone_and_no_other_site(clinic: Clinic, person: Actor) -> None:
    report(clinic, person, THREE)
    (line,) = unsent(clinic, DAY)
    assert (line.task.held, line.task.since_on, line.task.until_on) == (3, date(2026, 1, 6), None)
    assert unsent(clinic, DAY, actor=clinic.other_nurse) == []


def test_the_task_goes_when_the_phone_has_nothing_left(clinic: Clinic, person: Actor) -> None:
    report(clinic, person, THREE)
    report(clinic, person, NOTHING, at=noon(DAY) + timedelta(hours=1))
    assert unsent(clinic, DAY) == []
    with clinic.database.reading() as session:
        (row,) = session.scalars(select(DeviceReport))
        assert row.resolved_at == noon(DAY) + timedelta(hours=1)
        assert not has_open_report(session, actor=person)


def test_the_same_word_again_is_no_second_entry_and_keeps_the_oldest_time(
    clinic: Clinic, person: Actor
) -> None:
    report(clinic, person, THREE)
    report(clinic, person, THREE, at=noon(DAY) + timedelta(hours=2))
    with clinic.database.reading() as session:
        (row,) = session.scalars(select(DeviceReport))
        entries = session.scalars(
            select(AuditPayload)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action == "device.report")
        ).all()
    assert row.oldest_at == noon(DAY) - timedelta(hours=30)
    assert row.reported_at == noon(DAY) + timedelta(hours=2)
    (entry,) = entries
    assert entry.items == [
        {"field": "waiting", "before": 0, "after": 2},
        {"field": "refused", "before": 0, "after": 1},
    ]


def test_nothing_held_and_nothing_said_before_leaves_no_trace(clinic: Clinic, person: Actor) -> None:
    report(clinic, person, NOTHING)
    with clinic.database.reading() as session:
        assert session.scalars(select(DeviceReport)).all() == []
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "device.report")).all() == []


def test_a_phone_that_is_lost_is_not_asked_about_again(clinic: Clinic, person: Actor) -> None:
    report(clinic, person, THREE)
    (line,) = unsent(clinic, DAY)
    with clinic.writing() as session:
        record_task(
            session, line.task.task_key, said=TaskSaid("phone_lost"), actor=clinic.nurse, now=noon(DAY)
        )
    assert unsent(clinic, date(2026, 3, 1)) == []


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {},
        {"waiting": -1, "refused": 0, "oldest_s": 0},
        {"waiting": True, "refused": 0, "oldest_s": 1},
        {"waiting": "2", "refused": 0, "oldest_s": 1},
        {"waiting": 10**9, "refused": 0, "oldest_s": 1},
    ],
)
def test_what_is_no_report_is_refused(sent: object) -> None:
    with pytest.raises(InputRejected):
        parse_held_answers(sent)


def test_a_phone_whose_clock_is_centuries_off_says_ten_years_at_most() -> None:
    held = parse_held_answers({"waiting": 1, "refused": 0, "oldest_s": 10**12})
    assert timedelta(seconds=held.oldest_s) == timedelta(days=3650)


def test_nobody_is_to_ask_somebody_who_died_to_open_the_app(clinic: Clinic, person: Actor) -> None:
    report(clinic, person, THREE)
    assert person.participant_id is not None
    clinic.record(person.participant_id, "died", DAY)
    assert unsent(clinic, DAY + timedelta(days=1)) == []


def test_a_lost_phone_that_turns_up_and_still_holds_answers_is_asked_about_anew(
    clinic: Clinic, person: Actor
) -> None:
    report(clinic, person, THREE)
    (line,) = unsent(clinic, DAY)
    with clinic.writing() as session:
        record_task(
            session, line.task.task_key, said=TaskSaid("phone_lost"), actor=clinic.nurse, now=noon(DAY)
        )
    with clinic.database.reading() as session:
        assert not has_open_report(session, actor=person)
    later = DAY + timedelta(days=30)
    report(clinic, person, HeldAnswers(40, 9, 60), at=noon(later))
    (again,) = unsent(clinic, later)
    assert (again.task.held, again.task.since_on) == (49, later)
    assert again.task.task_key != line.task.task_key
