"""Noting that a member of staff looked at a participant's record, whatever becomes of the request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.read_log import RecordRead


def record_read(database: Database, *, participant_id: int, what: str, actor: Actor, now: datetime) -> None:
    """Write one line of the read log in a short transaction of its own; only from pages that only read."""
    with database.writing() as session:
        note_read(session, participant_id=participant_id, what=what, actor=actor, now=now)


def note_read(session: Session, *, participant_id: int, what: str, actor: Actor, now: datetime) -> None:
    """Write one line of the read log in the transaction of a page that changes something, too."""
    if actor.account_id is None:
        raise ValueError("only members of staff are in the read log")
    session.add(
        RecordRead(
            at=now,
            account_id=actor.account_id,
            participant_id=participant_id,
            what=what,
            request_id=actor.request_id,
        )
    )


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """One look at a record: when, by whom (display name), at what."""

    at: datetime
    by: str
    what: str


def list_reads(session: Session, *, participant_id: int, limit: int = 50) -> list[ReadRecord]:
    """List the latest looks at a participant's record, newest first."""
    rows = session.execute(
        select(RecordRead.at, Account.display_name, RecordRead.what)
        .join(Account, Account.id == RecordRead.account_id)
        .where(RecordRead.participant_id == participant_id)
        .order_by(RecordRead.id.desc())
        .limit(limit)
    )
    return [ReadRecord(at, by, what) for at, by, what in rows]
