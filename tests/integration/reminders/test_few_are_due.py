"""What a tick asks for is found through an index, also once SQLite has statistics of a very large trial."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clinic_world import Clinic, build_clinic
from conftest import TEST_SECRET
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.dispatch import PostOffice
from pro_app.reminders.outbox import close_expired
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.storage.database import open_database
from pro_app.storage.queries.outbox import list_overdue
from pro_app.worker import tick

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MESSAGES, PARTICIPANTS, OF_ONE = 4_615_440, 76_924, 60
"""The messages of a million planned visits, the people whose visits those are, and the messages of one."""
GROWING = re.compile(
    r"SCAN (outbox_messages|participants|planned_visits|assessments|participant_events|contacts)\b|ANY\("
)
"""A table read from end to end whose size grows with the trial, or one entry of an index read per person."""


def write_statistics(states: int) -> list[tuple[str, str, str]]:
    """Write what `ANALYZE` says of such a trial where messages are found in so many states.

    That is of each index its rows, and how many of them share the first column, the first two, and so on.
    """
    in_state, of_one_in_state = MESSAGES // states, OF_ONE // states
    return [
        ("outbox_messages", "ix_outbox_messages_state_attempt_at", f"{MESSAGES} {in_state} 1000"),
        ("outbox_messages", "ix_outbox_messages_participant_id_state", f"{MESSAGES} 60 {of_one_in_state}"),
        ("outbox_messages", "ix_outbox_messages_provider_ref", f"{MESSAGES} {MESSAGES}"),
        ("outbox_messages", "ix_outbox_messages_assessment_id", f"{MESSAGES} 5"),
        ("outbox_messages", "sqlite_autoindex_outbox_messages_1", f"{MESSAGES} 1"),
        ("participants", "ix_participants_site_id", f"{PARTICIPANTS} {PARTICIPANTS}"),
        ("participants", "sqlite_autoindex_participants_1", f"{PARTICIPANTS} 1"),
        ("participants", "sqlite_autoindex_participants_2", f"{PARTICIPANTS} {PARTICIPANTS} 1"),
    ]


class AcceptingChannel:
    """Takes every message."""

    def send(self, message: OutgoingMessage) -> None:
        """Accept the message."""


@dataclass
class Asked:
    """The statements that an engine was asked, with their parameters."""

    engine: Engine
    statements: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self._note)

    def list_plans(self) -> list[str]:
        """List how SQLite finds what it was asked for, and forget the questions."""
        asked = [each for each in self.statements if each[0].startswith(("SELECT", "UPDATE"))]
        plans = []
        with self.engine.connect() as connection:
            for statement, parameters in asked:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.append("; ".join(row[3] for row in rows))
        self.statements.clear()
        return plans

    def _note(self, *told: object) -> None:
        self.statements.append((str(told[2]), told[3]))


@pytest.fixture(params=[None, 2, 6], ids=["nothing known", "two states", "six states"])
def clinic(request: pytest.FixtureRequest, sqlite_url: str, vault: ContactVault) -> Iterator[Clinic]:
    """Give a clinic in whose database SQLite knows nothing of the data, or takes them for very many."""
    clinic = build_clinic(open_database(sqlite_url), vault)
    clinic.enrol(INVITED_AT.date().replace(month=1, day=5))
    if request.param is not None:
        with clinic.database.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql("DELETE FROM sqlite_stat1")
            for row in write_statistics(request.param):
                connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", row)
        clinic.database.engine.dispose()  # A connection reads the statistics when it is opened.
    yield clinic
    clinic.database.engine.dispose()


def test_a_tick_that_sends_reads_no_table_from_end_to_end(clinic: Clinic) -> None:
    office = PostOffice(
        database=clinic.database,
        vault=clinic.vault,
        channels={"email": AcceptingChannel()},
        secret_key=TEST_SECRET,
        public_url="https://suivi.example.org",
        public_host="suivi.example.org",
    )
    asked = [Asked(clinic.database.engine), Asked(clinic.vault.database.engine)]

    report = tick(office, clock=lambda: INVITED_AT)

    assert report.messages.count("sent") == 1
    assert len(asked[0].statements) > 10
    assert [plan for each in asked for plan in each.list_plans() if GROWING.search(plan)] == []


@pytest.mark.parametrize(
    "look",
    [
        lambda session: close_expired(session, now=INVITED_AT),
        lambda session: list_overdue(session, now=INVITED_AT, grace=timedelta(minutes=15)),
    ],
    ids=["closing", "overdue"],
)
def test_what_looks_after_the_messages_reads_only_those_that_are_due(
    clinic: Clinic, look: Callable[[Session], object]
) -> None:
    asked = Asked(clinic.database.engine)
    with clinic.writing() as session:
        look(session)

    [plan] = asked.list_plans()
    assert "ix_outbox_messages_state_attempt_at (state=? AND attempt_at<?)" in plan
    assert not GROWING.search(plan)
