"""Everybody enrolled before gets a mark for the queue on the phone: by the migration, or at a sign-in."""

from collections.abc import Iterator

import pytest
from clinic_world import Clinic, build_clinic
from conftest import NOW, TEST_SECRET
from sqlalchemy import select, text, update

from pro_app.contacts.vault import ContactVault
from pro_app.services.enrolment import enrol_participant
from pro_app.services.sessions import find_participant_sign_in, start_participant_session
from pro_app.storage.database import Database, open_database
from pro_app.storage.migrate import migrate
from pro_app.storage.tables.participants import Participant

BEFORE, AFTER = "0009", "0010"
UNDONE = (
    "DROP INDEX ix_participants_queue_owner",
    "ALTER TABLE participants DROP COLUMN queue_owner",
    "ALTER TABLE participants DROP COLUMN listens",
    "ALTER TABLE responses DROP COLUMN listened",
    f"UPDATE alembic_version_main SET version_num = '{BEFORE}'",
)


@pytest.fixture
def clinic(sqlite_url: str, contacts_url: str) -> Iterator[Clinic]:
    """Enrol three people."""
    database, contacts = open_database(sqlite_url), open_database(contacts_url)
    made = build_clinic(database, ContactVault(contacts, TEST_SECRET))
    for number in range(3):
        said = made.enrolment(participant_code=f"15-00{number}", email=None, telephone=None)
        with made.writing() as session:
            enrol_participant(session, said, vault=made.vault, actor=made.nurse, now=NOW)
    yield made
    for store in (database, contacts):
        store.engine.dispose()


def list_marks(database: Database) -> list[str | None]:
    with database.reading() as session:
        return list(session.scalars(select(Participant.queue_owner).order_by(Participant.id)))


def test_people_enrolled_before_get_a_mark_of_their_own(clinic: Clinic) -> None:
    first = list_marks(clinic.database)
    with clinic.database.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        for statement in UNDONE:
            connection.execute(text(statement))

    migrate(clinic.database, "main", AFTER)

    marks = list_marks(clinic.database)
    assert len({*first, *marks}) == 6  # random, so that no secret of the installation is needed to know them
    assert all(mark and len(mark) == 32 for mark in marks)


def test_somebody_whom_the_release_before_enrolled_gets_a_mark_at_the_next_sign_in(clinic: Clinic) -> None:
    with clinic.writing() as session:
        person = session.scalars(select(Participant.id).order_by(Participant.id)).first() or 0
        session.execute(update(Participant).where(Participant.id == person).values(queue_owner=None))
    marks = []
    for _ in range(2):
        with clinic.writing() as session:
            token = start_participant_session(
                session, participant_id=person, device_id=None, mode="own_device", now=NOW
            )
        found = find_participant_sign_in(clinic.database, token, now=NOW)
        marks.append(found and found.queue_owner)
    assert marks[0] == marks[1] == list_marks(clinic.database)[0]
    assert marks[0]
