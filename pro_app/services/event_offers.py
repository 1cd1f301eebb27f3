"""What may be recorded of a participant now, and what the form about it needs to know."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.protocol.anchors import find_proposed_date
from pro_app.protocol.event_check import check_event
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import Effect, EventKind
from pro_app.services.considered_events import ENROLLED
from pro_app.services.participants import load_participant
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.events import list_events, read_events


@dataclass(frozen=True, slots=True)
class EventOffer:
    """One kind of event that may be recorded; choices are (code, words) in the language asked for.

    `proposed_on` is the date that the protocol suggests. `moves_visits`: windows count from it.
    `may_lie_ahead`: its day may be one that is still to come.
    """

    kind: str
    label: str
    effect: Effect | None
    needs_until: bool
    arms: tuple[tuple[str, str], ...]
    resumable: tuple[tuple[str, str], ...]
    proposed_on: date | None
    may_be_resumed: bool
    moves_visits: bool
    may_lie_ahead: bool

    @property
    def is_final(self) -> bool:
        """Tell whether it ends the participant's part in the trial."""
        return self.effect is not None and self.effect.visits == "not_required"


@dataclass(frozen=True, slots=True)
class EventEnd:
    """An event that ends everything, or nearly everything; `followed_by` are the kinds that may follow."""

    label: str
    on: date
    followed_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Situation:
    """The rules and the recorded events of one participant, and their civil date."""

    participant_id: int
    participant_code: str
    protocol: Protocol
    events: tuple[Event, ...]
    facts: Facts
    today: date
    language: str


def load_situation(
    session: Session, participant_id: int, *, actor: Actor, language: str, now: datetime
) -> Situation:
    """Give what offers and previews are judged by; words will be in `language`."""
    participant = load_participant(session, participant_id, actor=actor)
    events = tuple(read_events(list_events(session, participant_id)))
    return Situation(
        participant_id=participant_id,
        participant_code=participant.participant_code,
        protocol=load_protocol(session, participant.protocol_sha256),
        events=events,
        facts=fold_events(events),
        today=civil_date(now, participant.zone),
        language=language,
    )


def list_event_offers(situation: Situation, *, now: datetime) -> list[EventOffer]:
    """List the kinds of event that nothing recorded so far rules out, in the protocol's order."""
    offers = [
        make_offer(situation, kind)
        for kind in situation.protocol.event_kinds
        if kind.code != ENROLLED and not _is_ruled_out(situation, kind, now)
    ]
    resumed = {kind.code for kind in situation.protocol.event_kinds if "of" in kind.details}
    return [offer for offer in offers if offer.kind not in resumed or offer.resumable]


def find_end(situation: Situation) -> EventEnd | None:
    """Find the last recorded event after which only some kinds, or none, can happen."""
    protocol, facts = situation.protocol, situation.facts
    ends = [
        EventEnd(protocol.event_label(kind.code, situation.language, facts.arm), on, frozenset(allowed))
        for kind in protocol.event_kinds
        if (allowed := kind.followed_by) is not None
        for on in facts.dates_of(kind.code)[:1]
    ]
    if not ends:
        return None
    last = max(ends, key=lambda end: end.on)
    return replace(last, followed_by=frozenset.intersection(*(end.followed_by for end in ends)))


def make_offer(situation: Situation, kind: EventKind) -> EventOffer:
    """Give what the form about one kind of event needs to know."""
    protocol, facts, language = situation.protocol, situation.facts, situation.language
    arms = [(arm.code, arm.label.text(language)) for arm in protocol.arms]
    resumable = [
        (known.code, known.label.text(language))
        for known in protocol.event_kinds
        if known.resumable and facts.dates_of(known.code)
    ]
    return EventOffer(
        kind=kind.code,
        label=protocol.event_label(kind.code, language, facts.arm),
        effect=kind.effect,
        needs_until="until" in kind.details,
        arms=tuple(arms) if "arm" in kind.details else (),
        resumable=tuple(resumable) if "of" in kind.details else (),
        proposed_on=find_proposed_date(protocol, facts, kind.code),
        may_be_resumed=kind.resumable,
        moves_visits=kind.code in _list_moving_kinds(protocol),
        may_lie_ahead=kind.may_lie_ahead,
    )


def _list_moving_kinds(protocol: Protocol) -> frozenset[str]:
    """List the kinds of event whose date decides where a visit stands, or whether it takes place."""
    rules = [rule for arm in protocol.arms for rule in arm.expected.values()]
    repeats = [visit.repeats for visit in protocol.visits if visit.repeats]
    rules += [repeat.cap for repeat in repeats]
    kinds = {anchor.event for anchor in protocol.anchors}
    kinds |= {moment.event for rule in rules for moment in rule.moments}
    return frozenset(kinds | {repeat.ends_with for repeat in repeats if repeat.ends_with})


def list_unsent_before(session: Session, situation: Situation, kind: str) -> list[str]:
    """List the visits that come before an event of this kind and were not sent, in words."""
    records = list_assessments(session, participant_id=situation.participant_id)
    codes = list_unsent_codes(kind, records)
    return [situation.protocol.visit_label(code, situation.language) for code in codes]


def list_unsent_codes(kind: str, records: Iterable[AssessmentRecord]) -> list[str]:
    """List the visits that end with an event of this kind and were not sent, by code."""
    found = []
    for record in records:
        visit = record.protocol.find_visit(record.visit_code)
        if visit is None or visit.opens_with is None or record.submitted_at is not None:
            continue
        if record.protocol.anchors_by_code[visit.anchor].event == kind:
            found.append(record.visit_code)
    return found


def _is_ruled_out(situation: Situation, kind: EventKind, now: datetime) -> bool:
    """Tell whether what is recorded speaks against the kind itself, whatever its date or details."""
    event = Event(0, kind.code, situation.today, now)
    problems = check_event(situation.protocol, situation.facts, event, today=situation.today)
    return any(problem.place == "kind" for problem in problems)
