"""Claiming one message: who is passed by, what is compared, and what it costs however many wait."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, build_clinic
from reminders_world import Post, list_rows
from sqlalchemy import Select, text
from sqlalchemy.dialects import postgresql

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.outbox import cancel_reminders
from pro_app.reminders.outbox.attempts import ClaimedMessage, Outcome
from pro_app.reminders.outbox.claims import claim_next, select_due, select_lost
from pro_app.reminders.outbox.outcomes import record_outcome
from pro_app.storage.database import Session, open_database
from pro_app.storage.queries.outbox import list_overdue
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.outbox import OutboxMessage

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
REMINDER_DUE_AT = datetime(2026, 1, 7, 9, tzinfo=UTC)
MANY = 20_000
LONG_AFTER = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_of_two_visits_due_at_once_one_is_told_whichever_is_looked_at_first(post: Post, minutes: int) -> None:
    with post.clinic.writing() as session:
        for row in list_rows(post.clinic.database, visit="W16"):
            if row.rule_code == "invitation":
                other = session.get_one(OutboxMessage, row.id)
                other.due_at, other.attempt_at = INVITED_AT, INVITED_AT + timedelta(minutes=minutes)
    late = INVITED_AT + timedelta(minutes=10)
    assert post.dispatch(late) == {"sent": 1, "cancelled": 1}
    assert post.rows("W08")["invitation"].state == "sent"
    assert post.rows("W16")["invitation"].outcome_reason == "overtaken"


def test_messages_due_on_different_days_all_go(post: Post) -> None:
    with post.clinic.writing() as session:
        for row in list_rows(post.clinic.database, visit="W16"):
            if row.rule_code == "invitation":
                other = session.get_one(OutboxMessage, row.id)
                other.due_at = other.attempt_at = INVITED_AT + timedelta(days=1)
    assert post.dispatch(INVITED_AT) == {"sent": 1}
    assert post.dispatch(INVITED_AT + timedelta(days=1)) == {"sent": 1}


def enrol(clinic: Clinic, code: str) -> int:
    return clinic.enrol(date(2026, 1, 5), participant_code=code, email=f"{code}@example.fr")


@pytest.fixture
def postgres_clinic(postgres_url: str, vault: ContactVault) -> Iterator[Clinic]:
    """Give a clinic on PostgreSQL, where writers do not wait in one queue."""
    clinic = build_clinic(open_database(postgres_url), vault)
    yield clinic
    clinic.database.engine.dispose()


def test_somebody_whose_record_is_being_changed_is_passed_by_and_others_are_not(
    postgres_clinic: Clinic,
) -> None:
    first, second = (enrol(postgres_clinic, code) for code in ("15-001", "15-002"))
    with postgres_clinic.writing() as changing:
        find_participant(changing, first, lock=True)
        with postgres_clinic.writing() as claiming:
            claimed = claim_next(claiming, claim_token="one", now=REMINDER_DUE_AT)
            assert isinstance(claimed, ClaimedMessage)
            assert claimed.participant_id == second
        with postgres_clinic.writing() as claiming:
            assert claim_next(claiming, claim_token="two", now=REMINDER_DUE_AT) is None
    with postgres_clinic.writing() as claiming:
        claimed = claim_next(claiming, claim_token="three", now=REMINDER_DUE_AT)
        assert isinstance(claimed, ClaimedMessage)
        assert claimed.participant_id == first


def test_a_stop_waits_for_a_claim_that_was_first_and_then_leaves_it_in_hand(postgres_clinic: Clinic) -> None:
    person = enrol(postgres_clinic, "15-001")
    ended: list[str] = []

    def stop() -> None:
        postgres_clinic.record(person, "left", date(2026, 1, 7))
        ended.append("stopped")

    with postgres_clinic.writing() as claiming:
        assert isinstance(claim_next(claiming, claim_token="one", now=REMINDER_DUE_AT), ClaimedMessage)
        stopping = threading.Thread(target=stop)
        stopping.start()
        stopping.join(0.5)
        ended.append("claimed")
    stopping.join(10)
    assert ended == ["claimed", "stopped"]
    assert [row.state for row in list_rows(postgres_clinic.database)] == ["claimed"]


def test_an_outcome_and_a_stop_that_meet_do_not_wait_for_each_other_in_a_circle(
    postgres_clinic: Clinic,
) -> None:
    person = enrol(postgres_clinic, "15-001")
    with postgres_clinic.writing() as claiming:
        claimed = claim_next(claiming, claim_token="one", now=REMINDER_DUE_AT)
    assert isinstance(claimed, ClaimedMessage)
    recorded: list[str | None] = []

    def record() -> None:
        with postgres_clinic.writing() as session:
            refused = Outcome("undeliverable", "smtp_550")
            recorded.append(
                record_outcome(
                    session, claimed, refused, usable_channels={"email", "sms"}, now=REMINDER_DUE_AT
                )
            )

    with postgres_clinic.writing() as stopping:
        find_participant(stopping, person, lock=True)
        recording = threading.Thread(target=record)
        recording.start()
        recording.join(0.5)
        cancel_reminders(stopping, reason="left", now=REMINDER_DUE_AT, participant_id=person)
    recording.join(10)
    assert recorded == ["failed"]


def add_many_planned(session: Session, number: int, *, due_at: datetime) -> None:
    """Add messages that are due at one time, as copies of one that is there."""
    columns = [column.name for column in OutboxMessage.__table__.columns if column.name != "id"]
    changed = {
        "message_key": "message_key || ':' || numbers.n",
        "attempt_at": ":due_at",
        "due_at": ":due_at",
    }
    chosen = ", ".join(changed.get(name, name) for name in columns)
    session.execute(
        text(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :number) "
            f"INSERT INTO outbox_messages ({', '.join(columns)}) SELECT {chosen} "
            "FROM (SELECT * FROM outbox_messages LIMIT 1) AS one, numbers"
        ),
        {"number": number, "due_at": due_at},
    )


def explain_claim(session: Session, statement: Select[OutboxMessage]) -> str:
    """Give PostgreSQL's plan of one claim."""
    locked = statement.limit(1).with_for_update(skip_locked=True, key_share=True)
    compiled = locked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return "\n".join(row[0] for row in session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {compiled}")))


@pytest.mark.parametrize("select", [select_due, select_lost])
def test_what_is_due_is_found_through_the_index_on_postgresql_too(
    postgres_clinic: Clinic,
    analyse_postgres: Callable[[], None],
    select: Callable[[datetime], Select[OutboxMessage]],
) -> None:
    enrol(postgres_clinic, "15-001")
    with postgres_clinic.writing() as session:
        add_many_planned(session, MANY, due_at=LONG_AFTER)
    analyse_postgres()
    with postgres_clinic.writing() as session:
        plan = explain_claim(session, select(REMINDER_DUE_AT))
    assert "ix_outbox_messages_state_attempt_at" in plan
    assert "Seq Scan on outbox_messages" not in plan


def test_a_long_queue_of_due_messages_is_not_sorted_for_each_claim(
    postgres_clinic: Clinic, analyse_postgres: Callable[[], None]
) -> None:
    enrol(postgres_clinic, "15-001")
    with postgres_clinic.writing() as session:
        add_many_planned(session, MANY, due_at=REMINDER_DUE_AT)
    analyse_postgres()
    with postgres_clinic.writing() as session:
        plan = explain_claim(session, select_due(REMINDER_DUE_AT))
    assert "ix_outbox_messages_state_attempt_at" in plan
    assert "Sort" not in plan


def test_however_many_messages_wait_the_due_one_goes_and_no_other_is_overdue(post: Post) -> None:
    with post.clinic.writing() as session:
        add_many_planned(session, 2_000, due_at=LONG_AFTER)
    assert post.dispatch(INVITED_AT) == {"sent": 1}
    with post.clinic.database.reading() as session:
        assert list_overdue(session, now=INVITED_AT, grace=timedelta(0)) == []
