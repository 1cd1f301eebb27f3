import sqlite3

import pytest
from conftest import NOW
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from pro_app.audit.actor import system_actor
from pro_app.audit.heads import join_heads
from pro_app.audit.trail import Change, record_change
from pro_app.audit.verification import verify_audit_trail
from pro_app.storage.database import Database, open_database

ACTOR = system_actor("test", "request-1")


def write_entries(database: Database, count: int, *, site_id: int | None = 1) -> None:
    for number in range(count):
        with database.writing() as session:
            change = Change(
                "test.changed", f"thing:{number}", [{"field": "size", "before": None, "after": number}]
            )
            record_change(session, change, actor=ACTOR, site_id=site_id, now=NOW)


def test_written_entries_form_an_intact_chain_per_site(database: Database) -> None:
    write_entries(database, 3, site_id=1)
    write_entries(database, 2, site_id=None)

    with database.reading() as session:
        assert verify_audit_trail(session) == (5, [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET reason = 'other'",
        "DELETE FROM audit_entries",
        "UPDATE audit_payloads SET salt = 'x'",
        "DELETE FROM audit_payloads",
    ],
)
def test_the_database_refuses_to_change_a_written_entry(database: Database, statement: str) -> None:
    write_entries(database, 1)

    with pytest.raises(DBAPIError), database.writing() as session:
        session.execute(text(statement))


def test_a_rolled_back_change_leaves_no_entry(database: Database) -> None:
    def change_and_fail() -> None:
        with database.writing() as session:
            record_change(session, Change("test.changed", "thing:1"), actor=ACTOR, site_id=1, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()

    with database.reading() as session:
        assert verify_audit_trail(session) == (0, [])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_entries SET reason = 'other' WHERE sequence = 2", "was changed"),
        ("DELETE FROM audit_entries WHERE sequence = 2", "entry 2 is missing"),
        ("DELETE FROM audit_entries WHERE sequence = 3", "is not where the head of the chain says it ends"),
        ("UPDATE audit_payloads SET items = '[]' WHERE entry_id = 2", "has a changed payload"),
        ("DELETE FROM audit_payloads WHERE entry_id = 1", "has lost its payload"),
    ],
)
def test_a_change_made_behind_the_triggers_is_found(sqlite_url: str, statement: str, fault: str) -> None:
    database = open_database(sqlite_url)
    write_entries(database, 3)
    with sqlite3.connect(make_url(sqlite_url).database or "") as connection:  # without foreign keys
        for table in ("audit_entries", "audit_payloads"):
            for verb in ("update", "delete"):
                connection.execute(f"DROP TRIGGER {table}_no_{verb}")
        connection.execute(statement)
    connection.close()

    with database.reading() as session:
        _, faults = verify_audit_trail(session)
    database.engine.dispose()

    assert fault in {found.what for found in faults}


def test_a_chain_cut_together_with_its_head_no_longer_fits_the_joined_heads(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    write_entries(database, 3)
    with database.writing() as session:
        join_heads(session, actor=ACTOR, now=NOW)
    with sqlite3.connect(make_url(sqlite_url).database or "") as connection:  # without foreign keys
        for table in ("audit_entries", "audit_payloads"):
            connection.execute(f"DROP TRIGGER {table}_no_delete")
        connection.execute("DELETE FROM audit_payloads WHERE entry_id = 3")
        connection.execute("DELETE FROM audit_entries WHERE id = 3")
        connection.execute(
            "UPDATE audit_chain_heads SET sequence = 2,"
            " digest = (SELECT digest FROM audit_entries WHERE id = 2) WHERE chain = 'site:1'"
        )
    connection.close()

    with database.reading() as session:
        _, faults = verify_audit_trail(session)
    database.engine.dispose()

    assert [fault.what for fault in faults] == ["is not what the central chain says it was"]
