"""Reading who opened whose answers."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.answer_readings import AnswerReading


def find_open_reading(
    session: Session, *, account_id: int, participant_id: int, now: datetime
) -> AnswerReading | None:
    """Find the reading that an account has open of a participant's answers at `now`."""
    return session.scalars(
        select(AnswerReading)
        .where(
            AnswerReading.account_id == account_id,
            AnswerReading.participant_id == participant_id,
            AnswerReading.opened_at <= now,
            AnswerReading.closes_at > now,
        )
        .order_by(AnswerReading.id.desc())
        .limit(1)
    ).one_or_none()


def find_reading(session: Session, reading_id: int, *, lock: bool = False) -> AnswerReading | None:
    """Find one reading; `lock` reads it anew and keeps others from changing it."""
    statement = select(AnswerReading).where(AnswerReading.id == reading_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def list_readings(session: Session, *, participant_id: int, limit: int) -> list[tuple[AnswerReading, str]]:
    """List the readings of a participant's answers with the reader's name, the newest first."""
    rows = session.execute(
        select(AnswerReading, Account.display_name)
        .join(Account, Account.id == AnswerReading.account_id)
        .where(AnswerReading.participant_id == participant_id)
        .order_by(AnswerReading.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
