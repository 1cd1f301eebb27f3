"""Whom there may be something to do about: found in few queries, before anything more is read of anybody.

What is looked at grows with what is open at the sites asked for, not with how many people they enrolled, nor
with the trial. Whoever is not found here has no task; of those found, the rules themselves decide.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from pro_app.protocol.anchors import find_expected_date, find_proposed_date, find_recorded_date
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import ReminderRule
from pro_app.reminders.task_outcomes import WRONG_NUMBER
from pro_app.reminders.task_situation import Matter, TaskStop, UnsentAnswers
from pro_app.services.task_matters import list_matters
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.device_reports import list_unsent_reports
from pro_app.storage.queries.site_tasks import TaskScope, list_current_stops, list_events_of
from pro_app.storage.queries.task_candidates import (
    list_failed_messages,
    list_people_with_outcome,
    list_people_without,
    list_protocols_in,
)
from pro_app.storage.queries.task_visits import (
    A_DAY,
    MissedVisitRow,
    WaitingVisit,
    list_unexplained_visits,
    list_waiting_visits,
)

TESTS_COUNT_FOR = timedelta(days=14)
"""How long a test message that did not arrive asks for something: it tells about the address of that time."""
REASONS_ARE_ASKED_FOR = timedelta(days=365)
"""How long after its window a visit without a reason is asked about."""


@dataclass(frozen=True)
class Candidates:
    """What was found, by participant; `facts` of those whose events were read already."""

    visits: Mapping[int, list[WaitingVisit]]
    unexplained: Mapping[int, list[MissedVisitRow]]
    stops: Mapping[int, list[TaskStop]]
    matters: Mapping[int, list[Matter]]
    unsent: Mapping[int, list[UnsentAnswers]]
    facts: Mapping[int, Facts]
    participant_ids: frozenset[int]


def find_candidates(session: Session, scope: TaskScope, *, now: datetime) -> Candidates:
    """Find the people in scope about whom there may be something to do at `now` (aware UTC)."""
    protocols = [load_protocol(session, sha256) for sha256 in list_protocols_in(session, scope)]
    tomorrow = now.date() + A_DAY
    visits = _list_visits(session, scope, protocols, tomorrow=tomorrow)
    unexplained = defaultdict(list)
    asked_from = now.date() - REASONS_ARE_ASKED_FOR
    for missed in list_unexplained_visits(session, scope, closed_from=asked_from, now=now):
        unexplained[missed.participant_id].append(missed)
    stops = defaultdict(list)
    for row in list_current_stops(session, scope):
        stop = TaskStop(
            row.id, row.channel, row.reason, since_at=row.since_at, message_id=row.outbox_message_id
        )
        stops[row.participant_id].append(stop)
    matters = defaultdict(list)
    for matter in list_matters(session, scope, now=now):
        matters[matter.participant_id].append(matter)
    unsent = defaultdict(list)
    for report in list_unsent_reports(session, scope):
        answers = UnsentAnswers(report.id, report.waiting + report.refused, report.oldest_at)
        unsent[report.participant_id].append(answers)
    facts = _find_undated(session, scope, protocols, tomorrow=tomorrow)
    found = {*unexplained, *stops, *matters, *unsent, *facts}
    found |= _list_asked(session, visits, tomorrow=tomorrow)
    found |= _list_unreached(session, scope, visits, now=now)
    found |= set(list_people_with_outcome(session, scope, WRONG_NUMBER))
    return Candidates(visits, unexplained, stops, matters, unsent, facts, frozenset(found))


def _list_visits(
    session: Session, scope: TaskScope, protocols: Iterable[Protocol], *, tomorrow: date
) -> dict[int, list[WaitingVisit]]:
    """List the visits that a task could be about: open in some zone, or about to be asked about."""
    longest = max((task.days_before_opening for one in protocols for task in one.site_tasks), default=0)
    rows = list_waiting_visits(
        session, scope, opened_by=tomorrow + timedelta(days=longest), closing_from=tomorrow - 2 * A_DAY
    )
    found: dict[int, list[WaitingVisit]] = defaultdict(list)
    for row in rows:
        found[row.participant_id].append(row)
    return found


def _list_asked(session: Session, visits: Mapping[int, list[WaitingVisit]], *, tomorrow: date) -> set[int]:
    """List the people of whom a rule of a visit asks something by tomorrow."""
    rules: dict[tuple[str, str], tuple[list[ReminderRule], list[int]]] = {}
    found = set()
    for participant_id, waiting in visits.items():
        for visit in waiting:
            key = visit.protocol_sha256, visit.visit_code
            if key not in rules:
                rules[key] = _list_rules(load_protocol(session, key[0]), key[1])
            escalations, earlier = rules[key]
            if any(_is_due(rule, visit, tomorrow) for rule in escalations) or any(
                visit.opens_on - timedelta(days=days) <= tomorrow for days in earlier
            ):
                found.add(participant_id)
    return found


def _list_rules(protocol: Protocol, visit_code: str) -> tuple[list[ReminderRule], list[int]]:
    """List the escalations of a visit, and how many days before its opening the site is asked for checks."""
    phase = protocol.find_phase(visit_code)
    if phase is None:
        return [], []
    checks = [task.days_before_opening for task in protocol.site_tasks if phase.code in task.phases]
    return [rule for rule in phase.reminders if rule.kind == "escalation"], checks


def _is_due(rule: ReminderRule, visit: WaitingVisit, tomorrow: date) -> bool:
    """Say whether the day of an escalation has come by tomorrow, whatever the form's state."""
    base = {"opening": visit.opens_on, "target": visit.target_on, "closing": visit.closes_on}[rule.base]
    return base is not None and base + timedelta(days=rule.days) <= tomorrow


def _list_unreached(
    session: Session, scope: TaskScope, visits: Mapping[int, list[WaitingVisit]], *, now: datetime
) -> set[int]:
    """List those of whom a message about a visit that waits, or a test, did not arrive."""
    waiting = [visit for of_one in visits.values() for visit in of_one]
    opened_on = min((visit.opens_on for visit in waiting), default=now.date()) - A_DAY
    rows = list_failed_messages(
        session,
        scope,
        since=datetime.combine(opened_on, time(), UTC),
        tests_since=now - TESTS_COUNT_FOR,
    )
    forms = {visit.assessment_id for visit in waiting}
    return {person for person, assessment_id in rows if assessment_id is None or assessment_id in forms}


def _find_undated(
    session: Session, scope: TaskScope, protocols: Iterable[Protocol], *, tomorrow: date
) -> dict[int, Facts]:
    """Give what is known of those of whom a date that visits count from is overdue."""
    known = list(protocols)
    kinds = {anchor.event for one in known for anchor in one.anchors}
    resumable = any(
        one.event_kinds_by_code[kind].resumable for one in known for kind in _kinds_of(one, kinds)
    )
    resuming = {kind.code for one in known for kind in one.event_kinds if "of" in kind.details}
    versions = list_people_without(session, scope, kinds=kinds, resuming=resuming if resumable else ())
    events = list_events_of(session, versions)
    found = {}
    for participant_id, recorded in events.items():
        protocol = load_protocol(session, versions[participant_id])
        facts = fold_events(recorded)
        if any(_is_overdue(protocol, facts, anchor.event, tomorrow=tomorrow) for anchor in protocol.anchors):
            found[participant_id] = facts
    return found


def _kinds_of(protocol: Protocol, kinds: Iterable[str]) -> list[str]:
    return [kind for kind in kinds if kind in protocol.event_kinds_by_code]


def _is_overdue(protocol: Protocol, facts: Facts, event: str, *, tomorrow: date) -> bool:
    if find_recorded_date(facts, event) is not None:
        return False
    day = find_proposed_date(protocol, facts, event) or find_expected_date(protocol, facts, event)
    return day is not None and day < tomorrow
