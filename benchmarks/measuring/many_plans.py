"""A trial of any size: one participant planned by the real services, cloned in SQL; some messages due.

Every clone has its own address in the vault, and its own time: its visits and messages lie some days after
those of the one before, over about three years.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import builders
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Table,
    create_engine,
    func,
    insert,
    select,
    text,
    update,
)

from pro_app.contacts.tables import ContactRecord
from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.base import plain_table
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

ENROLLED_ON, RANDOMISED_ON = date(2026, 1, 5), date(2026, 1, 12)
DUE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""Ten o'clock in Paris on the day on which the window of W08 opens."""
LATER = timedelta(days=60)
"""By so much the messages are put off, so that none is due at DUE_AT but those that are made due."""
SPREAD_DAYS = 1000
STEP = 1000
"""What lies between the keys of one clone's rows and of the next one's."""
FIRST_NUMBER = 1_000_000
"""The number of the one that is cloned; the others' have as many digits, and so stand in order as text."""

CLONED = (Participant, ParticipantEvent, PlannedVisit, Assessment, FormStanding, OutboxMessage)
MOVED = frozenset({"planned_visits", "form_standings", "outbox_messages"})
"""The tables whose days are those of the clone."""
OWN_CODES = ("participant_code", "contact_ref", "queue_owner")
"""What no two participants may have in common."""
FAST_PRAGMAS = ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = OFF", "cache_size = -500000")


@dataclass(frozen=True)
class ManyPlans:
    """A trial with so many planned visits and messages, of which those with `due_ids` are due at DUE_AT."""

    database: Database
    visits: int
    messages: int
    due_ids: tuple[int, ...]

    def make_due(self) -> None:
        """Have the same messages due once more."""
        with self.database.writing() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id.in_(self.due_ids))
                .values(
                    state="planned",
                    attempt_at=DUE_AT,
                    due_at=DUE_AT,
                    expires_at=DUE_AT + timedelta(days=14),
                    attempts=0,
                    doubts=0,
                    first_attempt_at=None,
                    finished_at=None,
                    claimed_by=None,
                    lease_until=None,
                    outcome_reason=None,
                )
            )


def make_many_plans(
    database: Database, vault: ContactVault, *, visits: int, due: int, sites: int = 1
) -> ManyPlans:
    """Plan one participant through the services and clone it until there are so many planned visits.

    The clones are dealt out to `sites` sites in turn, of which the first is that of the one.
    """
    participant_id = _make_one(database, vault, sites=sites)
    _put_off(database)
    with database.reading() as session:
        each = session.scalar(select(func.count(PlannedVisit.id))) or 0
        ref = session.get_one(Participant, participant_id).contact_ref
    clones = max(-(-visits // each), due)
    tables = [plain_table(row) for row in CLONED]
    with _filling(database) as connection:
        indexes = [index for table in tables for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        for table in tables:
            _clone(connection, table, participant_id, clones=clones, due=due, sites=sites)
        for index in indexes:  # made at once they take a fraction of the time
            index.create(connection)
    _save_contacts(vault, [f"{ref}-{FIRST_NUMBER + number}" for number in range(1, clones + 1)])
    for filled in (database, vault.database):
        gather_statistics(filled)
    with database.reading() as session:
        counted = [session.scalar(select(func.count(row.id))) or 0 for row in (PlannedVisit, OutboxMessage)]
        due_ids = session.scalars(
            select(OutboxMessage.id).where(
                OutboxMessage.participant_id.between(participant_id + 1, participant_id + due),
                OutboxMessage.rule_code == "invitation",
                OutboxMessage.message_key.like("%:W08:%"),
            )
        ).all()
    return ManyPlans(database, counted[0], counted[1], tuple(due_ids))


def _make_one(database: Database, vault: ContactVault, *, sites: int) -> int:
    now = datetime.combine(ENROLLED_ON, datetime.min.time(), UTC) + timedelta(hours=9)
    study_id = builders.build_study(database, now=now)
    site_id = builders.build_site(database, study_id=study_id, now=now)
    for number in range(1, sites):
        builders.build_site(database, study_id=study_id, site_code=f"{FIRST_NUMBER + number}", now=now)
    nurse = builders.build_staff(database, "nurse", study_id=study_id, site_id=site_id, now=now)
    participant_id = builders.enrol(database, vault, site_id=site_id, actor=nurse, now=now)
    builders.randomise(database, participant_id, actor=nurse, on=RANDOMISED_ON, now=now + timedelta(days=7))
    return participant_id


def _put_off(database: Database) -> None:
    """Have none of the messages due before those that will be."""
    with database.writing() as session:
        for row in session.scalars(select(OutboxMessage)):
            row.due_at, row.attempt_at = row.due_at + LATER, row.attempt_at + LATER
            row.expires_at = row.expires_at and row.expires_at + LATER


@contextmanager
def _filling(database: Database) -> Iterator[Connection]:
    """Open a connection for writing very many rows fast; what the app opens afterwards is as ever."""
    database.engine.dispose()
    is_postgresql = database.engine.dialect.name == "postgresql"
    unchecked = {"connect_args": {"options": "-c session_replication_role=replica"}} if is_postgresql else {}
    engine = create_engine(database.engine.url, **unchecked)
    with engine.connect() as connection:
        if not is_postgresql:
            for pragma in FAST_PRAGMAS:
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        yield connection
        connection.commit()
    engine.dispose()


def _clone(
    connection: Connection, table: Table, participant_id: int, *, clones: int, due: int, sites: int
) -> None:
    """Copy a participant's rows of one table so many times, under keys of their own."""
    own = "id" if table.name == "participants" else "participant_id"
    number = f"CAST(n.k + {FIRST_NUMBER} AS VARCHAR)"
    values: Mapping[str, str] = {
        "id": "t.id + n.k" if table.name == "participants" else f"t.id + n.k * {STEP}",
        "participant_id": "t.participant_id + n.k",
        "site_id": f"t.site_id + n.k % {sites}",
        "planned_visit_id": f"t.planned_visit_id + n.k * {STEP}",
        "assessment_id": f"t.assessment_id + n.k * {STEP}",
        **{name: f"t.{name} || '-' || {number}" for name in OWN_CODES},
        "message_key": f"{number} || '-' || t.message_key",
        **_spread(table, connection.dialect.name, due=due),
    }
    names = [column.name for column in table.columns]
    chosen = ", ".join(values.get(name, f"t.{name}") for name in names)
    connection.execute(
        text(
            "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :clones) "  # noqa: S608 -- our own tables
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen} FROM n CROSS JOIN {table.name} t "
            f"WHERE t.{own} = :participant_id"
        ),
        {"clones": clones, "participant_id": participant_id},
    )


def _spread(table: Table, dialect: str, *, due: int) -> dict[str, str]:
    """Move the days of visits and messages, but for those people to whom something is due."""
    if table.name not in MOVED:
        return {}
    days = f"CASE WHEN n.k <= {due} THEN 0 ELSE n.k % {SPREAD_DAYS} END"
    names = {
        *("target_on", "opens_on", "closes_on", "opens_at", "closes_at"),
        *("due_at", "attempt_at", "expires_at"),
    }
    return {column.name: _move(column, days, dialect) for column in table.columns if column.name in names}


def _move(column: Column[object], days: str, dialect: str) -> str:
    """Write the sum of a stored date or moment and of so many days."""
    if dialect == "postgresql":
        return f"t.{column.name} + ({days})" + ("" if _is_date(column) else " * INTERVAL '1 day'")
    form = "%Y-%m-%d" if _is_date(column) else "%Y-%m-%d %H:%M:%f000"
    return f"strftime('{form}', t.{column.name}, ({days}) || ' days')"


def _is_date(column: Column[object]) -> bool:
    return isinstance(column.type, Date)


def _save_contacts(vault: ContactVault, refs: list[str]) -> None:
    """Give each clone an address, at a provider of its own."""
    cipher = vault.cipher()
    rows = [
        {
            "contact_ref": ref,
            "kind": "email",
            "ciphertext": cipher.encrypt(address.encode()),
            "value_digest": vault.digest(address),
            "saved_at": DUE_AT,
        }
        for ref in refs
        for address in (f"a@d{ref.rpartition('-')[2]}.example",)
    ]
    with vault.database.writing() as session:
        session.execute(insert(ContactRecord), rows)


def gather_statistics(database: Database) -> None:
    """Have the database know what it holds, as its own housekeeping would after a while."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    else:
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    database.engine.dispose()
