"""A participant's record as the clinic sees it: plan, events, devices; states and counts, never answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.protocol.events import Facts, fold_events, list_valid_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.state import AssessmentState
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.message_settings import PARTICIPANT, SAID_BY
from pro_app.services.paper.rules import may_come_on_paper
from pro_app.services.participant_list import describe_situation
from pro_app.services.participants import load_participant
from pro_app.services.sites import load_site
from pro_app.services.visits import MAY_HAVE_REASON, find_reopening_day
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.beside_forms import NOTHING_BESIDE, BesideForm, list_beside_forms
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.credentials import ParticipantCredential, SignInCard
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit of the plan: window (civil dates), state, receipt, and what the site may do about it.

    `received_late`: finished in the period and received after it. `beside` counts the answers that are kept
    beside the form. `asked_by` is who of the site asked in an interview by telephone.
    """

    assessment_id: int
    label: str
    phase: str
    state: str
    mode: str | None
    target_on: date | None
    opens_on: date
    closes_on: date | None
    provisional: bool
    received_at: datetime | None
    received_late: bool
    receipt_code: str | None
    flag: str | None
    reason: str | None
    reason_said_by: str | None
    reopened_until: date | None
    may_reopen: bool
    may_have_reason: bool
    may_come_on_paper: bool
    beside: BesideForm
    asked_by: str | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event that still holds, who recorded it and when, and whether it replaced an earlier entry.

    `recorded_by` is None where no member of staff did, but the participant or the app.
    """

    event_id: int
    kind: str
    label: str
    occurred_on: date
    details: tuple[str, ...]
    until_on: date | None
    recorded_at: datetime
    recorded_by: str | None
    by_participant: bool
    corrected_because: str | None
    may_be_taken_back: bool


@dataclass(frozen=True, slots=True)
class CardState:
    """Where the participant stands with signing in: the latest card, and whether a PIN was chosen."""

    printed_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None
    pin_set_at: datetime | None


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """One participant's record; no contact is in it."""

    participant: Participant
    site: Site
    arm: str | None
    situation: str
    visits: tuple[VisitLine, ...]
    events: tuple[EventLine, ...]
    card: CardState


def load_record(
    session: Session, participant_id: int, *, actor: Actor, language: str, now: datetime
) -> ParticipantRecord:
    """Give the record of a participant whom the actor may reach."""
    participant = load_participant(session, participant_id, actor=actor)
    protocol = load_protocol(session, participant.protocol_sha256)
    rows = list_events(session, participant.id)
    facts = fold_events(read_events(rows))
    arm = protocol.arms_by_code.get(facts.arm or "")
    today = civil_date(now, participant.zone)
    beside = list_beside_forms(session, [participant.id])
    return ParticipantRecord(
        participant=participant,
        site=load_site(session, participant.site_id, actor=actor),
        arm=arm.label.text(language) if arm else None,
        situation=describe_situation(protocol, facts, today=today, language=language),
        visits=tuple(
            _visit_line(
                session,
                record,
                beside=beside.get(record.assessment_id, NOTHING_BESIDE),
                language=language,
                now=now,
            )
            for record in list_assessments(session, participant_id=participant.id)
        ),
        events=tuple(_list_event_lines(session, rows, protocol, facts=facts, language=language)),
        card=_load_card_state(session, participant.id),
    )


def _visit_line(
    session: Session, record: AssessmentRecord, *, beside: BesideForm, language: str, now: datetime
) -> VisitLine:
    state = record.state(now)
    protocol = record.protocol
    asked_by_id = record.entered_by_id if record.mode == INTERVIEW else None
    visit, phase = protocol.find_visit(record.planned_code), protocol.find_phase(record.planned_code)
    reason = record.not_done_reason or record.reason_code
    said_by = {person.code: person.label.text(language) for person in protocol.said_by}
    return VisitLine(
        assessment_id=record.assessment_id,
        label=protocol.visit_label(record.visit_code, language),
        phase=phase.label.text(language) if phase else "",
        state=state,
        mode=record.mode,
        target_on=record.target_on,
        opens_on=record.opens_on,
        closes_on=record.closes_on,
        provisional=record.provisional,
        received_at=record.submitted_at,
        received_late=record.is_received_late,
        receipt_code=record.receipt_code,
        flag=visit.late_flag if visit and state is AssessmentState.LATE else None,
        reason=protocol.reason_label(reason, language) if reason else None,
        reason_said_by=said_by.get(record.not_done_said_by or ""),
        reopened_until=record.reopened_until,
        may_reopen=find_reopening_day(session, record, now=now) is not None,
        may_have_reason=state in MAY_HAVE_REASON,
        may_come_on_paper=may_come_on_paper(record, now=now),
        beside=beside,
        asked_by=session.get_one(Account, asked_by_id).display_name if asked_by_id else None,
    )


def _list_event_lines(
    session: Session,
    rows: list[ParticipantEvent],
    protocol: Protocol,
    *,
    facts: Facts,
    language: str,
) -> Iterator[EventLine]:
    names = list_display_names(session, {row.recorded_by_id for row in rows if row.recorded_by_id})
    by_id = {row.id: row for row in rows}
    for event in list_valid_events(read_events(rows)):
        row = by_id[event.id]
        until = event.details.get("until")
        yield EventLine(
            event_id=row.id,
            kind=row.kind,
            label=protocol.event_label(row.kind, language, facts.arm),
            occurred_on=row.occurred_on,
            details=tuple(_list_details(row, protocol, language)),
            until_on=date.fromisoformat(until) if until else None,
            recorded_at=row.recorded_at,
            recorded_by=names.get(row.recorded_by_id or 0),
            by_participant=row.details.get(SAID_BY) == PARTICIPANT,
            corrected_because=row.correction_reason,
            may_be_taken_back=row.kind != "enrolled",
        )


def _list_details(row: ParticipantEvent, protocol: Protocol, language: str) -> Iterator[str]:
    arm = protocol.arms_by_code.get(row.details.get("arm", ""))
    if arm:
        yield arm.label.text(language)
    if "of" in row.details:
        yield protocol.event_label(row.details["of"], language)


def _load_card_state(session: Session, participant_id: int) -> CardState:
    card = session.scalars(
        select(SignInCard)
        .where(SignInCard.participant_id == participant_id)
        .order_by(SignInCard.id.desc())
        .limit(1)
    ).one_or_none()
    credential = session.get(ParticipantCredential, participant_id)
    return CardState(
        printed_at=card.printed_at if card else None,
        expires_at=card.expires_at if card else None,
        used_at=card.used_at if card else None,
        pin_set_at=credential.pin_set_at if credential else None,
    )
