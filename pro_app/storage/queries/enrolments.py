"""What a site enrolled last, to help with the next one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.participants import Participant


def list_last_codes(session: Session, site_id: int, *, most: int) -> list[str]:
    """List the inclusion numbers that a site enrolled last, the newest first, `most` of them."""
    statement = (
        select(Participant.participant_code)
        .where(Participant.site_id == site_id)
        .order_by(Participant.id.desc())
        .limit(most)
    )
    return list(session.scalars(statement))


def find_last_notice_version(session: Session, site_id: int) -> str | None:
    """Find the version of the information notice at the site's last enrolment; None before the first one."""
    statement = (
        select(Participant.notice_version)
        .where(Participant.site_id == site_id)
        .order_by(Participant.id.desc())
        .limit(1)
    )
    return session.scalar(statement)
