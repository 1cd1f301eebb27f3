"""The list of participants as a clinic sees it: what each is asked for now, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.state import AssessmentState
from pro_app.services.clinic_scope import ClinicScope
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.events import list_events_by_participant, read_events
from pro_app.storage.queries.participants import list_participants
from pro_app.storage.tables.participants import Participant

ANSWERABLE = frozenset({AssessmentState.OPEN, AssessmentState.STARTED})
TO_COME = frozenset({AssessmentState.PLANNED, AssessmentState.NOT_REQUIRED})
RECEIVED = frozenset({AssessmentState.SUBMITTED, AssessmentState.LATE})


@dataclass(frozen=True, slots=True)
class ParticipantLine:
    """One participant: the visit that matters now with its state and window, the next one, two counts.

    `due` counts the forms that should have come by now, `received` those of them that did.
    """

    participant_id: int
    participant_code: str
    site_id: int
    situation: str
    visit_label: str
    state: str
    opens_on: date | None
    closes_on: date | None
    next_on: date | None
    received: int
    due: int


def list_participant_lines(
    session: Session, scope: ClinicScope, *, language: str, now: datetime
) -> list[ParticipantLine]:
    """List the participants in scope by code; four queries, whatever their number."""
    asked: dict[int, list[AssessmentRecord]] = {}
    for record in list_assessments(session, study_id=scope.study_id, site_ids=scope.site_ids):
        asked.setdefault(record.participant_id, []).append(record)
    events = list_events_by_participant(session, study_id=scope.study_id, site_ids=scope.site_ids)
    lines = []
    for participant in list_participants(session, study_id=scope.study_id, site_ids=scope.site_ids):
        protocol = load_protocol(session, participant.protocol_sha256)
        facts = fold_events(read_events(events.get(participant.id, [])))
        case = _Case(participant, protocol, facts, language, now)
        lines.append(_line(case, asked.get(participant.id, [])))
    return lines


@dataclass(frozen=True, slots=True)
class _Case:
    """One participant with the rules and facts that hold, and for whom and when the line is read."""

    participant: Participant
    protocol: Protocol
    facts: Facts
    language: str
    now: datetime

    @property
    def today(self) -> date:
        return civil_date(self.now, self.participant.zone)


def _line(case: _Case, records: Sequence[AssessmentRecord]) -> ParticipantLine:
    known = [(record, record.state(case.now)) for record in records if record.visit_code != UNSCHEDULED]
    record, state = _find_present(known)
    due = [s for r, s in known if r.expected and s not in TO_COME | ANSWERABLE]
    return ParticipantLine(
        participant_id=case.participant.id,
        participant_code=case.participant.participant_code,
        site_id=case.participant.site_id,
        situation=describe_situation(case.protocol, case.facts, today=case.today, language=case.language)
        or _phase_words(case, record),
        visit_label=case.protocol.visit_label(record.visit_code, case.language) if record else "",
        state=state,
        opens_on=record.opens_on if record else None,
        closes_on=record.closes_on if record else None,
        next_on=_find_next(known, case),
        received=len([s for s in due if s in RECEIVED]),
        due=len(due),
    )


def _find_present(
    known: Sequence[tuple[AssessmentRecord, AssessmentState]],
) -> tuple[AssessmentRecord | None, AssessmentState]:
    """Find what matters now: what can be answered, else what was asked last, else what comes first."""
    answerable = [pair for pair in known if pair[1] in ANSWERABLE]
    if answerable:
        return min(answerable, key=lambda pair: pair[0].closes_on or date.max)
    asked = [pair for pair in known if pair[1] not in TO_COME]
    if asked:
        return max(asked, key=lambda pair: pair[0].opens_on)
    to_come = [pair for pair in known if pair[1] is AssessmentState.PLANNED]
    return to_come[0] if to_come else (None, AssessmentState.NOT_REQUIRED)


def _find_next(known: Sequence[tuple[AssessmentRecord, AssessmentState]], case: _Case) -> date | None:
    """Find the day on which the next window opens that can be answered."""
    opening = [
        record.opens_on
        for record, state in known
        if state is AssessmentState.PLANNED and not record.facts.closed and record.opens_on > case.today
    ]
    return min(opening, default=None)


def describe_situation(protocol: Protocol, facts: Facts, *, today: date, language: str) -> str:
    """Say in words what keeps the participant from going on as planned; empty if nothing does."""
    by_weight = sorted(
        (kind for kind in protocol.event_kinds if kind.effect and facts.dates_of(kind.code)),
        key=lambda kind: (kind.effect.visits != "stay", not kind.effect.expected) if kind.effect else (),
    )
    # The protocol lists the graver of two events last.
    closing = [kind for kind in by_weight if kind.effect and kind.effect.visits != "stay"]
    if closing:
        return protocol.event_label(closing[-1].code, language, facts.arm)
    if find_message_rule(protocol, facts, today) == "sent":
        return ""
    quiet = [kind for kind in by_weight if kind.effect and kind.effect.messages != "sent"]
    return protocol.event_label(quiet[-1].code, language, facts.arm)


def _phase_words(case: _Case, record: AssessmentRecord | None) -> str:
    phase = case.protocol.find_phase(record.visit_code) if record else None
    return phase.label.text(case.language) if phase else ""
