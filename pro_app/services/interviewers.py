"""Who asks in a telephone interview: the living staff session in whose browser it goes on.

Nothing of this is looked up while a participant answers alone.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import opens
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.sessions import StaffSession

INTERVIEW = "interview"
"""The mode of answers that a member of staff writes down while asking by telephone."""
ASKS = ("nurse", "investigator")


@dataclass(frozen=True, slots=True)
class Interviewer:
    """The member of staff who asks, under which role, and the staff session in whose browser it goes on."""

    staff_session_id: int
    account_id: int
    role: str
    study_id: int
    site_id: int | None

    def actor(self, request_id: str, *, assessment_id: int) -> Actor:
        """Give the actor of one request: the member of staff, kept to the one questionnaire."""
        return Actor(
            kind="staff",
            role=self.role,
            request_id=request_id,
            study_id=self.study_id,
            site_ids=None if self.site_id is None else frozenset({self.site_id}),
            account_id=self.account_id,
            mode=INTERVIEW,
            only_assessment_id=assessment_id,
        )


def touch_interviewer(database: Database, interviewer: Interviewer, *, now: datetime) -> None:
    """Note that the staff session lives on: whoever asks by telephone is at work in the same browser."""
    statement = update(StaffSession).where(StaffSession.id == interviewer.staff_session_id)
    with database.writing() as session:
        session.execute(statement.values(seen_at=now))


def find_interviewer(session: Session, staff_session_id: int, *, now: datetime) -> Interviewer | None:
    """Find who asks; None once the staff session, the account or the role opens nothing any more."""
    row = session.execute(
        select(StaffSession, StaffRole)
        .join(Account, Account.id == StaffSession.account_id)
        .join(StaffRole, StaffRole.id == StaffSession.staff_role_id)
        .where(
            StaffSession.id == staff_session_id,
            StaffRole.role.in_(ASKS),
            opens(now),
        )
    ).one_or_none()
    if row is None:
        return None
    record, role = row
    return Interviewer(record.id, record.account_id, role.role, role.study_id, role.site_id)
