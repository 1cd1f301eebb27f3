"""A trial of any size: one participant planned by the real services, cloned in SQL; some messages due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import builders
from sqlalchemy import Connection, Table, func, inspect, select, text, update

from pro_app.contacts.vault import Contact, ContactVault
from pro_app.storage.database import Database
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

ENROLLED_ON, RANDOMISED_ON = date(2026, 1, 5), date(2026, 1, 12)
DUE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""Ten o'clock in Paris on the day on which the window of W08 opens."""
LATER = timedelta(days=200)
STEP = 1000
"""What lies between the keys of one clone's rows and of the next one's."""


@dataclass(frozen=True)
class ManyPlans:
    """A trial with so many planned visits, of which `due` people have one message due at DUE_AT."""

    database: Database
    visits: int
    messages: int
    due: int

    def make_due(self) -> None:
        """Have the same messages due once more."""
        with self.database.writing() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.attempt_at == DUE_AT)
                .values(
                    state="planned",
                    attempts=0,
                    doubts=0,
                    first_attempt_at=None,
                    finished_at=None,
                    claimed_by=None,
                    lease_until=None,
                    outcome_reason=None,
                )
            )


def make_many_plans(database: Database, vault: ContactVault, *, visits: int, due: int) -> ManyPlans:
    """Plan one participant through the services and clone it until there are so many planned visits."""
    participant_id = _make_one(database, vault)
    with database.reading() as session:
        each = session.scalar(select(func.count(PlannedVisit.id))) or 0
    clones = visits // each
    with database.engine.begin() as connection:
        for row in (Participant, ParticipantEvent, PlannedVisit, Assessment, OutboxMessage):
            table = inspect(row).local_table
            assert isinstance(table, Table)  # noqa: S101 -- no view among them
            _clone(connection, table, participant_id, clones=clones)
        _set_due(connection, due=due)
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    else:
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    with database.reading() as session:
        ref = session.get_one(Participant, participant_id).contact_ref
        counted = [session.scalar(select(func.count(row.id))) or 0 for row in (PlannedVisit, OutboxMessage)]
    for number in range(1, due + 1):
        vault.save(f"{ref}-{number}", Contact(f"a@d{number}.example", None), now=DUE_AT)
    return ManyPlans(database, counted[0], counted[1], due)


def _make_one(database: Database, vault: ContactVault) -> int:
    now = datetime.combine(ENROLLED_ON, datetime.min.time(), UTC) + timedelta(hours=9)
    study_id = builders.build_study(database, now=now)
    site_id = builders.build_site(database, study_id=study_id, now=now)
    nurse = builders.build_staff(database, "nurse", study_id=study_id, site_id=site_id, now=now)
    participant_id = builders.enrol(database, vault, site_id=site_id, actor=nurse, now=now)
    builders.randomise(database, participant_id, actor=nurse, on=RANDOMISED_ON, now=now + timedelta(days=7))
    return participant_id


def _clone(connection: Connection, table: Table, participant_id: int, *, clones: int) -> None:
    """Copy a participant's rows of one table so many times, under keys of their own."""
    own = "id" if table.name == "participants" else "participant_id"
    values: Mapping[str, str] = {
        "id": "t.id + n.k" if table.name == "participants" else f"t.id + n.k * {STEP}",
        "participant_id": "t.participant_id + n.k",
        "planned_visit_id": f"t.planned_visit_id + n.k * {STEP}",
        "assessment_id": f"t.assessment_id + n.k * {STEP}",
        **{name: f"t.{name} || '-' || CAST(n.k AS VARCHAR)" for name in ("participant_code", "contact_ref")},
        "message_key": "t.message_key || '-' || CAST(n.k AS VARCHAR)",
    }
    names = [column.name for column in table.columns]
    chosen = ", ".join(values.get(name, f"t.{name}") for name in names)
    connection.execute(
        text(
            "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :clones) "  # noqa: S608 -- our own tables
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen} FROM {table.name} t, n "
            f"WHERE t.{own} = :participant_id"
        ),
        {"clones": clones, "participant_id": participant_id},
    )


def _set_due(connection: Connection, *, due: int) -> None:
    """Put every message off but the first invitation of so many clones."""
    first = select(func.min(Participant.id)).scalar_subquery()
    connection.execute(
        update(OutboxMessage).values(
            attempt_at=DUE_AT + LATER, due_at=DUE_AT + LATER, expires_at=DUE_AT + 2 * LATER
        )
    )
    connection.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.participant_id > first,
            OutboxMessage.participant_id <= first + due,
            OutboxMessage.rule_code == "invitation",
            OutboxMessage.message_key.like("%:W08:%"),
        )
        .values(attempt_at=DUE_AT, due_at=DUE_AT, expires_at=DUE_AT + timedelta(days=14))
    )
