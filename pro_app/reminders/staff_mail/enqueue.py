"""Writing an e-mail to a member of staff with the change that causes it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.staff_messages import StaffMessage

Kind = Literal["digest", "invitation"]
NOTHING = "nothing_to_tell"


@dataclass(frozen=True, slots=True)
class NewStaffMail:
    """An e-mail to send from now on until `expires_at`; the key makes a second one impossible."""

    message_key: str
    account_id: int
    kind: Kind
    contact_ref: str
    expires_at: datetime
    account_invitation_id: int | None = None
    counts: dict[str, int] = field(default_factory=dict)


def enqueue_staff_mail(session: Session, mail: NewStaffMail, *, now: datetime) -> StaffMessage:
    """Add the e-mail, or give the one that is there under its key.

    A digest with nothing in it is written down as settled, so that the day is done.
    """
    known = session.scalar(select(StaffMessage).where(StaffMessage.message_key == mail.message_key))
    if known is not None:
        return known
    has_nothing = mail.kind == "digest" and not any(mail.counts.values())
    row = StaffMessage(
        message_key=mail.message_key,
        account_id=mail.account_id,
        account_invitation_id=mail.account_invitation_id,
        kind=mail.kind,
        contact_ref=mail.contact_ref,
        counts=mail.counts,
        planned_at=now,
        expires_at=mail.expires_at,
        attempt_at=now,
        state="cancelled" if has_nothing else "planned",
        attempts=0,
        doubts=0,
        finished_at=now if has_nothing else None,
        outcome_reason=NOTHING if has_nothing else None,
    )
    session.add(row)
    session.flush()
    return row


def list_known_keys(session: Session, message_keys: list[str]) -> frozenset[str]:
    """List those of the keys under which an e-mail is written already."""
    return frozenset(
        session.scalars(select(StaffMessage.message_key).where(StaffMessage.message_key.in_(message_keys)))
    )


def find_invitation_mail(session: Session, account_invitation_id: int) -> StaffMessage | None:
    """Find the e-mail that carries an invitation; None where it was printed."""
    return session.scalar(
        select(StaffMessage).where(StaffMessage.account_invitation_id == account_invitation_id)
    )
