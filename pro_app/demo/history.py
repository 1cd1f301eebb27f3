"""Letting the virtual years pass: every enrolment, event and answer goes through the real services.

Actions run in the order of their simulated time; each is its own transaction, as one request is. What is
already in the database is not done twice, so an interrupted run goes on where it stopped.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import Clock
from pro_app.demo.answering import answer_visit
from pro_app.demo.virtual_people import VirtualEvent, VirtualPerson, decide_answering
from pro_app.errors import InputRejected
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.events import record_event
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.outbox import find_next_due_at
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

NOTICE_VERSION = "1.0"
ROUNDS = (time(10, 5), time(18, 5))
"""When the simulated worker sends, local time: after the hours that most people chose."""
MOST_MESSAGES = 10_000
Action = Callable[[datetime], None]


@dataclass(frozen=True)
class World:
    """Where the virtual years pass: the stores, the post office, the study and who enrols where."""

    office: PostOffice
    protocol: Protocol
    study_id: int
    site_ids: dict[str, int]
    nurses: dict[str, Actor]


@dataclass
class History:
    """The actions still to come, as a heap by simulated time, and how many were done."""

    world: World
    until: datetime
    done: int = 0
    _waiting: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _decided: set[tuple[int, str, date | None]] = field(default_factory=set)

    @property
    def database(self) -> Database:
        """Give the store of the virtual years."""
        return self.world.office.database

    @property
    def waiting(self) -> int:
        """Tell how many actions are known to come."""
        return len(self._waiting)

    def schedule(self, at: datetime, action: Action) -> None:
        """Have `action` run at `at`, unless that lies beyond the end of the history."""
        if at <= self.until:
            heapq.heappush(self._waiting, (at.astimezone(UTC), next(self._numbers), action))

    def run(self, report: Callable[[datetime], None]) -> None:
        """Run all actions in their order; messages go out once a day, as the worker would send them."""
        while self._waiting:
            at, _, action = heapq.heappop(self._waiting)
            self._send_messages(at)
            action(at)
            self.done += 1
            report(at)
        self._send_messages(self.until)

    def _send_messages(self, until: datetime) -> None:
        """Let the worker's own code send what is due up to `until`, in the rounds at which it looks."""
        zone = self.world.protocol.default_zone
        while (due_at := self._find_next_due_at()) is not None and (at := _next_round(due_at, zone)) <= until:
            dispatch_due(self.world.office, clock=_standing_clock(at), most=MOST_MESSAGES)

    def _find_next_due_at(self) -> datetime | None:
        with self.database.reading() as session:
            return find_next_due_at(session)

    def add_person(self, person: VirtualPerson) -> None:
        """Schedule one virtual life, or what is left of it."""
        self.schedule(person.enrolled_at, lambda now: self._enrol(person, now))

    def _enrol(self, person: VirtualPerson, now: datetime) -> None:
        world = self.world
        with self.database.writing() as session:
            participant = _find_participant(session, world.study_id, person.participant_code)
            if participant is None:
                participant = enrol_participant(
                    session,
                    _enrolment(person, world),
                    vault=world.office.vault,
                    actor=world.nurses[person.site_code],
                    now=now,
                )
            participant_id = participant.id
        for event in person.events:
            self.schedule(event.recorded_at, self._recording(person, participant_id, event))
        self._plan_answers(person, participant_id)

    def _recording(self, person: VirtualPerson, participant_id: int, event: VirtualEvent) -> Action:
        def record(now: datetime) -> None:
            with self.database.writing() as session:
                if not _is_recorded(session, participant_id, event):
                    _record(session, self.world.nurses[person.site_code], participant_id, event, now)
            self._plan_answers(person, participant_id)

        return record

    def _plan_answers(self, person: VirtualPerson, participant_id: int) -> None:
        """Decide for every visit that is newly planned, or moved, whether and when it is answered."""
        zone = self.world.protocol.default_zone
        with self.database.reading() as session:
            records = list_assessments(session, participant_id=participant_id)
        for record in records:
            decided = (participant_id, record.visit_code, record.closes_on)
            if decided in self._decided or record.submitted_at is not None:
                continue
            self._decided.add(decided)
            closes_on = record.closes_on or record.opens_on + timedelta(days=2)
            answering = decide_answering(
                person, record.visit_code, opens_on=record.opens_on, closes_on=closes_on, zone=zone
            )
            if answering is not None:
                self.schedule(
                    max(answering.at, person.enrolled_at + timedelta(minutes=20)),
                    partial(answer_visit, self.database, person, (record, answering)),
                )


def _next_round(after: datetime, zone: str) -> datetime:
    """Give the first round later than `after`."""
    local = after.astimezone(ZoneInfo(zone))
    days = (local.date(), local.date() + timedelta(days=1))
    rounds = [datetime.combine(day, at, local.tzinfo) for day in days for at in ROUNDS]
    return min(moment for moment in rounds if moment > local).astimezone(UTC)


def _standing_clock(at: datetime) -> Clock:
    return lambda: at


def _enrolment(person: VirtualPerson, world: World) -> Enrolment:
    return Enrolment(
        site_id=world.site_ids[person.site_code],
        participant_code=person.participant_code,
        consented_on=person.consented_on,
        notice_version=NOTICE_VERSION,
        email=person.email,
        telephone=None,
        language="fr",
        zone=world.protocol.default_zone,
        reminder_hour=person.reminder_hour,
    )


def _record(  # noqa: PLR0917 -- private, and all five are what an event is
    session: Session, nurse: Actor, participant_id: int, event: VirtualEvent, now: datetime
) -> None:
    try:
        record_event(
            session,
            participant_id=participant_id,
            kind=event.kind,
            occurred_on=event.occurred_on,
            details=dict(event.details),
            actor=nurse,
            now=now,
        )
    except InputRejected:
        # A drawn life can contradict the protocol (an infusion after a recorded death); the site then
        # records nothing, as it would for a real person.
        session.rollback()


def _find_participant(session: Session, study_id: int, participant_code: str) -> Participant | None:
    return session.scalars(
        select(Participant).where(
            Participant.study_id == study_id, Participant.participant_code == participant_code
        )
    ).one_or_none()


def _is_recorded(session: Session, participant_id: int, event: VirtualEvent) -> bool:
    known = session.scalars(
        select(ParticipantEvent.id).where(
            ParticipantEvent.participant_id == participant_id,
            ParticipantEvent.kind == event.kind,
            ParticipantEvent.occurred_on == event.occurred_on,
        )
    )
    return known.first() is not None
