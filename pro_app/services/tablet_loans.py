"""Lending a tablet of the site to one participant for one questionnaire, and taking it back.

While it is lent, the session of the member of staff in the same browser pauses: it opens nothing until the
password is given again. What the participant says is kept tap by tap, whatever ends the loan.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor, system_actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound, SignInRefused
from pro_app.services.participants import load_participant
from pro_app.services.responses import require_answerable, require_reachable
from pro_app.services.sessions import (
    end_of_loan,
    end_participant_session,
    end_staff_session,
    start_participant_session,
    token_digest,
)
from pro_app.services.staff_sign_in import ProvenPassword, sign_in_staff
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import ParticipantSession, StaffSession
from pro_app.storage.tables.tablet_loans import TabletLoan

SITE_TABLET = "site_tablet"
LONGEST_PAUSE = timedelta(hours=24)
"""After a day the tablet asks for a whole sign-in rather than for the password alone."""

How = Literal["locked", "finished", "taken_back", "signed_out", "lent_again"]


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


@dataclass(frozen=True, slots=True)
class LoanInUse:
    """A loan to a participant that has not ended: since when, and by whom (display name)."""

    started_at: datetime
    lent_by: str


@dataclass(frozen=True, slots=True)
class _Loan:
    """A loan whose end is not written yet, with what decides whether it has ended all the same."""

    loan: TabletLoan
    session: ParticipantSession
    site_id: int
    ends_at: datetime

    def has_ended(self, now: datetime) -> bool:
        return self.session.ended_at is not None or now >= self.ends_at


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
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    assessment = load_assessment(session, assessment_id)
    require_reachable(assessment, actor)
    if assessment.participant_id != participant.id:
        raise NotFound("assessment")
    require_answerable(assessment, now)
    for other in _list_unended(session, TabletLoan.participant_id == participant.id):
        _end(session, other, "lent_again", actor=actor, now=now)
    session.execute(update(StaffSession).where(StaffSession.id == staff_session_id).values(paused_at=now))
    token = start_participant_session(
        session, participant_id=participant.id, device_id=None, mode=SITE_TABLET, now=now
    )
    session.flush()
    began = select(ParticipantSession.id).where(ParticipantSession.token_sha256 == token_digest(token))
    loan = TabletLoan(
        participant_session_id=session.scalars(began).one(),
        staff_session_id=staff_session_id,
        account_id=actor.account_id,
        participant_id=participant.id,
        assessment_id=assessment_id,
        idle_minutes=idle_minutes,
        started_at=now,
    )
    session.add(loan)
    session.flush()
    items = [{"field": "assessment", "before": None, "after": f"assessment:{assessment_id}"}]
    change = Change("tablet.lend", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return token


def find_loan_in_use(session: Session, participant_id: int, *, now: datetime) -> LoanInUse | None:
    """Find the tablet on which a participant can answer at `now`, to say so before another one is lent."""
    for held in _list_unended(session, TabletLoan.participant_id == participant_id):
        if not held.has_ended(now):
            name = session.get_one(Account, held.loan.account_id).display_name
            return LoanInUse(held.loan.started_at, name)
    return None


def lock_tablet(session: Session, *, session_id: int, actor: Actor, now: datetime) -> None:
    """End the participant's session on a tablet, by themselves or whoever holds it."""
    for held in _list_unended(session, TabletLoan.participant_session_id == session_id):
        sent = session.get_one(Assessment, held.loan.assessment_id).submitted_at is not None
        _end(session, held, "finished" if sent else "locked", actor=actor, now=now)


def find_paused_session(database: Database, token: str, *, now: datetime) -> PausedSession | None:
    """Find the paused session under `token`; None for one that goes on, ended, or paused for over a day.

    One whose account was closed is still found, so that the tablet can say why nobody gets in.
    """
    with database.reading() as session:
        row = session.execute(
            select(StaffSession, Account, StaffRole.revoked_at)
            .join(Account, Account.id == StaffSession.account_id)
            .join(StaffRole, StaffRole.id == StaffSession.staff_role_id)
            .where(
                StaffSession.token_sha256 == token_digest(token), StaffSession.paused_at > now - LONGEST_PAUSE
            )
        ).first()
        if row is None:
            return None
        record, account, revoked_at = row
        is_closed = account.disabled_at is not None or revoked_at is not None
        if record.ended_at is not None and not is_closed:
            return None
        held = _list_unended(session, TabletLoan.staff_session_id == record.id)
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

    Raises SignInRefused for somebody else's password, and as at the sign-in (services.staff_sign_in).
    """
    if proof.account_id != paused.account_id:
        raise SignInRefused
    token = sign_in_staff(session, proof, now=now, request_id=request_id)
    actor = Actor(kind="staff", role="staff", request_id=request_id, account_id=paused.account_id)
    _end_pause(session, paused, "taken_back", actor=actor, now=now)
    return token


def sign_out_tablet(session: Session, paused: PausedSession, *, now: datetime, request_id: str = "") -> None:
    """End the paused session, and what is lent under it; whoever holds the tablet may do that."""
    _end_pause(session, paused, "signed_out", actor=system_actor("tablet", request_id), now=now)


def _end_pause(session: Session, paused: PausedSession, how: How, *, actor: Actor, now: datetime) -> None:
    for held in _list_unended(session, TabletLoan.staff_session_id == paused.session_id):
        _end(session, held, how, actor=actor, now=now)
    end_staff_session(session, session_id=paused.session_id, now=now)


def _list_unended(session: Session, which: ColumnElement[bool]) -> list[_Loan]:
    rows = session.execute(
        select(TabletLoan, ParticipantSession, Participant.site_id, Assessment.submitted_at)
        .join(ParticipantSession, ParticipantSession.id == TabletLoan.participant_session_id)
        .join(Participant, Participant.id == TabletLoan.participant_id)
        .join(Assessment, Assessment.id == TabletLoan.assessment_id)
        .where(which, TabletLoan.ended_at.is_(None))
        .order_by(TabletLoan.id)
    )
    return [
        _Loan(loan, record, site_id, end_of_loan(loan, seen_at=record.seen_at, submitted_at=submitted_at))
        for loan, record, site_id, submitted_at in rows
    ]


def _end(session: Session, held: _Loan, how: How, *, actor: Actor, now: datetime) -> None:
    """Write how a loan ended; one that had ended by itself keeps the moment at which it did."""
    loan, by_itself = held.loan, held.has_ended(now)
    loan.ended_at = (held.session.ended_at or held.ends_at) if by_itself else now
    loan.ended_how = how
    if by_itself:
        loan.ended_how = "idle" if held.session.ended_at is None else "shut_out"
    if held.session.ended_at is None:
        end_participant_session(session, session_id=held.session.id, now=loan.ended_at)
    items = [{"field": "loan", "before": "lent", "after": loan.ended_how}]
    change = Change("tablet.lock", f"participant:{loan.participant_id}", items)
    record_change(session, change, actor=actor, site_id=held.site_id, now=now)
