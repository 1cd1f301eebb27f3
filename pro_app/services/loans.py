"""Browsers of staff that are lent for one questionnaire: beginning a loan, finding it, writing its end.

A tablet of the site (tablet_loans.py) and an interview by telephone (interviews.py) are both such a loan.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.participants import load_participant
from pro_app.services.responses import require_answerable, require_reachable
from pro_app.services.sessions import (
    end_of_loan,
    end_participant_session,
    start_participant_session,
    token_digest,
)
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import ParticipantSession, StaffSession
from pro_app.storage.tables.tablet_loans import TabletLoan

SITE_TABLET = "site_tablet"
BEGINNINGS = {SITE_TABLET: "tablet.lend", INTERVIEW: "interview.begin"}
ENDS = {SITE_TABLET: "tablet.lock", INTERVIEW: "interview.end"}
"""What the audit trail calls the beginning and the end of a loan, by its mode."""

How = Literal["locked", "finished", "taken_back", "signed_out", "lent_again"]


@dataclass(frozen=True, slots=True)
class LoanInUse:
    """A loan to a participant that has not ended: since when, by whom (display name), how and where."""

    started_at: datetime
    lent_by: str
    mode: str = SITE_TABLET
    staff_session_id: int = 0
    assessment_id: int = 0


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan whose end is not written yet, with what decides whether it has ended all the same."""

    loan: TabletLoan
    session: ParticipantSession
    site_id: int
    ends_at: datetime

    def has_ended(self, now: datetime) -> bool:
        """Tell whether nothing can be answered under it any more."""
        return self.session.ended_at is not None or now >= self.ends_at


def begin_loan(
    session: Session,
    *,
    assessment_id: int,
    participant_id: int,
    staff_session_id: int,
    mode: str,
    idle_minutes: int,
    actor: Actor,
    now: datetime,
) -> str:
    """Lend the browser of a staff session for one questionnaire; gives the token of the new session.

    What the same participant, or the same browser, was lent before ends. Raises NotFound, AlreadySubmitted
    or WindowClosed.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    assessment = load_assessment(session, assessment_id)
    require_reachable(assessment, actor)
    if assessment.participant_id != participant.id:
        raise NotFound("assessment")
    require_answerable(assessment, now)
    same = (TabletLoan.participant_id == participant.id) | (TabletLoan.staff_session_id == staff_session_id)
    for other in list_unended(session, same):
        end_loan(session, other, "lent_again", actor=actor, now=now)
    token = start_participant_session(
        session, participant_id=participant.id, device_id=None, mode=mode, now=now
    )
    session.flush()
    began = select(ParticipantSession.id).where(ParticipantSession.token_sha256 == token_digest(token))
    loan = TabletLoan(
        participant_session_id=session.scalars(began).one(),
        staff_session_id=staff_session_id,
        account_id=actor.account_id,
        participant_id=participant.id,
        assessment_id=assessment_id,
        mode=mode,
        idle_minutes=idle_minutes,
        started_at=now,
    )
    session.add(loan)
    session.flush()
    items = [{"field": "assessment", "before": None, "after": f"assessment:{assessment_id}"}]
    change = Change(BEGINNINGS[mode], f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return token


def find_loan_in_use(session: Session, participant_id: int, *, now: datetime) -> LoanInUse | None:
    """Find where a participant's answers can be given at `now` in a browser of staff, to say so first."""
    for held in list_unended(session, TabletLoan.participant_id == participant_id):
        if not held.has_ended(now):
            loan = held.loan
            name = session.get_one(Account, loan.account_id).display_name
            return LoanInUse(loan.started_at, name, loan.mode, loan.staff_session_id, loan.assessment_id)
    return None


def end_loan_of_session(session: Session, *, session_id: int, actor: Actor, now: datetime) -> None:
    """End what a participant's session was lent for, by whoever holds the browser."""
    for held in list_unended(session, TabletLoan.participant_session_id == session_id):
        sent = session.get_one(Assessment, held.loan.assessment_id).submitted_at is not None
        end_loan(session, held, "finished" if sent else "locked", actor=actor, now=now)


def list_unended(session: Session, which: ColumnElement[bool]) -> list[Loan]:
    """List the loans whose end is not written yet, in the order in which they began."""
    rows = session.execute(
        select(TabletLoan, ParticipantSession, Participant.site_id, Assessment.submitted_at, StaffSession)
        .join(ParticipantSession, ParticipantSession.id == TabletLoan.participant_session_id)
        .join(Participant, Participant.id == TabletLoan.participant_id)
        .join(Assessment, Assessment.id == TabletLoan.assessment_id)
        .join(StaffSession, StaffSession.id == TabletLoan.staff_session_id)
        .where(which, TabletLoan.ended_at.is_(None))
        .order_by(TabletLoan.id)
    )
    return [
        Loan(loan, record, site_id, _find_end(loan, record, submitted_at=submitted_at, staff=staff))
        for loan, record, site_id, submitted_at, staff in rows
    ]


def _find_end(
    loan: TabletLoan, record: ParticipantSession, *, submitted_at: datetime | None, staff: StaffSession
) -> datetime:
    """Give when a loan ends by itself; an interview ends with the session of who asks, at the latest."""
    ends_at = end_of_loan(loan, seen_at=record.seen_at, submitted_at=submitted_at)
    shut = [at for at in (staff.ended_at, staff.paused_at) if at is not None and loan.mode == INTERVIEW]
    return min([ends_at, *shut])


def end_loan(session: Session, held: Loan, how: How, *, actor: Actor, now: datetime) -> None:
    """Write how a loan ended; one that had ended by itself keeps the moment at which it did."""
    loan, by_itself = held.loan, held.has_ended(now)
    loan.ended_at = (held.session.ended_at or held.ends_at) if by_itself else now
    loan.ended_how = how
    if by_itself:
        loan.ended_how = "idle" if held.session.ended_at is None else "shut_out"
    if held.session.ended_at is None:
        end_participant_session(session, session_id=held.session.id, now=loan.ended_at)
    items = [{"field": "loan", "before": "lent", "after": loan.ended_how}]
    change = Change(ENDS[loan.mode], f"participant:{loan.participant_id}", items)
    record_change(session, change, actor=actor, site_id=held.site_id, now=now)
