"""Planning a participant's visits: the protocol decides; stored at once, or only said in advance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.leaving import find_visit_effect
from pro_app.protocol.open_days import PLAN_REPLACED, OpenDays, find_open_days
from pro_app.protocol.protocol import UNSCHEDULED, InstrumentReference, Protocol
from pro_app.protocol.replan import CurrentVisit, PlanChange, plan_changes
from pro_app.protocol.schedule import PlannedVisit as Visit
from pro_app.protocol.versions import GovernedVisit, plan_under_versions
from pro_app.reminders.outbox import replan_reminders
from pro_app.services.plan_writing import PlanWriter, list_outdated
from pro_app.services.standings import write_standings_of
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.plans import (
    StoredVisit,
    last_revisions,
    list_current_plan,
    list_revisions,
    list_unscheduled,
)
from pro_app.storage.tables.assessments import PlannedVisit
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What became of each visit, the kept ones included.

    `versions` names the protocol by SHA-256 for the visits that belong to an earlier one than the rest.
    `emptied` holds, by visit code, what was said about the period of a form that moved to a later one.
    """

    changes: tuple[PlanChange, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    emptied: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[PlanChange, ...]:
        """Give the changes that did something."""
        return tuple(change for change in self.changes if change.action != "keep")

    def list_audit_items(self) -> list[dict[str, object]]:
        """List what changed for the audit trail: each visit, what became of it, and its facts around that.

        Where answers came back, `unscheduled` is the number that they had meanwhile; `emptied` is what was
        said about an earlier period and holds no more.
        """
        return [
            {
                "field": f"visit:{change.visit_code}",
                "action": change.action,
                "before": _said(change.before),
                "after": _said(change.after),
                **({"unscheduled": change.unscheduled} if change.unscheduled else {}),
                **({"emptied": emptied} if (emptied := self._write_emptied(change.visit_code)) else {}),
            }
            for change in self.changed
        ]

    def _write_emptied(self, visit_code: str) -> dict[str, str]:
        return {name: str(value) for name, value in self.emptied.get(visit_code, {}).items()}


def preview_plan(
    session: Session,
    participant: Participant,
    *,
    events: Sequence[Event],
    protocol: Protocol,
    now: datetime,
    left: Protocol | None = None,
) -> PlanOutcome:
    """Say what planning would change if these were the events and this the protocol, and write nothing.

    The events and the protocol that are stored play no part, the stored plan and its answers do. Nothing
    is locked. `left` is the version that governed until now, where `protocol` is just being applied.
    """
    stored = _read_stored(session, participant, lock=False)
    return _plan(session, participant, stored, basis=_Basis(protocol, fold_events(events), left), now=now)


def plan_participant(
    session: Session, participant: Participant, *, now: datetime, left: Protocol | None = None
) -> PlanOutcome:
    """Make the stored plan, and the messages, equal to what the protocol says of the recorded events.

    Lock the participant first. Doing it twice changes nothing the second time. `left` is as for
    `preview_plan`.
    """
    stored = _read_stored(session, participant, lock=True)
    basis = _Basis(
        load_protocol(session, participant.protocol_sha256),
        fold_events(read_events(list_events(session, participant.id))),
        left,
    )
    outcome = _plan(session, participant, stored, basis=basis, now=now)
    writer = PlanWriter(session, participant, last_revisions(session, participant.id), outcome.versions, now)
    writer.write(outcome.changed, stored.visits, returning=stored.unscheduled)
    session.flush()
    if outcome.changed:
        write_standings_of(session, participant.id)
    replan_reminders(session, participant=participant, now=now)
    return outcome


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a plan follows from."""

    protocol: Protocol
    facts: Facts
    left: Protocol | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """What stands in the database: the plan by visit code, and answers without a visit by their number."""

    visits: dict[str, StoredVisit]
    unscheduled: dict[int, StoredVisit]
    revisions: list[PlannedVisit]

    def list_current(self, session: Session, facts: Facts) -> list[GovernedVisit]:
        """Give it to the protocol; visits that left the plan before are as absent as unplanned ones."""
        current = [
            *(visit for visit in self.visits.values() if visit.row.reason_code != PLAN_REPLACED),
            *self.unscheduled.values(),
        ]
        versions = [load_protocol(session, visit.row.protocol_sha256) for visit in current]
        return [
            GovernedVisit(_read_current(visit, version, facts), version)
            for visit, version in zip(current, versions, strict=True)
        ]


def _read_stored(session: Session, participant: Participant, *, lock: bool) -> _Stored:
    return _Stored(
        {visit.row.visit_code: visit for visit in list_current_plan(session, participant.id, lock=lock)},
        {visit.assessment.ordinal: visit for visit in list_unscheduled(session, participant.id, lock=lock)},
        list_revisions(session, participant.id),
    )


def _plan(
    session: Session, participant: Participant, stored: _Stored, *, basis: _Basis, now: datetime
) -> PlanOutcome:
    """Ask the protocol what changes."""
    today = civil_date(now, participant.zone)
    current = stored.list_current(session, basis.facts)
    wanted = plan_under_versions(basis.protocol, basis.facts, current, today=today, left=basis.left)
    changes = plan_changes(
        [row.current for row in current],
        wanted.visits,
        today=today,
        offered=_list_open_days(stored.revisions, today),
    )
    kept = [wanted.renew(change) for change in changes]
    followed = tuple(
        _follow_zone(change, stored.visits, zone=participant.zone, today=today) for change in kept
    )
    return PlanOutcome(followed, wanted.versions, dict(_list_emptied(followed, stored.visits)))


def _list_emptied(
    changes: Iterable[PlanChange], stored: Mapping[str, StoredVisit]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Give what does not hold in the later period of each visit that moves to one, or comes back."""
    for change in changes:
        visit, after = stored.get(change.visit_code), change.after
        if change.action not in {"move", "add"} or visit is None or after is None:
            continue
        if visit.assessment.visit_code == change.visit_code and (outdated := list_outdated(visit, after)):
            yield change.visit_code, outdated


def _list_open_days(revisions: Sequence[PlannedVisit], today: date) -> dict[str, list[OpenDays]]:
    """List the days on which each visit was open under any revision of the plan, until `today`."""
    offered: dict[str, list[OpenDays]] = {}
    for row in revisions:
        days = find_open_days(
            _read_visit(row),
            planned_on=civil_date(row.planned_at, row.zone),
            replaced_on=civil_date(row.replaced_at, row.zone) if row.replaced_at else None,
            today=today,
        )
        if days is not None:
            offered.setdefault(row.visit_code, []).append(days)
    return offered


def _follow_zone(change: PlanChange, stored: dict[str, StoredVisit], *, zone: str, today: date) -> PlanChange:
    """Move a visit that keeps its days to the participant's new zone, unless it was begun or is past."""
    visit = stored.get(change.visit_code)
    if change.action != "keep" or visit is None or visit.row.zone == zone:
        return change
    is_past = visit.row.closes_on is not None and visit.row.closes_on < today
    return change if is_past or visit.assessment.started_at else replace(change, action="move")


def _read_current(stored: StoredVisit, protocol: Protocol, facts: Facts) -> CurrentVisit:
    row, form = stored.row, stored.assessment
    phase, rule = protocol.find_phase(row.visit_code), protocol.find_visit(row.visit_code)
    answered_at = stored.answered_at or form.completed_at or form.submitted_at
    return CurrentVisit(
        visit=_read_visit(row, phase.instruments if phase else ()),
        planned_on=civil_date(row.planned_at, row.zone),
        answers_on=civil_date(answered_at, row.zone) if answered_at else None,
        submitted=form.submitted_at is not None,
        opens_early=rule is not None and rule.opens_with is not None,
        unscheduled=form.ordinal if form.visit_code == UNSCHEDULED else 0,
        effect=find_visit_effect(protocol, facts, row.closes_on),
    )


def _read_visit(row: PlannedVisit, instruments: tuple[InstrumentReference, ...] = ()) -> Visit:
    return Visit(
        visit_code=row.visit_code,
        anchor=row.anchor,
        target_on=row.target_on,
        opens_on=row.opens_on,
        closes_on=row.closes_on,
        provisional=row.provisional,
        expected=row.expected,
        reason=row.reason_code,
        instruments=instruments,
    )


def _said(visit: Visit | None) -> dict[str, object] | None:
    """Give what the audit trail keeps of a planned visit."""
    if visit is None:
        return None
    days = {name: getattr(visit, name) for name in ("opens_on", "target_on", "closes_on")}
    dates = {name: day.isoformat() if day else None for name, day in days.items()}
    return {**dates, "provisional": visit.provisional, "expected": visit.expected, "reason": visit.reason}
