"""A world in which any history can happen: people, a clock, several workers, and what arrives in the end.

The world keeps its own simple notes of what was recorded (stops, pauses, sent forms), apart from the code
under test, and judges by them every message that a worker takes in hand.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from clinic_world import Clinic
from dateutil.easter import easter
from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.errors import ProAppError
from pro_app.reminders.outbox.claims import ClaimedMessage, Outcome, claim_next, record_outcome
from pro_app.services.answers import Operation, save_operations
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.submission import submit_assessment
from pro_app.services.visits import NotDone, record_not_done, withdraw_not_done
from pro_app.storage.database import Database, open_database
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.events import list_events
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

USABLE = frozenset({"email"})
FIRST_ALLOWED_HOUR, LAST_ALLOWED_HOUR = 8, 20
SUNDAY = 6
STOPPING = frozenset({"messages_stopped", "questionnaires_stopped", "lost", "left", "died"})
RESUMABLE = frozenset({"messages_stopped", "questionnaires_stopped", "lost", "paused"})
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
EASTER_HOLIDAYS = (timedelta(days=1), timedelta(days=39), timedelta(days=50))
"""Days after Easter: its Monday, Ascension and Whit Monday."""
SITE_FACTS = ("study_id", "site_code", "name", "city", "zone", "telephone", "sender_label")
MOST_COPIES = 2
ALLOWED_SILENCE = frozenset({"window_closed", "already_sent"})
"""Why a message whose hour is to come may be withdrawn: the window leaves no hour, or it has gone before."""


@dataclass
class Worker:
    """One worker with the message it has in hand."""

    hand: ClaimedMessage | None = None
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Accepted:
    """One message that arrived."""

    message_key: str
    participant_id: int
    at: datetime


@dataclass
class HistoryWorld:
    """The clinic, the clock, the workers and the notes."""

    clinic: Clinic
    now: datetime
    workers: list[Worker]
    people: dict[int, str] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    doubted: Counter[str] = field(default_factory=Counter)
    goes_live_on: date | None = None

    # What happens to people

    def enrol(self, zone: str, hour: int) -> int:
        """Enrol somebody today."""
        number = len(self.people) + 1
        participant_id = self.clinic.enrol(
            self.now.date(),
            participant_code=f"15-{number:03}",
            email=f"personne@{number}.example",
            telephone=None,
            zone=zone,
            reminder_hour=hour,
        )
        self.people[participant_id] = zone
        return participant_id

    def record(self, participant_id: int, kind: str, days_ago: int, **details: str) -> None:
        """Record an event some days after it happened; what the protocol refuses changes nothing."""
        on = self.today(participant_id) - timedelta(days=days_ago)
        try:
            with self.clinic.writing() as session:
                record_event(
                    session,
                    participant_id=participant_id,
                    kind=kind,
                    occurred_on=on,
                    details=details,
                    actor=self.clinic.nurse,
                    now=self.now,
                )
        except ProAppError:
            return

    def correct(self, participant_id: int, number: int, days: int | None) -> None:
        """Move one of the recorded events by some days, or take it back."""
        with self.clinic.database.reading() as session:
            rows = list_events(session, participant_id)
        row = rows[number % len(rows)]
        on = None if days is None else row.occurred_on + timedelta(days=days)
        try:
            with self.clinic.writing() as session:
                correct_event(
                    session, row.id, Correction("seen again", on), actor=self.clinic.nurse, now=self.now
                )
        except ProAppError:
            return

    def answer(self, participant_id: int, *, submit: bool) -> None:
        """Answer the first open questionnaire, and send it or not."""
        for record in self.list_visits(participant_id):
            if record.is_answerable(self.now):
                self._answer(record, submit=submit)
                return

    def _answer(self, record: AssessmentRecord, *, submit: bool) -> None:
        actor = Actor(
            kind="participant",
            role="participant",
            request_id="answer",
            study_id=record.study_id,
            site_ids=frozenset({record.site_id}),
            participant_id=record.participant_id,
            mode="own_device",
        )
        operation = Operation(secrets.token_hex(8), "qlq-c30", 1, "answered", 2)
        with self.clinic.writing() as session:
            save_operations(
                session,
                assessment_id=record.assessment_id,
                operations=[operation],
                actor=actor,
                now=self.now,
            )
            if submit:
                submit_assessment(
                    session,
                    assessment_id=record.assessment_id,
                    respondent="self",
                    actor=actor,
                    now=self.now,
                )

    def end(self, participant_id: int) -> None:
        """Have the site say of the first open questionnaire that it will not be answered."""
        self._say(participant_id, NotDone("REFUSED", "patient", ""))

    def take_back(self, participant_id: int) -> None:
        """Have the site say of the first open questionnaire that it will be answered after all."""
        self._say(participant_id, None)

    def _say(self, participant_id: int, said: NotDone | None) -> None:
        for record in self.list_visits(participant_id):
            if record.is_answerable(self.now) and record.expected and not record.facts.closed:
                key, actor = record.assessment_id, self.clinic.nurse
                with self.clinic.writing() as session:
                    if said is None:
                        withdraw_not_done(session, key, actor=actor, now=self.now)
                    else:
                        record_not_done(session, key, said, actor=actor, now=self.now)
                return

    def go_live(self, on: date | None) -> None:
        """Have the site go live on another day, or be live."""
        with self.clinic.writing() as session:
            site = session.get_one(Site, self.clinic.site_id)
            details = SiteDetails(
                site_id=site.id, goes_live_on=on, **{name: getattr(site, name) for name in SITE_FACTS}
            )
            save_site(session, details, actor=self.clinic.coordinator, now=self.now)
        self.goes_live_on = on

    # What workers do

    def claim(self, worker: Worker) -> bool:
        """Let a worker take the next message in hand; tells whether anything was due."""
        with self.clinic.writing() as session:
            claim = claim_next(session, claim_token=secrets.token_hex(8), now=self.now)
        if claim is None:
            return False
        if isinstance(claim, ClaimedMessage):
            self.judge(claim)
            worker.hand, worker.claimed_at = claim, self.now
        return True

    def finish(self, worker: Worker, kind: str) -> None:
        """Let the mail server answer about the message in hand, and the worker record it.

        `dropped`: it was taken, but nobody knows; `interrupted`: it was not, and nobody knows either.
        """
        hand = worker.hand
        assert hand is not None
        worker.hand = None
        if self.now >= hand.lease_until:
            kind = "too late"  # what a worker does that was frozen since the claim
        if kind in {"sent", "dropped"}:
            self.accept(hand)
        if kind in {"dropped", "interrupted"}:
            self.doubted[hand.message_key] += 1
        outcomes = {
            "too late": Outcome("deferred", "claim_ran_out", until=self.now),
            "sent": Outcome("sent"),
            "dropped": Outcome("doubtful", "no_reply_after_text"),
            "interrupted": Outcome("doubtful", "no_reply_after_text"),
            "refused for now": Outcome("retryable", "smtp_451"),
            "refused": Outcome("undeliverable", "smtp_550"),
        }
        with self.clinic.writing() as session:
            record_outcome(session, hand, outcomes[kind], now=self.now, usable_channels=USABLE)

    def kill(self, worker: Worker, *, after_sending: bool) -> None:
        """Kill a worker with what it has in hand, before or after the server took it."""
        if worker.hand is not None:
            self.doubted[worker.hand.message_key] += 1
            if after_sending:
                self.accept(worker.hand)
        worker.hand = None

    def accept(self, claimed: ClaimedMessage) -> None:
        """Take a message at the other end; it is one too many if the first copy was beyond doubt."""
        participant_id = int(claimed.message_key.split(":", 1)[0])
        self.accepted.append(Accepted(claimed.message_key, participant_id, self.now))
        copies = sum(one.message_key == claimed.message_key for one in self.accepted)
        assert copies <= 1 + min(self.doubted[claimed.message_key], MOST_COPIES - 1), "sent twice"

    def drain(self) -> None:
        """Let one worker do all that is due, with a mail server that takes everything."""
        for worker in self.workers:
            if worker.hand is not None:
                self.finish(worker, "sent")
        while self.claim(self.workers[0]):
            if self.workers[0].hand is not None:
                self.finish(self.workers[0], "sent")

    def live(self, hours: int) -> None:
        """Let time pass with workers at work whenever something is due."""
        until = self.now + timedelta(hours=hours)
        self.drain()
        while (due_at := self.find_next_due_at()) is not None and due_at <= until:
            self.now = max(self.now, due_at)
            self.drain()
        self.now = until

    def find_next_due_at(self) -> datetime | None:
        """Find when the next message is to be tried, or a claim that was left behind runs out."""
        with self.clinic.database.reading() as session:
            tries = session.scalars(
                select(OutboxMessage.attempt_at).where(OutboxMessage.state == "planned")
            ).all()
            leases = session.scalars(
                select(OutboxMessage.lease_until).where(OutboxMessage.state == "claimed")
            ).all()
        return min([*tries, *(lease for lease in leases if lease is not None)], default=None)

    # What must hold

    def judge(self, claimed: ClaimedMessage) -> None:
        """Fail unless this message may go out at this moment."""
        with self.clinic.database.reading() as session:
            row = session.get_one(OutboxMessage, claimed.message_id)
            participant = session.get_one(Participant, row.participant_id)
            assessment = session.get_one(Assessment, row.assessment_id)
            visit = session.get_one(PlannedVisit, assessment.planned_visit_id)
        said = f"{claimed.message_key} at {self.now}"
        local = self.now.astimezone(ZoneInfo(participant.zone))
        assert FIRST_ALLOWED_HOUR <= local.hour < LAST_ALLOWED_HOUR, f"in quiet hours: {said}"
        assert local.weekday() != SUNDAY, f"on a Sunday: {said}"
        assert not is_holiday(local.date()), f"on a public holiday: {said}"
        assert self.find_stop(participant.id) is None, f"after a stop: {said}"
        assert not self.is_paused(participant.id), f"in a pause: {said}"
        assert assessment.submitted_at is None, f"after the form was sent: {said}"
        assert assessment.not_done_reason is None, f"though it will not be answered: {said}"
        assert self.goes_live_on is None or local.date() >= self.goes_live_on, f"before the site: {said}"
        self._judge_condition(row, assessment, said)
        zone = ZoneInfo(visit.zone)
        assert datetime.combine(visit.opens_on, time(), zone) <= local, f"before the window: {said}"
        if visit.closes_on is not None:
            end = datetime.combine(visit.closes_on + timedelta(days=1), time(), zone)
            assert local < end, f"after the window: {said}"
        together = [
            one for one in self.accepted if (one.participant_id, one.at) == (participant.id, self.now)
        ]
        in_hand = [worker.hand for worker in self.workers if worker.hand and worker.claimed_at == self.now]
        keys = {one.message_key for one in together} | {hand.message_key for hand in in_hand}
        others = {key for key in keys if key.startswith(f"{participant.id}:")} - {claimed.message_key}
        assert not others, f"two at once: {said} and {others}"

    def _judge_condition(self, row: OutboxMessage, assessment: Assessment, said: str) -> None:
        """Fail if the rule asks for something else than what has become of the form."""
        record = next(
            one for one in self.list_visits(row.participant_id) if one.assessment_id == assessment.id
        )
        phase = record.protocol.find_phase(record.visit_code)
        assert phase is not None, f"about no visit: {said}"
        (rule,) = [rule for rule in phase.reminders if rule.code == row.rule_code]
        if rule.condition == "not_started":
            assert assessment.started_at is None, f"already started: {said}"
        if rule.condition == "not_finished":
            assert assessment.started_at is not None, f"not started: {said}"

    def check_settled(self) -> None:
        """Fail unless everything that is due was dealt with, and each reason given for silence is true."""
        with self.clinic.database.reading() as session:
            rows = session.scalars(select(OutboxMessage)).all()
        arrived = {one.message_key for one in self.accepted}
        for row in rows:
            said = f"{row.message_key}: {row.state} {row.outcome_reason} due {row.due_at} now {self.now}"
            if row.state == "planned":
                assert row.attempt_at > self.now, f"not sent: {said}"
            elif row.state == "claimed":
                assert row.lease_until is not None, said
                assert row.lease_until > self.now, f"forgotten in a hand: {said}"
            elif row.state == "sent":
                assert row.message_key in arrived, f"never arrived: {said}"
            else:
                assert row.outcome_reason, f"no reason: {said}"
                assert row.finished_at is not None, said
        self._check_complete({row.message_key: row for row in rows})

    def _check_complete(self, rows: dict[str, OutboxMessage]) -> None:
        """Fail unless every coming message of every visit to be answered stands in the outbox."""
        for participant_id in self.people:
            if self.find_stop(participant_id) is not None:
                assert not [
                    row
                    for row in rows.values()
                    if row.participant_id == participant_id and row.state == "planned"
                ], f"still planned for {participant_id}, who has stopped"
                continue
            for key, wish in self._list_wishes(participant_id):
                assert key in rows, f"missing: {key}, wished for {wish}"
                assert rows[key].state != "cancelled" or rows[key].outcome_reason in ALLOWED_SILENCE, (
                    f"cancelled without need: {key} {rows[key].outcome_reason}, wished for {wish}"
                )

    def _list_wishes(self, participant_id: int) -> Iterator[tuple[str, datetime]]:
        """Give the key of every message whose own hour is still to come, derived apart from the policy."""
        with self.clinic.database.reading() as session:
            hour = session.get_one(Participant, participant_id).reminder_hour
        for record in self.list_visits(participant_id):
            phase = record.protocol.find_phase(record.visit_code)
            if phase is None or not record.expected or record.facts.closed or record.submitted_at is not None:
                continue
            if record.not_done_reason is not None:
                continue
            for rule in phase.reminders:
                bases = {"opening": record.opens_on, "target": record.target_on, "closing": record.closes_on}
                base = bases[rule.base]
                if base is None or rule.kind == "escalation":
                    continue
                day = base + timedelta(days=rule.days)
                zone = ZoneInfo(self.people[participant_id])
                wish = datetime.combine(day, time(hour), zone).astimezone(UTC)
                if wish > self.now and record.opens_on <= day <= (record.closes_on or day):
                    key = f"{participant_id}:{record.visit_code}:{rule.code}:{record.revision}:email"
                    yield key, wish

    # What the world knows

    def today(self, participant_id: int) -> date:
        """Give the participant's civil day."""
        return self.now.astimezone(ZoneInfo(self.people[participant_id])).date()

    def list_visits(self, participant_id: int) -> list[AssessmentRecord]:
        """List the visits of a participant as they stand."""
        with self.clinic.database.reading() as session:
            return list_assessments(session, participant_id=participant_id)

    def _list_standing(self, participant_id: int) -> list[tuple[str, date, dict[str, str]]]:
        """List the events that were neither corrected nor taken back, as they were first recorded."""
        with self.clinic.database.reading() as session:
            rows = list_events(session, participant_id)
        replaced = {row.supersedes_id for row in rows}
        standing = [row for row in rows if row.id not in replaced and not row.retracts]
        first: dict[int, int] = {}
        for row in rows:  # in the order of their ids, so that what is corrected comes before its correction
            first[row.id] = row.id if row.supersedes_id is None else first[row.supersedes_id]
        standing.sort(key=lambda row: first[row.id])
        return [(row.kind, row.occurred_on, dict(row.details)) for row in standing]

    def find_stop(self, participant_id: int) -> str | None:
        """Find the event that stands and stops messages."""
        stops: list[str] = []
        for kind, _, details in self._list_standing(participant_id):
            if kind == "resumed":
                stops = [stop for stop in stops if stop != details["of"]]
            elif kind in STOPPING:
                stops.append(kind)
        return stops[-1] if stops else None

    def is_paused(self, participant_id: int) -> bool:
        """Tell whether a pause runs today."""
        pauses: list[tuple[date, str]] = []
        for kind, on, details in self._list_standing(participant_id):
            if kind == "paused":
                pauses.append((on, details["until"]))
            elif kind == "resumed" and details["of"] == "paused":
                pauses = []
        # Of several pauses the one with the latest day counts, of those of one day the one recorded last.
        latest = sorted(pauses, key=lambda pause: pause[0])[-1:]
        return any(self.today(participant_id) < date.fromisoformat(until) for _, until in latest)


def open_copy(template: Path, folder: Path, opened: ExitStack) -> Database:
    """Open a copy of a SQLite file, which is closed and goes when `opened` ends."""
    path = folder / f"{secrets.token_hex(8)}.sqlite"
    shutil.copy(template, path)
    opened.callback(path.unlink)
    database = open_database(f"sqlite:///{path}")
    opened.callback(database.engine.dispose)
    return database


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday in all of France, computed without any library of holidays."""
    after_easter = {easter(day.year) + offset for offset in EASTER_HOLIDAYS}
    return (day.month, day.day) in FIXED_HOLIDAYS or day in after_easter
