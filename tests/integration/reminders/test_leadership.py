"""One worker leads: the lease, its terms, and what a worker writes that has been overtaken."""

from datetime import UTC, datetime, timedelta

import pytest
from conftest import SettableClock
from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.services.leadership import (
    LEASE,
    LONGEST_BELIEVED,
    Lead,
    LeadLost,
    claim_lead,
    find_leader,
    give_up_lead,
    require_lead,
)
from pro_app.storage.database import Database, open_database
from pro_app.storage.tables.worker import WorkerHeartbeat
from pro_app.worker import Leading

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOON = timedelta(seconds=10)


def claim(database: Database, holder: str, at: datetime) -> Lead | None:
    with database.writing() as session:
        return claim_lead(session, holder=holder, now=at)


def leave_a_trace(session: Session, now: datetime) -> None:
    session.merge(WorkerHeartbeat(name="trace", beat_at=now))


def write_as_leader(database: Database, lead: Lead) -> None:
    with database.writing() as session:
        leave_a_trace(session, NOW)
        require_lead(session, lead, now=NOW + SOON)


def find_trace(database: Database) -> WorkerHeartbeat | None:
    with database.reading() as session:
        return session.scalars(select(WorkerHeartbeat)).one_or_none()


def test_the_first_worker_leads_and_keeps_its_term_while_it_renews(database: Database) -> None:
    assert claim(database, "a", NOW) == Lead("a", 1)
    assert claim(database, "b", NOW + SOON) is None
    assert claim(database, "a", NOW + 2 * SOON) == Lead("a", 1)
    with database.reading() as session:
        leader = find_leader(session, now=NOW + LEASE + SOON)
        assert leader is not None
        assert (leader.holder, leader.lease_until) == ("a", NOW + 2 * SOON + LEASE)
        assert find_leader(session, now=NOW + 2 * SOON + LEASE) is None


def test_a_leader_that_says_nothing_is_followed_by_another_under_a_new_term(database: Database) -> None:
    claim(database, "a", NOW)
    assert claim(database, "b", NOW + LEASE - timedelta(microseconds=1)) is None
    assert claim(database, "b", NOW + LEASE) == Lead("b", 2)
    assert claim(database, "a", NOW + LEASE + SOON) is None


def test_a_leader_that_wakes_up_after_its_lease_comes_back_under_a_new_term(database: Database) -> None:
    claim(database, "a", NOW)
    assert claim(database, "a", NOW + 2 * LEASE) == Lead("a", 2)


def test_a_leader_that_stops_in_order_is_followed_at_once(database: Database) -> None:
    lead = claim(database, "a", NOW)
    assert lead is not None
    with database.writing() as session:
        give_up_lead(session, lead, now=NOW + SOON)
    assert claim(database, "b", NOW + SOON) == Lead("b", 2)


def test_a_clock_that_was_set_back_does_not_keep_the_others_from_leading(database: Database) -> None:
    claim(database, "a", NOW + timedelta(days=1))
    assert claim(database, "b", NOW) == Lead("b", 2)
    assert claim(database, "a", NOW + LONGEST_BELIEVED - LEASE) == Lead("a", 3)


@pytest.mark.parametrize("overtaken_by", ["another worker", "its own new term"])
def test_what_a_leader_writes_that_was_overtaken_is_rolled_back(
    database: Database, overtaken_by: str
) -> None:
    lead = claim(database, "a", NOW)
    assert lead is not None
    claim(database, "b" if overtaken_by == "another worker" else "a", NOW + LEASE)
    with pytest.raises(LeadLost):
        write_as_leader(database, lead)
    assert find_trace(database) is None


def test_what_a_leader_writes_after_its_lease_is_rolled_back_although_nobody_else_leads_yet(
    database: Database,
) -> None:
    lead = claim(database, "a", NOW + SOON - LEASE)
    assert lead is not None
    with pytest.raises(LeadLost):
        write_as_leader(database, lead)
    assert find_trace(database) is None


def test_a_chore_is_done_by_the_leader_alone_and_undone_when_the_lead_is_lost(database: Database) -> None:
    clock_of_a, clock_of_b = SettableClock(NOW), SettableClock(NOW)
    a = Leading(database, clock_of_a, holder="a")
    b = Leading(database, clock_of_b, holder="b")
    a.look()
    b.look()
    assert (a.run(leave_a_trace), b.run(leave_a_trace)) == (True, False)
    clock_of_b.now = NOW + LEASE  # a is frozen meanwhile
    b.look()
    assert a.lead is not None
    assert a.run(lambda session, now: leave_a_trace(session, now + SOON)) is False
    trace = find_trace(database)
    assert trace is not None
    assert trace.beat_at == NOW
    assert b.run(leave_a_trace)
    b.give_up()
    clock_of_a.now = clock_of_b.now
    a.look()
    assert a.lead == Lead("a", 3)


def test_a_leader_that_looks_while_its_own_chore_is_committed_goes_on_leading(postgres_url: str) -> None:
    database = open_database(postgres_url)
    clock = SettableClock(NOW)
    a, b = Leading(database, clock, holder="a"), Leading(database, clock, holder="b")
    a.look()
    leads: list[tuple[Lead | None, Lead | None]] = []
    with database.writing() as session:
        assert a.lead is not None
        require_lead(session, a.lead, now=NOW)
        for later in (SOON, LEASE):
            clock.now = NOW + later
            a.look()
            b.look()
            leads.append((a.lead, b.lead))
    assert leads == [(Lead("a", 1), None), (None, None)]
    a.look()
    assert a.lead == Lead("a", 2)
    database.engine.dispose()
