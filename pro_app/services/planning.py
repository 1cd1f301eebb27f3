"""Planning a participant's visits: the protocol decides, this stores it, revision by revision."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import fold_events
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.replan import PLAN_REPLACED, CurrentVisit, PlanChange, plan_changes
from pro_app.protocol.schedule import PlannedVisit as Visit
from pro_app.protocol.schedule import plan_visits
from pro_app.reminders.outbox import replan_reminders
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.plans import StoredVisit, last_ordinal, last_revisions, list_current_plan
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What became of each visit, the kept ones included."""

    changes: tuple[PlanChange, ...]

    @property
    def changed(self) -> tuple[PlanChange, ...]:
        """Give the changes that did something."""
        return tuple(change for change in self.changes if change.action != "keep")

    def list_audit_items(self) -> list[dict[str, object]]:
        """List what changed for the audit trail: each visit, what became of it, and its facts around that."""
        return [
            {
                "field": f"visit:{change.visit_code}",
                "action": change.action,
                "before": _said(change.before),
                "after": _said(change.after),
            }
            for change in self.changed
        ]


def plan_participant(session: Session, participant: Participant, *, now: datetime) -> PlanOutcome:
    """Make the stored plan, and the messages, equal to what the protocol says of the recorded events.

    Lock the participant first. Doing it twice changes nothing the second time.
    """
    stored = {visit.row.visit_code: visit for visit in list_current_plan(session, participant.id)}
    outcome = _plan(session, participant, stored, now=now)
    revisions = last_revisions(session, participant.id)
    writer = _Writer(session, participant, revisions, now)
    for change in outcome.changed:
        writer.write(change, stored.get(change.visit_code))
    session.flush()
    replan_reminders(session, participant=participant, now=now)
    return outcome


def _plan(
    session: Session, participant: Participant, stored: dict[str, StoredVisit], *, now: datetime
) -> PlanOutcome:
    """Ask the protocol what changes; visits that left the plan before are as absent as unplanned ones."""
    protocol = load_protocol(session, participant.protocol_sha256)
    facts = fold_events(read_events(list_events(session, participant.id)))
    current = [
        _read_current(visit, load_protocol(session, visit.row.protocol_sha256))
        for visit in stored.values()
        if visit.row.reason_code != PLAN_REPLACED
    ]
    today = civil_date(now, participant.zone)
    changes = plan_changes(current, plan_visits(protocol, facts), today=today)
    return PlanOutcome(
        tuple(_follow_zone(change, stored, zone=participant.zone, today=today) for change in changes)
    )


def _follow_zone(change: PlanChange, stored: dict[str, StoredVisit], *, zone: str, today: date) -> PlanChange:
    """Move a visit that keeps its days to the participant's new zone, unless it was begun or is past."""
    visit = stored.get(change.visit_code)
    if change.action != "keep" or visit is None or visit.row.zone == zone:
        return change
    is_past = visit.row.closes_on is not None and visit.row.closes_on < today
    return change if is_past or visit.assessment.started_at else replace(change, action="move")


def _read_current(stored: StoredVisit, protocol: Protocol) -> CurrentVisit:
    row, facts = stored.row, stored.assessment
    phase, rule = protocol.find_phase(row.visit_code), protocol.find_visit(row.visit_code)
    answered_at = stored.answered_at or facts.completed_at or facts.submitted_at
    return CurrentVisit(
        visit=Visit(
            visit_code=row.visit_code,
            anchor=row.anchor,
            target_on=row.target_on,
            opens_on=row.opens_on,
            closes_on=row.closes_on,
            provisional=row.provisional,
            expected=row.expected,
            reason=row.reason_code,
            instruments=phase.instruments if phase else (),
        ),
        planned_on=civil_date(row.planned_at, row.zone),
        answers_on=civil_date(answered_at, row.zone) if answered_at else None,
        submitted=facts.submitted_at is not None,
        opens_early=rule is not None and rule.opens_with is not None,
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the changes of one planning; `revisions` holds the last one of each visit."""

    session: Session
    participant: Participant
    revisions: dict[str, int]
    now: datetime

    def write(self, change: PlanChange, stored: StoredVisit | None) -> None:
        """Write one change of the plan."""
        if change.action == "unschedule" and stored and change.before:
            self._unschedule(stored, change.before)
        elif change.action == "cancel" and stored and change.before:
            self._replace(stored, _gone(change.before))
        elif change.action == "move" and stored and change.after:
            self._replace(stored, change.after)
        elif change.action == "add" and change.after:
            self._add(change.after, stored)

    def _add(self, visit: Visit, stored: StoredVisit | None) -> None:
        """Plan a visit; one that had left the plan comes back under the assessment it had."""
        if stored is not None and stored.assessment.visit_code == visit.visit_code:
            self._replace(stored, visit)
            return
        row = self._new_row(visit)
        self.session.add(
            Assessment(
                participant_id=self.participant.id,
                visit_code=visit.visit_code,
                ordinal=0,
                planned_visit_id=row.id,
            )
        )

    def _replace(self, stored: StoredVisit, visit: Visit) -> None:
        """Put a new revision in the place of the current one; what was begun keeps its zone."""
        self._retire(stored.row)
        zone = stored.row.zone if stored.assessment.started_at else None
        stored.assessment.planned_visit_id = self._new_row(visit, zone=zone).id

    def _unschedule(self, stored: StoredVisit, before: Visit) -> None:
        """Keep answers that fit no visit any more; their window stays readable in a revision of its own."""
        self._retire(stored.row)
        kept = self._new_row(_gone(before), zone=stored.row.zone)
        self._retire(kept)
        assessment = stored.assessment
        assessment.ordinal = 1 + last_ordinal(
            self.session, participant_id=self.participant.id, visit_code=UNSCHEDULED
        )
        assessment.visit_code = UNSCHEDULED
        assessment.planned_visit_id = kept.id
        self.session.flush()

    def _retire(self, row: PlannedVisit) -> None:
        row.replaced_at = self.now
        # The index of current rows must see this one gone before the next one is written.
        self.session.flush()

    def _new_row(self, visit: Visit, *, zone: str | None = None) -> PlannedVisit:
        revision = self.revisions.get(visit.visit_code, 0) + 1
        self.revisions[visit.visit_code] = revision
        row = PlannedVisit(
            participant_id=self.participant.id,
            visit_code=visit.visit_code,
            revision=revision,
            protocol_sha256=self.participant.protocol_sha256,
            anchor=visit.anchor,
            target_on=visit.target_on,
            opens_on=visit.opens_on,
            closes_on=visit.closes_on,
            zone=zone or self.participant.zone,
            provisional=visit.provisional,
            expected=visit.expected,
            reason_code=visit.reason,
            planned_at=self.now,
        )
        self.session.add(row)
        self.session.flush()
        return row


def _gone(visit: Visit) -> Visit:
    """Give a visit as one that is no longer required, because a new plan took the place of the old one."""
    return replace(visit, expected=False, reason=PLAN_REPLACED)


def _said(visit: Visit | None) -> dict[str, object] | None:
    """Give what the audit trail keeps of a planned visit."""
    if visit is None:
        return None
    days = {name: getattr(visit, name) for name in ("opens_on", "target_on", "closes_on")}
    dates = {name: day.isoformat() if day else None for name, day in days.items()}
    return {**dates, "provisional": visit.provisional, "expected": visit.expected, "reason": visit.reason}
