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
from pro_app.storage.queries.audit_trail import list_entries_since
from pro_app.storage.queries.outbox import MessageRow, list_outbox
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.sites import Site

T = TypeVar("T")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


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
class NotDoneWord:
    """What a site said at a moment about a visit that will not be answered; `taken_back`: it will be."""

    visit_code: str
    at: datetime
    taken_back: bool


@dataclass(frozen=True, slots=True)
class Life:
    """All that is stored about one participant, in the order of its making, and what arrived there.

    Before `goes_live_on`, if there is such a day, the site works without the app.
    """

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
    goes_live_on: date | None = None
    not_done: Sequence[NotDoneWord] = ()

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

    def is_live(self, at: datetime) -> bool:
        """Say whether the site's day of going live had come, on the participant's calendar."""
        return self.goes_live_on is None or self.local(at).date() >= self.goes_live_on

    def is_given_up(self, visit_code: str, at: datetime) -> bool:
        """Say whether the site had recorded by a moment that a visit would not be answered this time.

        It holds until it is taken back, or until a later period takes the place of the one it was said of.
        """
        said = [word for word in self.not_done if word.visit_code == visit_code and word.at <= at]
        if not said or said[-1].taken_back:
            return False
        said_at = said[-1].at
        rows = [row for row in self.visits if row.visit_code == visit_code and row.planned_at <= at]
        before = [row for row in rows if row.planned_at <= said_at]
        opened_on = before[-1].opens_on if before else date.min
        return not any(
            row.opens_on > opened_on and opening_of(row) > said_at for row in rows if row.planned_at > said_at
        )

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
    """Read everything about everybody: one query for each table, and one for each person's trail."""
    protocols: dict[str, Protocol] = {}
    calendars: dict[str, SecondCalendar] = {}
    events = _group(session.scalars(select(ParticipantEvent).order_by(ParticipantEvent.id)))
    visits = _group(session.scalars(select(PlannedVisit).order_by(PlannedVisit.id)))
    assessments = _group(session.scalars(select(Assessment).order_by(Assessment.id)))
    messages = _group(list_outbox(session))
    stops = _group(session.scalars(select(ChannelStop).order_by(ChannelStop.id)))
    records = _group(session.scalars(select(SiteTaskRecord).order_by(SiteTaskRecord.id)))
    arrived = _group(sent)
    live_from = {site.id: site.goes_live_on for site in session.scalars(select(Site))}
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
                goes_live_on=live_from[person.site_id],
                not_done=tuple(_list_not_done(session, person.id)),
            )
        )
    return lives


def _list_not_done(session: Session, participant_id: int) -> Iterator[NotDoneWord]:
    """Read from the audit trail what was said about visits that will not be answered, in its order."""
    entries = list_entries_since(
        session, actions={"assessment.not_done"}, subject_ref=f"participant:{participant_id}", since=BEGINNING
    )
    for entry in reversed(entries):
        after = {item["field"]: item["after"] for item in entry.items}
        taken_back = "reason" in after and after["reason"] is None
        yield NotDoneWord(after["visit_code"], entry.at, taken_back)


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
