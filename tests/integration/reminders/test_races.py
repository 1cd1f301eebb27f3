"""Dispatchers that race each other and the services, in threads over one real database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from time import perf_counter, sleep

import pytest
from clinic_world import Clinic, build_clinic, noon
from reminders_world import MailServer, list_rows
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.reminders.outbox import cancel_reminders
from pro_app.reminders.outbox import list_rows as list_outbox_rows
from pro_app.reminders.outbox.claims import ClaimedMessage, claim_next
from pro_app.services.events import record_event
from pro_app.services.submission import submit_assessment
from pro_app.storage.database import open_database
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.queries.plans import list_current_plan
from pro_app.storage.tables.outbox import OutboxMessage

DUE_AT = datetime(2026, 1, 7, 9, tzinfo=UTC)
"""When the reminder of the first form is due to everyone enrolled on Monday 5 January 2026."""
W08_OPEN_ON = date(2026, 3, 3)


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


@pytest.fixture
def planned(postgres_url: str, vault: ContactVault) -> Iterator[tuple[Clinic, int, int, int]]:
    """Give a clinic on PostgreSQL, somebody in it, an open form of theirs, and the first message about it.

    That message was put off once, so that PostgreSQL, unasked, comes to it last of all.
    """
    clinic = build_clinic(open_database(postgres_url), vault)
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    assessment_id = clinic.answer(participant_id, "W08", W08_OPEN_ON, submit=False)
    rows = [row for row in list_rows(clinic.database, visit="W08") if row.state == "planned"]
    first = min(row.id for row in rows)
    with clinic.writing() as session:
        later = next(row.attempt_at for row in rows if row.id == first) + timedelta(hours=1)
        session.execute(update(OutboxMessage).where(OutboxMessage.id == first).values(attempt_at=later))
    yield clinic, participant_id, assessment_id, first
    clinic.database.engine.dispose()


def meet(
    clinic: Clinic, first: int, *, act: Callable[[Session], object], plan: Callable[[Session], object]
) -> None:
    """Let one act begin while another one, that has the first message in hand, goes on to plan anew."""
    has_first = threading.Event()

    def plan_anew() -> None:
        with clinic.writing() as session:
            plan(session)
            session.execute(select(OutboxMessage.id).where(OutboxMessage.id == first).with_for_update())
            has_first.set()
            sleep(0.5)  # the other one goes as far as it can
            list_current_plan(session, participant_of(session, first), lock=True)
            list_outbox_rows(session, participant_of(session, first), lock=True)

    def act_meanwhile() -> None:
        has_first.wait(10)
        with clinic.writing() as session:
            act(session)

    run_at_once(plan_anew, act_meanwhile)


def participant_of(session: Session, message_id: int) -> int:
    return session.get_one(OutboxMessage, message_id).participant_id


def test_sending_a_form_and_planning_anew_never_wait_for_each_other_in_a_circle(
    planned: tuple[Clinic, int, int, int],
) -> None:
    clinic, participant_id, assessment_id, first = planned
    actor = clinic.person(participant_id)
    meet(
        clinic,
        first,
        act=lambda session: submit_assessment(
            session, assessment_id=assessment_id, respondent="self", actor=actor, now=noon(W08_OPEN_ON)
        ),
        plan=lambda session: find_participant(session, participant_id, lock=True),
    )
    states = {row.state for row in list_rows(clinic.database, visit="W08")}
    assert states == {"cancelled"}


def test_messages_are_withdrawn_in_the_order_in_which_they_are_planned(
    planned: tuple[Clinic, int, int, int],
) -> None:
    clinic, _, assessment_id, first = planned
    meet(
        clinic,
        first,
        act=lambda session: cancel_reminders(
            session, reason="submitted", now=noon(W08_OPEN_ON), assessment_id=assessment_id
        ),
        plan=lambda _session: None,
    )
    assert {row.state for row in list_rows(clinic.database, visit="W08")} == {"cancelled"}
