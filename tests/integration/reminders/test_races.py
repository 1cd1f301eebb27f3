"""Dispatchers that race each other and the services, in threads over one real database."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from time import perf_counter

from clinic_world import Clinic, build_clinic, noon
from reminders_world import MailServer, list_rows
from sqlalchemy import event

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.reminders.outbox.claims import ClaimedMessage, claim_next
from pro_app.services.events import record_event
from pro_app.storage.database import open_database

DUE_AT = datetime(2026, 1, 7, 9, tzinfo=UTC)
"""When the reminder of the first form is due to everyone enrolled on Monday 5 January 2026."""


def enrol_many(clinic: Clinic, number: int) -> list[int]:
    return [
        clinic.enrol(date(2026, 1, 5), participant_code=f"15-{index:03}", email=f"p{index}@example.fr")
        for index in range(number)
    ]


def run_at_once(*jobs: Callable[[], object]) -> None:
    """Run jobs in threads that start together; what one raises is raised here."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(run, jobs))


def test_of_four_dispatchers_that_race_each_message_is_sent_by_one(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enrol_many(clinic, 24)
    sent: list[int] = []
    run_at_once(
        *[lambda: sent.append(dispatch_due(office, clock=lambda: DUE_AT).count("sent")) for _ in range(4)]
    )
    assert sum(sent) == 24
    assert sorted(str(message["To"]) for message in mail_server.accepted) == sorted(
        f"p{index}@example.fr" for index in range(24)
    )
    assert {row.state for row in list_rows(clinic.database)} == {"sent"}


def test_a_stop_that_was_committed_before_the_claim_always_wins(clinic: Clinic) -> None:
    people = enrol_many(clinic, 30)
    stopped_at: dict[int, float] = {}
    claimed_from: dict[int, float] = {}

    def stop_everyone() -> None:
        for participant_id in reversed(people):
            clinic.record(participant_id, "left", date(2026, 1, 7))
            stopped_at[participant_id] = perf_counter()

    def claim_everything() -> None:
        owners = {row.id: row.participant_id for row in list_rows(clinic.database)}
        while True:
            began = perf_counter()
            with clinic.writing() as session:
                claimed = claim_next(session, claim_token="racing", now=DUE_AT)
            if claimed is None and len(stopped_at) == len(people):
                return
            if isinstance(claimed, ClaimedMessage):
                claimed_from[owners[claimed.message_id]] = began

    run_at_once(stop_everyone, claim_everything)
    assert [person for person in claimed_from if claimed_from[person] > stopped_at[person]] == []
    outcomes = {row.participant_id: row.state for row in list_rows(clinic.database)}
    assert {person for person, state in outcomes.items() if state == "claimed"} == set(claimed_from)
    assert set(outcomes.values()) <= {"claimed", "cancelled"}


def test_a_stop_whose_transaction_is_still_open_is_waited_for_or_passed_by(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    (participant_id,) = enrol_many(clinic, 1)
    has_withdrawn, may_commit = threading.Event(), threading.Event()
    began: list[str] = []

    def stop() -> None:
        with clinic.writing() as session:
            record_event(
                session,
                participant_id=participant_id,
                kind="messages_stopped",
                occurred_on=date(2026, 1, 7),
                details={},
                actor=clinic.nurse,
                now=noon(date(2026, 1, 7)),
            )
            has_withdrawn.set()
            may_commit.wait(10)

    def dispatch() -> None:
        has_withdrawn.wait(10)
        began.append("dispatch")
        threading.Timer(0.5, may_commit.set).start()
        dispatch_due(office, clock=lambda: DUE_AT)

    run_at_once(stop, dispatch)
    assert began == ["dispatch"]
    assert dispatch_due(office, clock=lambda: DUE_AT).states == {}
    assert mail_server.accepted == []
    assert [row.state for row in list_rows(clinic.database)] == ["cancelled"]


def test_what_is_due_is_found_through_the_index_however_many_messages_wait(
    sqlite_url: str, vault: ContactVault
) -> None:
    clinic = build_clinic(open_database(sqlite_url), vault)
    statements: list[str] = []
    event.listen(
        clinic.database.engine, "before_cursor_execute", lambda *told: statements.append(str(told[2]))
    )
    with clinic.writing() as session:
        assert claim_next(session, claim_token="looking", now=DUE_AT) is None
        looked = [statement for statement in statements if "FROM outbox_messages" in statement]
        plans = [
            str(
                session.connection()
                .exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("x", "x", 1, 0))
                .all()
            )
            for statement in looked
        ]
    clinic.database.engine.dispose()
    assert len(plans) == 2
    assert all("USING INDEX ix_outbox_messages_state_attempt_at (state=?" in plan for plan in plans)
