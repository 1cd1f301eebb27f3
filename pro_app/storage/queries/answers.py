"""Reading responses and answers: the current ones, and operations by their identifier."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.responses import Response


def list_current_responses(session: Session, assessment_id: int) -> Mapping[str, Response]:
    """List the responses of an assessment by instrument code, the latest version of each."""
    rows = session.scalars(
        select(Response).where(Response.assessment_id == assessment_id).order_by(Response.version)
    )
    return {row.instrument_code: row for row in rows}


def list_current_answers(session: Session, response_ids: Iterable[int]) -> list[Answer]:
    """List the answers that stand (superseded ones are left out), by response and item number."""
    return list(
        session.scalars(
            select(Answer)
            .where(Answer.response_id.in_(list(response_ids)), Answer.superseded_at.is_(None))
            .order_by(Answer.response_id, Answer.item_number)
        )
    )


def find_instrument_sha256(session: Session, code: str, version: str) -> str | None:
    """Find the SHA-256 under which a version of an instrument is stored."""
    return session.scalar(
        select(StoredDefinition.sha256).where(
            StoredDefinition.kind == "instrument",
            StoredDefinition.code == code,
            StoredDefinition.version == version,
        )
    )
