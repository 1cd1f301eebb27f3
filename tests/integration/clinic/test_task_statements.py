"""What the list of one site reads does not grow with what other sites enrol."""

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from clinic_world import Clinic, noon
from sqlalchemy import event

from pro_app.services.site_tasks import count_tasks, list_tasks_of_sites

RANDOMISED, CALL_DAY = date(2026, 1, 5), date(2026, 3, 4)
LARGE = (
    "participants",
    "participant_events",
    "planned_visits",
    "assessments",
    "outbox_messages",
    "responses",
    "answers",
    "site_task_records",
    "channel_stops",
    "device_reports",
    "answer_readings",
)
"""Tables that grow with the trial."""
ENOUGH = 20
OF_ALL = ("ix_planned_visits_closes_on", "ix_outbox_messages_state_attempt_at")
"""Indexes that lead to the rows of every site alike."""


def enrol(clinic: Clinic, number: int, *, elsewhere: bool = False) -> None:
    at_site = clinic if not elsewhere else replace(clinic, nurse=clinic.other_nurse)
    site_id = clinic.other_site_id if elsewhere else clinic.site_id
    person = at_site.enrol(
        RANDOMISED, participant_code=f"{number:03}", site_id=site_id, email=None, telephone=None
    )
    at_site.record(person, "randomised", RANDOMISED, arm="SURVEILLANCE")


class Asked(NamedTuple):
    """One statement, its values, and how many rows came back."""

    statement: str
    values: Any
    rows: int


def record_statements(clinic: Clinic) -> list[Asked]:
    """Give what the list of one site asks the database."""
    asked: list[Asked] = []

    def note(_connection: object, cursor: Any, *said: Any) -> None:  # noqa: ANN401 -- a driver's own
        if said[0].lstrip().startswith("SELECT"):
            asked.append(Asked(said[0], said[1], cursor.rowcount))

    event.listen(clinic.database.engine, "after_cursor_execute", note)
    try:
        with clinic.database.reading() as session:
            count_tasks(session, actor=clinic.nurse, now=noon(CALL_DAY))
            list_tasks_of_sites(session, site_ids=None, actor=clinic.nurse, language="en", now=noon(CALL_DAY))
    finally:
        event.remove(clinic.database.engine, "after_cursor_execute", note)
    return asked


def list_scans(clinic: Clinic, asked: Asked) -> list[str]:
    """List what a plan of SQLite reads of all sites alike: large tables whole, or by such an index."""
    with clinic.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.statement}", asked.values)
        details = [str(row[3]) for row in rows]
    return [
        detail
        for detail in details
        if any(detail.split()[:2] == ["SCAN", table] for table in LARGE) or any(i in detail for i in OF_ALL)
    ]


def test_the_list_of_a_site_asks_and_gets_the_same_whatever_others_enrol(clinic: Clinic) -> None:
    for number in range(1, 4):
        enrol(clinic, number)
    before = record_statements(clinic)
    for number in range(11, 31):
        enrol(clinic, number, elsewhere=True)
    # Neither the values that are bound nor the rows that come back (which SQLite does not count) are more.
    assert record_statements(clinic) == before
    assert len(before) > ENOUGH


def test_on_sqlite_every_statement_of_the_list_begins_with_the_site(clinic: Clinic) -> None:
    enrol(clinic, 1)
    asked = record_statements(clinic)
    if clinic.database.engine.dialect.name == "sqlite":
        assert [(one.statement[:200], found) for one in asked if (found := list_scans(clinic, one))] == []
