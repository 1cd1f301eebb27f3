"""Everything that is stored about each participant, beside what arrived there, for checks to look through.

The checks share with the code that they check the stored rows, the protocol's values and the table of public
holidays: what held at a moment is worked out here once more, from the events that were recorded by then.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import Protocol
from pro_app.protocol.second_computation import SecondCalendar
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.outbox import MessageRow, list_outbox
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentRecord:
    """One message as the receiving end saw it: under which key, on which channel, when, at whose address.

    `sender_late_by`: how far the clock of the sending machine is known to have been behind then.
    """

    message_key: str
    channel: str
    at: datetime
    participant_id: int
    sender_late_by: timedelta = timedelta(0)

    @property
    def sender_at(self) -> datetime:
        """Give what the sending machine's clock said: it cannot know the hour any better."""
        return self.at - self.sender_late_by


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be: the rule that is broken, about whom or what, and how."""

    rule: str
    about: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.about}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Life:
    """All that is stored about one participant, in the order of its making, and what arrived there."""

    participant: Participant
    protocol: Protocol
    protocols: Mapping[str, Protocol]
    calendar: SecondCalendar
    events: Sequence[ParticipantEvent]
    visits: Sequence[PlannedVisit]
    assessments: Sequence[Assessment]
    messages: Sequence[MessageRow]
    stops: Sequence[ChannelStop]
    task_records: Sequence[SiteTaskRecord]
    sent: Sequence[SentRecord]

    def violation(self, rule: str, detail: str) -> Violation:
        """Make a violation about this participant."""
        return Violation(rule, self.participant.participant_code, detail)

    def local(self, at: datetime) -> datetime:
        """Give a moment as the participant's clock shows it."""
        return at.astimezone(ZoneInfo(self.participant.zone))

    def find_stop(self, at: datetime) -> str | None:
        """Find the kind of event that had stopped messages by a moment.

        A stop holds until a resumption that was recorded after it, whatever their days.
        """
        holding: dict[str, bool] = {}
        for event in self.list_as_recorded(at):
            kind = self.protocol.event_kinds_by_code.get(event.kind)
            if "of" in event.details:
                holding[event.details["of"]] = False
            elif kind is not None and kind.effect is not None and kind.effect.messages == "stopped":
                holding[event.kind] = True
        return next((kind for kind, holds in holding.items() if holds), None)

    def is_held(self, at: datetime, on: date | None = None) -> bool:
        """Say whether a pause that was known by a moment held messages then, or on a day (local)."""
        pauses: list[ParticipantEvent] = []
        for event in self.list_as_recorded(at):
            if event.details.get("of") == "paused":
                pauses = []
            elif "until" in event.details:
                pauses.append(event)
        if not pauses:
            return False
        last_on = max(pause.occurred_on for pause in pauses)
        last = [pause for pause in pauses if pause.occurred_on == last_on][-1]
        return (on or self.local(at).date()) < date.fromisoformat(last.details["until"])

    def list_known(self, at: datetime) -> list[ParticipantEvent]:
        """List the events that were recorded by a moment and stood then, in the order of their days."""
        recorded = [event for event in self.events if event.recorded_at <= at]
        replaced = {event.supersedes_id for event in recorded}
        standing = [event for event in recorded if event.id not in replaced and not event.retracts]
        return sorted(standing, key=lambda event: (event.occurred_on, event.id))

    def list_as_recorded(self, at: datetime) -> list[ParticipantEvent]:
        """List the same events in the order of recording, a correction where the corrected entry stood."""
        corrects = {event.id: event.supersedes_id for event in self.events}

        def first_id(event: ParticipantEvent) -> int:
            found = event.id
            while (earlier := corrects[found]) is not None:
                found = earlier
            return found

        return sorted(self.list_known(at), key=first_id)

    def find_assessment(self, assessment_id: int | None) -> Assessment | None:
        """Find one of the participant's assessments."""
        return next((a for a in self.assessments if a.id == assessment_id), None)

    def list_current(self) -> Iterator[tuple[PlannedVisit, Assessment]]:
        """Give the visits of the current plan, each with its assessment."""
        by_visit = {assessment.planned_visit_id: assessment for assessment in self.assessments}
        for visit in self.visits:
            if visit.replaced_at is None and visit.id in by_visit:
                yield visit, by_visit[visit.id]


def load_lives(session: Session, sent: Iterable[SentRecord]) -> list[Life]:
    """Read everything about everybody, in as many queries as there are tables."""
    protocols: dict[str, Protocol] = {}
    calendars: dict[str, SecondCalendar] = {}
    events = _group(session.scalars(select(ParticipantEvent).order_by(ParticipantEvent.id)))
    visits = _group(session.scalars(select(PlannedVisit).order_by(PlannedVisit.id)))
    assessments = _group(session.scalars(select(Assessment).order_by(Assessment.id)))
    messages = _group(list_outbox(session))
    stops = _group(session.scalars(select(ChannelStop).order_by(ChannelStop.id)))
    records = _group(session.scalars(select(SiteTaskRecord).order_by(SiteTaskRecord.id)))
    arrived = _group(sent)
    lives = []
    for person in session.scalars(select(Participant).order_by(Participant.participant_code)):
        own = visits[person.id]
        for sha256 in {person.protocol_sha256, *(visit.protocol_sha256 for visit in own)} - protocols.keys():
            protocols[sha256] = load_protocol(session, sha256)
        if person.protocol_sha256 not in calendars:
            text = session.get_one(StoredDefinition, person.protocol_sha256).text
            calendars[person.protocol_sha256] = SecondCalendar(text)
        lives.append(
            Life(
                participant=person,
                protocol=protocols[person.protocol_sha256],
                protocols=protocols,
                calendar=calendars[person.protocol_sha256],
                events=events[person.id],
                visits=own,
                assessments=assessments[person.id],
                messages=messages[person.id],
                stops=stops[person.id],
                task_records=records[person.id],
                sent=arrived[person.id],
            )
        )
    return lives


def opening_of(visit: PlannedVisit) -> datetime:
    """Give the first moment of a window."""
    return start_of(visit.opens_on, visit.zone)


def closing_of(visit: PlannedVisit) -> datetime | None:
    """Give the moment at which a window is over; None while that is not known."""
    return None if visit.closes_on is None else start_of(visit.closes_on + timedelta(days=1), visit.zone)


def start_of(day: date, zone: str) -> datetime:
    """Give the first moment of a civil day in `zone`."""
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def _group(rows: Iterable[T]) -> dict[int, list[T]]:
    found: defaultdict[int, list[T]] = defaultdict(list)
    for row in rows:
        key: Hashable = getattr(row, "participant_id")  # noqa: B009 -- every table here has it
        assert isinstance(key, int)  # noqa: S101 -- as the table says
        found[key].append(row)
    return found
