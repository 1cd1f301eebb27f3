"""Reading what became of a participant's consent after enrolment."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.tables.consent_records import ConsentRecord

_next = aliased(ConsentRecord)


def list_consent_records(session: Session, participant_id: int) -> list[ConsentRecord]:
    """List every record about one participant, superseded ones included, in the order of recording."""
    statement = select(ConsentRecord).where(ConsentRecord.participant_id == participant_id)
    return list(session.scalars(statement.order_by(ConsentRecord.id)))


def find_newest_notice(session: Session, participant_id: int) -> ConsentRecord | None:
    """Find the notice that a participant signed last after enrolment, of the records that hold."""
    return session.scalars(
        select(ConsentRecord)
        .outerjoin(_next, _next.supersedes_id == ConsentRecord.id)
        .where(
            ConsentRecord.participant_id == participant_id,
            ConsentRecord.kind == "notice_signed",
            ConsentRecord.retracts.is_(False),
            _next.id.is_(None),
        )
        .order_by(ConsentRecord.occurred_on.desc(), ConsentRecord.id.desc())
        .limit(1)
    ).first()
