"""Four real workers on PostgreSQL, killed and frozen; a mail server that refuses, delays and falls silent."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest
from clinic_world import build_clinic
from reminders_world import list_rows
from worker_crowd import Crowd, FastClock, UnreliableServer, wait_until

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.dispatch import message_id, open_post_office
from pro_app.services.leadership import find_leader
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database
from pro_app.storage.tables.outbox import OutboxMessage

PEOPLE = 100
WORKERS = 4
KILLS = 12
SPEED = 60.0
"""An hour of the workers' time is a minute of ours, so that back-offs of minutes can be waited for."""
INVITED_AT = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
LONGEST_S = 240


@pytest.fixture
def invited(postgres_settings: Settings) -> Iterator[Database]:
    """Plan an invitation for every one of many people, all due at the same moment."""
    database = open_database(postgres_settings.database_url)
    vault = ContactVault(
        open_database(postgres_settings.contacts_database_url), postgres_settings.contacts_key
    )
    clinic = build_clinic(database, vault)
    for number in range(PEOPLE):
        code, email = f"15-{number:03}", f"personne@centre-{number}.example"
        participant_id = clinic.enrol(date(2026, 1, 5), participant_code=code, email=email, telephone=None)
        clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    yield database
    database.engine.dispose()
    vault.database.engine.dispose()


def test_every_message_arrives_once_however_workers_and_mail_server_behave(
    postgres_settings: Settings, invited: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(20260302)  # noqa: S311 -- play, not secrets
    with UnreliableServer(Random(1)) as server:  # noqa: S311 -- play, not secrets
        settings = replace(postgres_settings, mail_url=f"smtp://127.0.0.1:{server.port}")
        crowd = Crowd(settings, FastClock(INVITED_AT, SPEED))
        try:
            for _ in range(WORKERS):
                crowd.start()
            wait_until(lambda: len(server.accepted) > 3, seconds=LONGEST_S)
            in_hand = freeze_the_leader(crowd, invited)
            for _ in range(KILLS):
                time.sleep(random.uniform(0.2, 0.8))
                in_hand += kill_one(crowd, invited, random)
            wait_until_settled(invited)
        finally:
            crowd.stop()
        rows = name_rows(settings, [row for row in list_rows(invited, visit="W08") if row.attempts])
        states = dict(Counter(row.state for row in rows.values()))
        with capsys.disabled():
            print(  # noqa: T201 -- the figures are what one runs it for
                f"\n{len(rows)} messages, {states}; the server refused {server.refused.total()}, took "
                f"{server.accepted.total()} and fell silent after {server.dropped.total()}; {KILLS} kills"
            )
        assert len(rows) == PEOPLE
        assert set(server.accepted) <= set(rows)
        assert set(states) <= {"sent", "unknown"}
        assert [name for name, row in rows.items() if row.state == "sent" and not server.accepted[name]] == []
        assert max(server.accepted.values()) <= 2
        # What was in the hands of a killed or frozen worker is as open as a dropped acknowledgement.
        doubled = {name for name, copies in server.accepted.items() if copies > 1}
        assert doubled <= set(server.dropped) | set(name_rows(settings, in_hand))


def freeze_the_leader(crowd: Crowd, database: Database) -> list[OutboxMessage]:
    """Stop the leader until another one leads under a later term, then let it go on."""
    holder, term = wait_for_lead(crowd, database, later_than=0)
    frozen = crowd.find(int(holder.rsplit("-", 2)[1]))
    frozen.send_signal(signal.SIGSTOP)
    in_hand = list_claimed(database)
    successor, _ = wait_for_lead(crowd, database, later_than=term)
    assert successor != holder
    in_hand += list_claimed(database)
    frozen.send_signal(signal.SIGCONT)
    return in_hand


def kill_one(crowd: Crowd, database: Database, random: Random) -> list[OutboxMessage]:
    """Kill any worker; gives what may have been in its hands."""
    before = list_claimed(database)
    crowd.kill(random.choice(crowd.workers))
    return before + list_claimed(database)


def wait_for_lead(crowd: Crowd, database: Database, *, later_than: int) -> tuple[str, int]:
    """Wait until somebody leads under a later term; on a busy machine a lease runs out now and then."""
    seen: list[tuple[str, int]] = []

    def leads() -> bool:
        seen.append(read_lead(database, crowd))
        return seen[-1][1] > later_than

    wait_until(leads, seconds=LONGEST_S)
    return seen[-1]


def read_lead(database: Database, crowd: Crowd) -> tuple[str, int]:
    """Give who leads now and under which term; an empty name where nobody does."""
    with database.reading() as session:
        lease = find_leader(session, now=crowd.clock())
    return ("", 0) if lease is None else (lease.holder, lease.term)


def list_claimed(database: Database) -> list[OutboxMessage]:
    return [row for row in list_rows(database) if row.state == "claimed"]


def wait_until_settled(database: Database) -> None:
    """Wait until every invitation is settled; a failure shows what those that are not wait for."""
    deadline = time.monotonic() + LONGEST_S
    while unfinished := list_unfinished(database):
        waiting = [(row.state, row.attempts, row.attempt_at, row.outcome_reason) for row in unfinished]
        assert time.monotonic() < deadline, f"not settled after {LONGEST_S} s: {waiting}"
        time.sleep(1)  # Looking takes time that the workers need.


def list_unfinished(database: Database) -> list[OutboxMessage]:
    """List the invitations that are not settled yet."""
    rows = [row for row in list_rows(database, visit="W08") if row.rule_code == "invitation"]
    return [row for row in rows if row.state in {"planned", "claimed"}]


def name_rows(settings: Settings, rows: list[OutboxMessage]) -> dict[str, OutboxMessage]:
    """Give the rows by the Message-ID under which they go out."""
    office = open_post_office(settings)
    try:
        return {message_id(office, row.message_key): row for row in rows}
    finally:
        office.close()
