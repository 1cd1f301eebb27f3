"""Sessions of participants on the server: started at sign-in under a new token, found by it, ended at once.

Those of the staff stand in `staff_sessions`; what both share is here.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.services.interviewers import INTERVIEW, Interviewer, find_interviewer, touch_interviewer
from pro_app.storage.database import Database
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.participants import Participant, make_queue_owner
from pro_app.storage.tables.sessions import ParticipantSession, StaffSession
from pro_app.storage.tables.tablet_loans import TabletLoan

PARTICIPANT_IDLE = timedelta(hours=2)
PARTICIPANT_LONGEST = timedelta(hours=24)
TOUCH_AFTER = timedelta(minutes=2)
TOUCH_LOAN_AFTER = timedelta(seconds=10)
"""A tablet on loan locks after minutes, so its last use is known more exactly."""
GRACE = timedelta(minutes=1)
"""The page counts from the last touch and may tell the server of it half a minute later."""
LONGEST_AFTER_SENDING = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ParticipantSignIn:
    """A signed-in participant on one device; `mode` is how the answers are given.

    `text_size` and `contrast` are how the person reads the pages, `listens` whether the questions may be
    heard where the licence allows it. `queue_owner` marks on a phone whose answers it keeps.
    `loan` is set in a browser of staff that was lent for one questionnaire; in an interview no answer is the
    participant's own tap, so that who asks is the actor.
    """

    session_id: int
    participant_id: int
    study_id: int
    site_id: int
    language: str
    zone: str
    device_id: int | None
    mode: str
    text_size: str = "normal"
    contrast: str = "normal"
    listens: bool = False
    queue_owner: str = ""
    loan: "LentFor | None" = None

    def actor(self, request_id: str) -> Actor:
        """Give the actor of one request of this session."""
        if self.loan is not None and self.loan.interviewer is not None:
            return self.loan.interviewer.actor(request_id, assessment_id=self.loan.assessment_id)
        return Actor(
            kind="participant",
            role="participant",
            request_id=request_id,
            study_id=self.study_id,
            site_ids=frozenset({self.site_id}),
            participant_id=self.participant_id,
            device_id=self.device_id,
            mode=self.mode,
            only_assessment_id=self.loan.assessment_id if self.loan else None,
        )


@dataclass(frozen=True, slots=True)
class LentFor:
    """What a browser was lent for, and after how many minutes without a touch it locks.

    `interviewer` is who asks in an interview by telephone; None on a tablet, where nobody does.
    """

    loan_id: int
    assessment_id: int
    participant_code: str
    idle_minutes: int
    interviewer: Interviewer | None = None


def token_digest(token: str) -> str:
    """Digest a token of at least 128 random bits for storage."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_participant_session(
    session: Session, *, participant_id: int, device_id: int | None, mode: str, now: datetime
) -> str:
    """Start a session of a participant; gives its token, which is kept nowhere."""
    session.execute(
        update(Participant)
        .where(Participant.id == participant_id, Participant.queue_owner.is_(None))
        .values(queue_owner=make_queue_owner())
    )
    token = secrets.token_urlsafe(32)
    session.add(
        ParticipantSession(
            token_sha256=token_digest(token),
            participant_id=participant_id,
            device_id=device_id,
            mode=mode,
            started_at=now,
            seen_at=now,
        )
    )
    return token


def find_participant_sign_in(
    database: Database, token: str, *, now: datetime, touch: bool = True
) -> ParticipantSignIn | None:
    """Find the living session under `token`; a revoked device ends it at once; `touch` as for staff.

    That of a browser on loan lives while it is used, and a short time after the questionnaire was sent; an
    interview no longer than the session of who asks.
    """
    with database.reading() as session:
        row = session.execute(
            select(ParticipantSession, Participant, TabletLoan, Assessment.submitted_at)
            .join(Participant, Participant.id == ParticipantSession.participant_id)
            .outerjoin(Device, Device.id == ParticipantSession.device_id)
            .outerjoin(TabletLoan, TabletLoan.participant_session_id == ParticipantSession.id)
            .outerjoin(Assessment, Assessment.id == TabletLoan.assessment_id)
            .where(
                ParticipantSession.token_sha256 == token_digest(token),
                ParticipantSession.ended_at.is_(None),
                ParticipantSession.seen_at > now - PARTICIPANT_IDLE,
                ParticipantSession.started_at > now - PARTICIPANT_LONGEST,
                Device.revoked_at.is_(None),
            )
        ).first()
    if row is None:
        return None
    record, participant, submitted_at = row[0], row[1], row[3]
    loan: TabletLoan | None = row[2]  # an outer join finds none on an own device
    if loan is not None and now >= end_of_loan(loan, seen_at=record.seen_at, submitted_at=submitted_at):
        return None
    lent = None if loan is None else _find_lent(database, loan, participant.participant_code, now=now)
    if lent is not None and lent.interviewer is None and record.mode == INTERVIEW:
        return None
    if touch and now - record.seen_at > (TOUCH_AFTER if loan is None else TOUCH_LOAN_AFTER):
        touch_session(database, record, now=now)
        if lent is not None and lent.interviewer is not None:
            touch_interviewer(database, lent.interviewer, now=now)
    return ParticipantSignIn(
        session_id=record.id,
        participant_id=participant.id,
        study_id=participant.study_id,
        site_id=participant.site_id,
        language=participant.language,
        zone=participant.zone,
        device_id=record.device_id,
        mode=record.mode,
        text_size=participant.text_size,
        contrast=participant.contrast,
        listens=participant.listens and record.mode != INTERVIEW,
        # Nothing is ever kept in the browser of who asks.
        queue_owner=(participant.queue_owner or "") if record.mode != INTERVIEW else "",
        loan=lent,
    )


def _find_lent(database: Database, loan: TabletLoan, participant_code: str, *, now: datetime) -> LentFor:
    """Find what a browser was lent for, and in an interview who asks; None there once nobody does."""
    interviewer = None
    if loan.mode == INTERVIEW:
        with database.reading() as session:
            interviewer = find_interviewer(session, loan.staff_session_id, now=now)
    return LentFor(loan.id, loan.assessment_id, participant_code, loan.idle_minutes, interviewer)


def end_of_loan(loan: TabletLoan, *, seen_at: datetime, submitted_at: datetime | None) -> datetime:
    """Give when a tablet on loan locks by itself if nobody touches it any more."""
    idle = timedelta(minutes=loan.idle_minutes)
    return seen_at + (idle if submitted_at is None else min(idle, LONGEST_AFTER_SENDING)) + GRACE


def end_participant_sessions(session: Session, *, participant_id: int, now: datetime) -> None:
    """End every session of a participant, on whatever device."""
    session.execute(
        update(ParticipantSession)
        .where(ParticipantSession.participant_id == participant_id, ParticipantSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_participant_session(session: Session, *, session_id: int, now: datetime) -> None:
    """End one session at sign-out."""
    session.execute(
        update(ParticipantSession).where(ParticipantSession.id == session_id).values(ended_at=now)
    )


def touch_session(database: Database, record: StaffSession | ParticipantSession, *, now: datetime) -> None:
    """Note that the session lives, in a short transaction of its own and not at every request."""
    table = type(record)
    with database.writing() as session:
        session.execute(update(table).where(table.id == record.id).values(seen_at=now))
