"""A participant as reminders see them: hours, what stops or holds messages, and the current visits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.windows import start_of_day
from pro_app.reminders.policy import SendingHours, VisitSituation, sending_hours
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class Situation:
    """`stopped_by` is the kind of event that stopped messages; `held_until` the end of a pause."""

    hours: SendingHours
    channel: str
    stopped_by: str | None
    held_until: datetime | None
    visits: tuple[VisitSituation, ...]

    def find_visit(self, planned_visit_id: int | None, assessment_id: int | None) -> VisitSituation | None:
        """Find the current plan of a visit, also where a later revision has replaced the one asked for."""
        by_plan = (visit for visit in self.visits if visit.planned_visit_id == planned_visit_id)
        by_assessment = (
            visit for visit in self.visits if assessment_id and visit.assessment_id == assessment_id
        )
        return next(by_plan, None) or next(by_assessment, None)


def load_situation(session: Session, participant: Participant, *, now: datetime) -> Situation:
    """Read what decides about a participant's messages, as it stands in this transaction."""
    protocol = load_protocol(session, participant.protocol_sha256)
    facts = fold_events(read_events(list_events(session, participant.id)))
    return Situation(
        hours=sending_hours(protocol.messages, zone=participant.zone, hour=participant.reminder_hour),
        channel=protocol.messages.channels[0],
        stopped_by=_find_stop(protocol, facts),
        held_until=_find_end_of_hold(protocol, facts, zone=participant.zone, now=now),
        visits=_list_visits(session, participant.id),
    )


def _find_stop(protocol: Protocol, facts: Facts) -> str | None:
    """Name the event that stopped messages; the protocol lists the gravest ones last."""
    stops = [
        kind.code
        for kind in protocol.event_kinds
        if kind.effect and kind.effect.messages == "stopped" and facts.dates_of(kind.code)
    ]
    return stops[-1] if stops else None


def _find_end_of_hold(protocol: Protocol, facts: Facts, *, zone: str, now: datetime) -> datetime | None:
    """Give the moment until which messages are held; a hold without an end is looked at again daily."""
    today = civil_date(now, zone)
    if find_message_rule(protocol, facts, today) != "held":
        return None
    tomorrow = today + timedelta(days=1)
    return start_of_day(max(facts.paused_until or tomorrow, tomorrow), zone)


def _list_visits(session: Session, participant_id: int) -> tuple[VisitSituation, ...]:
    """Read the current plan with the assessment of each visit."""
    rows = session.execute(
        select(PlannedVisit, Assessment)
        .outerjoin(
            Assessment,
            and_(
                Assessment.participant_id == PlannedVisit.participant_id,
                Assessment.visit_code == PlannedVisit.visit_code,
                Assessment.ordinal == 0,
            ),
        )
        .where(PlannedVisit.participant_id == participant_id, PlannedVisit.replaced_at.is_(None))
        .order_by(PlannedVisit.opens_on, PlannedVisit.id)
    )
    return tuple(_visit_situation(session, planned, assessment) for planned, assessment in rows)


def _visit_situation(
    session: Session, planned: PlannedVisit, assessment: Assessment | None
) -> VisitSituation:
    phase = load_protocol(session, planned.protocol_sha256).find_phase(planned.visit_code)
    return VisitSituation(
        planned_visit_id=planned.id,
        assessment_id=assessment.id if assessment else None,
        visit_code=planned.visit_code,
        revision=planned.revision,
        opens_on=planned.opens_on,
        target_on=planned.target_on,
        closes_on=planned.closes_on,
        closed=not planned.expected or planned.reason_code is not None,
        started=assessment is not None and assessment.started_at is not None,
        submitted=assessment is not None and assessment.submitted_at is not None,
        rules=phase.reminders if phase else (),
    )
