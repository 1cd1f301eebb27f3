"""The migration fills the rows that rates are counted from with what the services would have written."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from clinic_world import build_clinic, noon
from conftest import TEST_SECRET
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from pro_app.contacts.vault import ContactVault
from pro_app.services.standings import list_differences
from pro_app.services.visits import NotDone, record_not_done, reopen_visit
from pro_app.storage.database import Database, open_database
from pro_app.storage.migrate import alembic_config, migrate
from pro_app.storage.tables.form_standings import FormStanding

BEFORE = "0016"


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database of each kind that is this test's own: it goes back to an earlier schema."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'own.sqlite'}")
        migrate(database, "main")
        yield database
        database.engine.dispose()
        return
    owner_url = request.getfixturevalue("postgres_owner_url")
    admin = create_engine(owner_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE standings_test"))
    database = open_database(
        make_url(owner_url).set(database="standings_test").render_as_string(hide_password=False)
    )
    migrate(database, "main")
    yield database
    database.engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE standings_test WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def vault(contacts_url: str) -> Iterator[ContactVault]:
    """Open a fresh contact vault."""
    opened = ContactVault(open_database(contacts_url), TEST_SECRET)
    yield opened
    opened.database.engine.dispose()


def test_what_was_there_before_is_counted_afterwards(own: Database, vault: ContactVault) -> None:
    clinic = build_clinic(own, vault)
    first, second = (
        clinic.enrol(date(2026, 1, 5), participant_code=code, zone=zone)
        for code, zone in (("15-001", "Europe/Paris"), ("15-002", "Indian/Reunion"))
    )
    for person in (first, second):
        clinic.record(person, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    clinic.answer(first, "W08", date(2026, 3, 9), items=5)
    clinic.answer(second, "W08", date(2026, 3, 9), submit=False)
    with clinic.writing() as session:
        form = clinic.assessments(second)["W08"].assessment_id
        now = noon(date(2026, 3, 20))
        record_not_done(session, form, NotDone("FORGOT", "patient", ""), actor=clinic.nurse, now=now)
        reopen_visit(session, form, reason="was away", actor=clinic.nurse, now=now)
    before = read_rows(own)
    assert {row["missing_reason"] for row in before} == {None, "FORGOT"}

    # An engine of its own, which on SQLite does not ask about references while tables are rebuilt.
    plain = create_engine(own.engine.url)
    with plain.begin() as connection:
        command.downgrade(alembic_config("main", connection), BEFORE)
    plain.dispose()
    migrate(own, "main")

    assert read_rows(own) == before
    with own.reading() as session:
        assert list(list_differences(session)) == []


def read_rows(database: Database) -> list[dict[str, object]]:
    with database.reading() as session:
        rows = session.execute(select(FormStanding.__table__).order_by(FormStanding.assessment_id))
        return [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's own public name
