"""Reading responses and answers: the current ones, and operations by their identifier."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.responses import Response

_RESPONSES = (
    select(Response).where(Response.assessment_id == bindparam("assessment_id")).order_by(Response.version)
)
_ANSWERS = (
    select(Answer)
    .where(Answer.response_id.in_(bindparam("response_ids", expanding=True)), Answer.superseded_at.is_(None))
    .order_by(Answer.response_id, Answer.item_number)
)
_INSTRUMENT = select(StoredDefinition.sha256).where(
    StoredDefinition.kind == "instrument",
    StoredDefinition.code == bindparam("code"),
    StoredDefinition.version == bindparam("version"),
)
"""These are made once: whoever answers asks them."""


def list_current_responses(session: Session, assessment_id: int) -> Mapping[str, Response]:
    """List the responses of an assessment by instrument code, the latest version of each."""
    rows = session.scalars(_RESPONSES, {"assessment_id": assessment_id})
    return {row.instrument_code: row for row in rows}


def list_current_answers(session: Session, response_ids: Iterable[int]) -> list[Answer]:
    """List the answers that stand (superseded ones are left out), by response and item number."""
    return list(session.scalars(_ANSWERS, {"response_ids": list(response_ids)}))


def find_instrument_sha256(session: Session, code: str, version: str) -> str | None:
    """Find the SHA-256 under which a version of an instrument is stored."""
    return session.scalar(_INSTRUMENT, {"code": code, "version": version})
