"""Sessions of the staff on the server: started at sign-in under a new token, found by it, ended at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.services.sessions import TOUCH_AFTER, token_digest, touch_session
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import holds, opens
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.second_factors import SecondFactor
from pro_app.storage.tables.sessions import StaffSession
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study


@dataclass(frozen=True, slots=True)
class StaffSignIn:
    """A signed-in member of staff under one role; `other_roles` are those to switch to."""

    session_id: int
    account_id: int
    display_name: str
    language: str
    role: str
    study_id: int
    study_code: str
    site_id: int | None
    site_name: str | None
    other_role_ids: tuple[int, ...]
    username: str = ""
    has_second_factor: bool = False
    second_factor_at: datetime | None = None
    second_factor_kind: str | None = None

    def is_complete(self, *, is_required: bool) -> bool:
        """Tell whether nothing is left to prove; without a second factor that depends on the installation."""
        return self.second_factor_at is not None or not (is_required or self.has_second_factor)

    def actor(self, request_id: str) -> Actor:
        """Give the actor of one request of this session."""
        return Actor(
            kind="staff",
            role=self.role,
            request_id=request_id,
            study_id=self.study_id,
            site_ids=None if self.site_id is None else frozenset({self.site_id}),
            account_id=self.account_id,
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """When and by what the second factor was proven; passed on to a session in the place of another."""

    at: datetime
    kind: str


def start_staff_session(
    session: Session,
    *,
    account_id: int,
    staff_role_id: int,
    now: datetime,
    proven: Proven | None = None,
    began_at: datetime | None = None,
) -> str:
    """Start a session of a member of staff under one role; gives its token, which is kept nowhere.

    `proven` is the second factor of the session in whose place this one stands, `began_at` when that began:
    the longest time counts on from it.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            token_sha256=token_digest(token),
            account_id=account_id,
            staff_role_id=staff_role_id,
            started_at=now if began_at is None else began_at,
            seen_at=now,
            second_factor_at=proven.at if proven else None,
            second_factor_kind=proven.kind if proven else None,
        )
    )
    return token


def complete_staff_session(session: Session, *, session_id: int, kind: str, now: datetime) -> str:
    """Note that the second factor was proven; gives the session's new token, the old one opens nothing."""
    token = secrets.token_urlsafe(32)
    session.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id)
        .values(token_sha256=token_digest(token), second_factor_at=now, second_factor_kind=kind, seen_at=now)
    )
    return token


def is_completed(session: Session, session_id: int) -> bool:
    """Tell whether the second factor was proven in a living session, whatever was known of it before."""
    statement = select(StaffSession.id).where(
        StaffSession.id == session_id,
        StaffSession.ended_at.is_(None),
        StaffSession.second_factor_at.is_not(None),
    )
    return session.scalar(statement) is not None


def find_staff_sign_in(
    database: Database, token: str, *, now: datetime, touch: bool = True
) -> StaffSignIn | None:
    """Find the living session under `token`; a role that was taken or is over, or a closed account, ends it.

    Without `touch` the request does not count as activity: it is a page that asks by itself.
    """
    with database.reading() as session:
        row = session.execute(
            select(StaffSession, Account, StaffRole, Study.study_code, Site.name, SecondFactor.id)
            .join(Account, Account.id == StaffSession.account_id)
            .join(StaffRole, StaffRole.id == StaffSession.staff_role_id)
            .join(Study, Study.id == StaffRole.study_id)
            .outerjoin(Site, Site.id == StaffRole.site_id)
            .outerjoin(
                SecondFactor, (SecondFactor.account_id == Account.id) & SecondFactor.removed_at.is_(None)
            )
            .where(StaffSession.token_sha256 == token_digest(token), opens(now))
        ).first()
        if row is None:
            return None
        record, account, role, study_code, site_name, factor_id = row
        others = session.scalars(
            select(StaffRole.id)
            .where(StaffRole.account_id == account.id, holds(now), StaffRole.id != role.id)
            .order_by(StaffRole.id)
        ).all()
    if touch and now - record.seen_at > TOUCH_AFTER:
        touch_session(database, record, now=now)
    return StaffSignIn(
        session_id=record.id,
        account_id=account.id,
        display_name=account.display_name,
        language=account.language,
        role=role.role,
        study_id=role.study_id,
        study_code=study_code,
        site_id=role.site_id,
        site_name=site_name,
        other_role_ids=tuple(others),
        username=account.username,
        has_second_factor=factor_id is not None,
        second_factor_at=record.second_factor_at,
        second_factor_kind=record.second_factor_kind,
    )


def end_staff_sessions(session: Session, *, account_id: int, now: datetime, but: int | None = None) -> None:
    """End every session of an account, at sign-out everywhere, disablement or a new password.

    `but` is the one that goes on.
    """
    living = [StaffSession.account_id == account_id, StaffSession.ended_at.is_(None)]
    if but is not None:
        living.append(StaffSession.id != but)
    session.execute(update(StaffSession).where(*living).values(ended_at=now))


def end_staff_session(session: Session, *, session_id: int, now: datetime) -> None:
    """End one session at sign-out."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(ended_at=now))
