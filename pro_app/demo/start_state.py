"""The demo as it stood when its past was filled: kept aside, and put back when somebody travels back in time.

Sign-ins outlive the journey: the sessions of the present are carried over to the past, as far as their
people exist there.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import ParticipantSession, StaffSession

STORES = ("pro_app.sqlite", "contacts.sqlite")
KEPT_FOLDERS = ("mail", "releases")
START = "start-"
SESSIONS = (StaffSession, ParticipantSession)


def save_start(folder: Path, *, reached_at: datetime) -> None:
    """Keep the stores, and which messages and releases there are, as they stand now."""
    for name in STORES:
        _copy_store(folder / name, folder / f"{START}{name}")
    known = {name: sorted(_list_files(folder / name)) for name in KEPT_FOLDERS}
    draft = folder / f"{START}state.draft"
    draft.write_text(json.dumps({"reached_at": reached_at.isoformat(), "files": known}), encoding="utf-8")
    draft.replace(folder / f"{START}state.json")


def has_start(folder: Path) -> bool:
    """Tell whether a start was kept."""
    return (folder / f"{START}state.json").exists()


def restore_start(folder: Path, database: Database) -> datetime:
    """Put the start back under the running pages; gives the moment that it had reached."""
    state = json.loads((folder / f"{START}state.json").read_text(encoding="utf-8"))
    with _carrying_sessions(database):
        for name in STORES:
            _copy_store(folder / f"{START}{name}", folder / name)
    for name, known in state["files"].items():
        for strange in _list_files(folder / name) - set(known):
            (folder / name / strange).unlink(missing_ok=True)
    return datetime.fromisoformat(state["reached_at"])


def shift_sessions(session: Session, by: timedelta) -> None:
    """Move the times of living sessions with the clock, so that a journey signs nobody out."""
    for table in SESSIONS:
        for row in session.execute(
            select(table.id, table.started_at, table.seen_at).where(table.ended_at.is_(None))
        ):
            moved = {"started_at": row.started_at + by, "seen_at": row.seen_at + by}
            session.execute(update(table).where(table.id == row.id).values(moved))


@contextmanager
def _carrying_sessions(database: Database) -> Iterator[None]:
    """Carry the sessions, and the devices that they are on, from the store before to the one after."""
    with database.reading() as session:
        carried = {table: _read_rows(session, table) for table in (Device, *SESSIONS)}
    yield
    with database.writing() as session:
        people = set(session.scalars(select(Participant.id)))
        accounts = set(session.scalars(select(Account.id)))
        for table in SESSIONS:
            session.execute(delete(table))
        known = set(session.scalars(select(Device.id)))
        for row in carried[Device]:
            if row["participant_id"] in people and row["id"] not in known:
                session.execute(insert(Device).values(row))
                known.add(row["id"])
        for row in carried[StaffSession]:
            if row["account_id"] in accounts:
                session.execute(insert(StaffSession).values(row))
        for row in carried[ParticipantSession]:
            if row["participant_id"] in people and row["device_id"] in {None, *known}:
                session.execute(insert(ParticipantSession).values(row))


def _read_rows(session: Session, table: type[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(select(table.__table__)).mappings()]


def _copy_store(source: Path, target: Path) -> None:
    """Copy a SQLite file as one transaction, whoever else has either of them open."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target, timeout=30)) as write:
        read.backup(write)


def _list_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
