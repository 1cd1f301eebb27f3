"""Lending a tablet of the site to one participant for one questionnaire, and taking it back.

While it is lent, the session of the member of staff in the same browser pauses: it opens nothing until the
password is given again. What the participant says is kept tap by tap, whatever ends the loan.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor, system_actor
from pro_app.errors import SignInRefused
from pro_app.services.loans import SITE_TABLET, How, begin_loan, end_loan, list_unended
from pro_app.services.sessions import token_digest
from pro_app.services.staff_sessions import end_staff_session
from pro_app.services.staff_sign_in import ProvenPassword, find_proven, sign_in_staff
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import holds
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.sessions import StaffSession
from pro_app.storage.tables.tablet_loans import TabletLoan

LONGEST_PAUSE = timedelta(hours=24)
"""After a day the tablet asks for a whole sign-in rather than for the password alone."""


@dataclass(frozen=True, slots=True)
class PausedSession:
    """A staff session that pauses; `is_closed` where its account or role no longer works.

    `is_lent` is true while the participant can still answer on this tablet.
    """

    session_id: int
    account_id: int
    username: str
    display_name: str
    language: str
    is_closed: bool
    is_lent: bool


def lend_tablet(
    session: Session,
    *,
    assessment_id: int,
    participant_id: int,
    staff_session_id: int,
    idle_minutes: int,
    actor: Actor,
    now: datetime,
) -> str:
    """Lend the browser of a staff session for one questionnaire; gives the token of the new session.

    A tablet that is lent to the same participant elsewhere locks. Raises NotFound, AlreadySubmitted or
    WindowClosed.
    """
    token = begin_loan(
        session,
        assessment_id=assessment_id,
        participant_id=participant_id,
        staff_session_id=staff_session_id,
        mode=SITE_TABLET,
        idle_minutes=idle_minutes,
        actor=actor,
        now=now,
    )
    session.execute(update(StaffSession).where(StaffSession.id == staff_session_id).values(paused_at=now))
    return token


def find_paused_session(database: Database, token: str, *, now: datetime) -> PausedSession | None:
    """Find the paused session under `token`; None for one that goes on, ended, or paused for over a day.

    One whose account was closed is still found, so that the tablet can say why nobody gets in.
    """
    with database.reading() as session:
        row = session.execute(
            select(StaffSession, Account, holds(now))
            .join(Account, Account.id == StaffSession.account_id)
            .join(StaffRole, StaffRole.id == StaffSession.staff_role_id)
            .where(
                StaffSession.token_sha256 == token_digest(token), StaffSession.paused_at > now - LONGEST_PAUSE
            )
        ).first()
        if row is None:
            return None
        record, account, is_held = row
        is_closed = account.disabled_at is not None or not is_held
        if record.ended_at is not None and not is_closed:
            return None
        held = list_unended(session, TabletLoan.staff_session_id == record.id)
        return PausedSession(
            session_id=record.id,
            account_id=account.id,
            username=account.username,
            display_name=account.display_name,
            language=account.language,
            is_closed=is_closed,
            is_lent=any(not one.has_ended(now) for one in held),
        )


def take_back_tablet(
    session: Session, paused: PausedSession, proof: ProvenPassword, *, now: datetime, request_id: str = ""
) -> str:
    """Begin a new session in the place of the paused one and give its token; the tablet is lent no longer.

    The second factor that was proven in the paused one counts on, for a day: a phone is not asked for at a
    bedside.

    Raises SignInRefused for somebody else's password, and as at the sign-in (services.staff_sign_in).
    """
    if proof.account_id != paused.account_id:
        raise SignInRefused
    proven = find_proven(session, paused.session_id)
    if proven is not None and now - proven.at >= LONGEST_PAUSE:
        proven = None
    token = sign_in_staff(session, proof, now=now, request_id=request_id, proven=proven)
    actor = Actor(kind="staff", role="staff", request_id=request_id, account_id=paused.account_id)
    _end_pause(session, paused, "taken_back", actor=actor, now=now)
    return token


def sign_out_tablet(session: Session, paused: PausedSession, *, now: datetime, request_id: str = "") -> None:
    """End the paused session, and what is lent under it; whoever holds the tablet may do that."""
    _end_pause(session, paused, "signed_out", actor=system_actor("tablet", request_id), now=now)


def _end_pause(session: Session, paused: PausedSession, how: How, *, actor: Actor, now: datetime) -> None:
    for held in list_unended(session, TabletLoan.staff_session_id == paused.session_id):
        end_loan(session, held, how, actor=actor, now=now)
    end_staff_session(session, session_id=paused.session_id, now=now)
