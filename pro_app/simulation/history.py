"""Letting the virtual years pass: every enrolment, event and answer goes through the real services.

Actions run in the order of their simulated time; each is its own transaction, as one request is. What is
already in the database is not done twice, so an interrupted run goes on where it stopped.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count

from pro_app.clock import Clock
from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.simulation.answering import answer_visit
from pro_app.simulation.lives import VirtualEvent
from pro_app.simulation.people import Answering, VirtualPerson, decide_answering
from pro_app.simulation.recording import correct_virtual_event, record_virtual_event
from pro_app.simulation.site_work import SiteWork
from pro_app.simulation.world import World
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.outbox import find_next_due_at
from pro_app.storage.queries.participants import find_participant_by_code

NOTICE_VERSION = "1.0"
MOST_MESSAGES = 10_000
BEFORE_THE_FIRST_ANSWER = timedelta(minutes=20)
"""How long after a visit was planned somebody answers it at the earliest."""
BEFORE_ALL, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Action = Callable[[datetime], bool | None]
"""Does something at a moment; False where nothing can be due any earlier after it than before."""
Send = Callable[[datetime], None]
"""Lets the messages go out that are due at a simulated moment."""


@dataclass
class History:
    """The actions still to come, as a heap by simulated time.

    `resumed_from`: up to that moment everything was done before. `send` lets messages go out; `happened`
    counts what was done, by name. `awake` gives the moment at which the worker can look, from a moment on.
    """

    world: World
    send: Send
    resumed_from: datetime | None = None
    awake: Callable[[datetime], datetime] = lambda at: at
    done: int = 0
    happened: "Counter[str]" = field(default_factory=Counter)
    _waiting: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _decided: set[tuple[int, str, date | None]] = field(default_factory=set)
    _sent_at: datetime = BEFORE_ALL
    _nothing_due_before: datetime = BEFORE_ALL
    _sent_forms: set[int] = field(default_factory=set)
    """The assessments that were sent: nobody calls about them any more."""

    @property
    def waiting(self) -> int:
        """Tell how many actions are known to come."""
        return len(self._waiting)

    @property
    def next_at(self) -> datetime | None:
        """Tell when the next action is to be done; None without any."""
        return self._waiting[0][0] if self._waiting else None

    def schedule(self, at: datetime, action: Action) -> None:
        """Have `action` run at `at`, unless that was done before this run began."""
        if self.resumed_from is None or at > self.resumed_from:
            heapq.heappush(self._waiting, (at.astimezone(UTC), next(self._numbers), action))

    def run(self, until: datetime, report: Callable[[datetime], None] = lambda _at: None) -> None:
        """Do everything up to `until` in its order, with the messages that are due in between."""
        while True:
            at = min(self.next_at or until, until)
            if self._look(at):
                continue  # what arrived may have somebody act before the action that came next until now
            if self.next_at is None or self.next_at > until:
                return
            at, _, action = heapq.heappop(self._waiting)
            if action(at) is not False:
                self._nothing_due_before = BEFORE_ALL
            self.done += 1
            report(at)

    def add_person(self, person: VirtualPerson) -> None:
        """Schedule one virtual life, or what is left of it."""
        enrol: Action = partial(self._enrol, person)
        heapq.heappush(self._waiting, (person.enrolled_at.astimezone(UTC), next(self._numbers), enrol))

    def follow(self, person: VirtualPerson, participant_id: int) -> None:
        """Schedule what is to come of the life of somebody who is enrolled already."""
        work = SiteWork(self.world, person, participant_id)
        for event in person.events:
            self.schedule(event.recorded_at, partial(self._record, work, event))
            if event.correction is not None:
                self.schedule(event.correction.recorded_at, partial(self._correct, work, event))
        self._plan_ahead(work)

    def _look(self, until: datetime) -> bool:
        """Let the worker look where something is next due, if that is up to `until`; tells whether it did.

        Between two looks nothing is due.
        """
        if self._nothing_due_before > until:
            return False
        due_at = self._find_next_due_at()
        at = NEVER if due_at is None else self.awake(next_look(max(due_at, self._sent_at)))
        if at > until:
            self._nothing_due_before = at
            return False
        self._sent_at = at
        self.send(at)
        return True

    def _find_next_due_at(self) -> datetime | None:
        with self.world.database.reading() as session:
            return find_next_due_at(session)

    def _enrol(self, person: VirtualPerson, now: datetime) -> None:
        world = self.world
        with world.database.writing() as session:
            participant = find_participant_by_code(
                session, study_id=world.study_id, participant_code=person.participant_code
            )
            if participant is None:
                participant = enrol_participant(
                    session,
                    _enrolment(person, world),
                    vault=world.office.vault,
                    actor=world.nurses[person.site_code],
                    now=now,
                )
                self.happened["enrolled"] += 1
            participant_id = participant.id
        self.follow(person, participant_id)

    def _record(self, work: SiteWork, event: VirtualEvent, now: datetime) -> bool:
        if not record_virtual_event(self.world, (work.participant_id, event), now=now):
            return False
        self.happened[event.kind] += 1
        self._plan_ahead(work)
        return True

    def _correct(self, work: SiteWork, event: VirtualEvent, now: datetime) -> bool:
        if not correct_virtual_event(self.world, (work.participant_id, event), now=now):
            return False
        self.happened["corrected"] += 1
        self._plan_ahead(work)
        return True

    def _plan_ahead(self, work: SiteWork) -> None:
        """Decide for every visit that is newly planned, or moved, what the person and the site will do."""
        person = work.person
        with self.world.database.reading() as session:
            records = list_assessments(session, participant_id=work.participant_id)
        for record in records:
            decided = (work.participant_id, record.visit_code, record.closes_on)
            if decided in self._decided or record.submitted_at is not None:
                continue
            self._decided.add(decided)
            closes_on = record.closes_on or record.opens_on + timedelta(days=2)
            answering = decide_answering(
                person, record.visit_code, opens_on=record.opens_on, closes_on=closes_on
            )
            if answering is not None:
                at = max(answering.at.astimezone(UTC), record.planned_at + BEFORE_THE_FIRST_ANSWER)
                self.schedule(at, partial(self._answer, work, (record, answering)))
            for at, task in work.list_tasks(record):
                self.schedule(at, partial(self._do, record.assessment_id, task))

    def _answer(self, work: SiteWork, decided: tuple[AssessmentRecord, Answering], now: datetime) -> bool:
        """Answer a visit; that takes messages back and never adds any."""
        answered = answer_visit(self.world.database, work.person, decided, now=now)
        self.happened["answered"] += answered is not None
        if answered == "sent":
            self._sent_forms.add(decided[0].assessment_id)
        return False

    def _do(self, assessment_id: int, task: Callable[[datetime], str | None], now: datetime) -> bool:
        """Do what the nurse means to do about a visit, unless it was sent meanwhile."""
        name = None if assessment_id in self._sent_forms else task(now)
        if name is None:
            return False
        self.happened[name] += 1
        return True


def next_look(after: datetime) -> datetime:
    """Give the first moment later than `after` at which a worker looks that looks every five minutes."""
    minutes = after.replace(second=0, microsecond=0)
    return minutes + timedelta(minutes=5 - minutes.minute % 5)


def make_sender(office: PostOffice) -> Send:
    """Give the plain way of sending: one worker, whose clock stands still while it sends."""

    def send(at: datetime) -> None:
        dispatch_due(office, clock=standing_clock(at), most=MOST_MESSAGES)

    return send


def standing_clock(at: datetime) -> Clock:
    """Give a clock that always says `at`."""
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
        zone=person.zone,
        reminder_hour=person.reminder_hour,
    )
