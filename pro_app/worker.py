"""The scheduler: looks every minute for what is due. The only file that knows APScheduler.

What is due follows from the database, never from "did the job run": a tick that was missed is made up for by
the next one. Several workers may run side by side: each sends the messages that it claims, one of them leads
and does the chores. All intervals count in UTC, so no job can fall into an hour that a change of the clocks
skips or repeats. Data releases are made in a process of their own.

The scheduler waits for moments of the machine's clock. Where that is set back, an hour say, it would wait an
hour longer without a word: so the clock is watched, and everything is looked at anew.
"""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.audit.heads import join_heads
from pro_app.clock import Clock, system_clock
from pro_app.reminders.dispatch import DispatchReport, PostOffice, dispatch_due, open_post_office
from pro_app.reminders.outbox.closing import close_expired
from pro_app.reminders.staff_mail.dispatch import dispatch_staff_mail
from pro_app.services.channel_reports import apply_waiting_reports
from pro_app.services.contact_sweep import sweep_contacts
from pro_app.services.heartbeats import forget_old_heartbeats, record_heartbeat
from pro_app.services.inbox import read_inbox
from pro_app.services.leadership import Lead, LeadLost, claim_lead, give_up_lead, require_lead
from pro_app.services.new_pins import answer_pin_requests
from pro_app.services.production.gate import require_gate_of
from pro_app.services.releases.process import ReleaseProcess
from pro_app.services.task_digest import enqueue_digests
from pro_app.settings import Settings
from pro_app.storage.database import Database

TICK_EVERY = timedelta(seconds=60)
LEAD_EVERY = timedelta(seconds=10)
"""How often a leader renews its lease, and the others look whether it has run out."""
CHORES_EVERY = timedelta(minutes=10)
BEAT_EVERY = timedelta(seconds=30)
"""How often a worker gives a sign of life during a round that takes longer."""
READ_INBOX_EVERY = timedelta(minutes=2)
WATCH_CLOCK_EVERY = timedelta(seconds=10)
LOOK_FOR_PIN_REQUESTS_EVERY = timedelta(seconds=5)
"""Somebody waits for the code with the page open."""
SEND_STAFF_MAIL_EVERY = timedelta(seconds=60)
LOOK_FOR_DIGESTS_EVERY = timedelta(minutes=5)
LOOK_FOR_RELEASES_EVERY = timedelta(seconds=5)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did: messages by the state they reached, and when it ended."""

    messages: DispatchReport
    ended_at: datetime


class BackgroundWorker:
    """A worker that runs in threads of this process until it is stopped; the post office is its own."""

    def __init__(self, office: PostOffice, clock: Clock, *, settings: Settings) -> None:
        self._office = office
        self._settings = settings
        self._clock = clock
        self._leading = Leading(office.database, clock, holder=make_holder())
        self._releases = ReleaseProcess(settings, office.database, clock)
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._add_job(self._tick, TICK_EVERY)
        self._add_job(self._leading.look, LEAD_EVERY)
        self._add_job(self._answer_pin_requests, LOOK_FOR_PIN_REQUESTS_EVERY)
        self._add_job(self._send_staff_mail, SEND_STAFF_MAIL_EVERY)
        self._add_job(self._write_digests, LOOK_FOR_DIGESTS_EVERY)
        self._add_job(self._sweep, CHORES_EVERY)
        self._add_job(self._read_inbox, READ_INBOX_EVERY)
        for chore in (close_what_expired, join_audit_heads, forget_old_heartbeats):
            self._add_job(self._as_chore(chore), CHORES_EVERY)
        self._add_job(self._releases.look, LOOK_FOR_RELEASES_EVERY)
        self._watch = threading.Thread(target=self._watch_clock, name="clock watch", daemon=True)

    def start(self) -> None:
        """Start with a tick at once."""
        self._leading.look()
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Finish the message in hand, then stop and let another worker lead; returns when nothing runs."""
        self._stopping.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)
        self._leading.give_up()
        self._releases.stop()
        self._office.close()

    def _tick(self) -> None:
        tick(
            self._office,
            clock=self._clock,
            should_stop=self._stopping.is_set,
            holder=self._leading.holder,
        )

    def _answer_pin_requests(self) -> None:
        """Send the codes that were asked for at once, not with the next tick."""
        if answer_pin_requests_of(self._office, clock=self._clock):
            dispatch_due(self._office, clock=self._clock, should_stop=self._stopping.is_set)

    def _send_staff_mail(self) -> None:
        """Send what members of staff get, beside the tick and never within it: patients come first."""
        dispatch_staff_mail(self._office, clock=self._clock, should_stop=self._stopping.is_set)

    def _write_digests(self) -> None:
        # Each digest has a key of its own: whoever leads for a moment beside another writes none twice.
        if self._leading.lead is not None:
            enqueue_digests(self._office.database, clock=self._clock)

    def _watch_clock(self) -> None:
        """Let a job run at once that waits longer than its interval: the machine's clock was set back."""
        while not self._stopping.wait(WATCH_CLOCK_EVERY.total_seconds()):
            now = system_clock()
            for job in self._scheduler.get_jobs():
                if job.next_run_time > now + job.trigger.interval + WATCH_CLOCK_EVERY:
                    logger.warning("the clock was set back: %s would wait for too long", job.name)
                    job.modify(next_run_time=now)

    def _sweep(self) -> None:
        # It writes to the vault, a store of its own, and doing it twice does no harm.
        if self._leading.lead is not None:
            sweep_contacts(self._office.database, self._office.vault, now=self._clock())

    def _read_inbox(self) -> None:
        # Each mail is recorded once, whoever reads it, and each report that waited does its work once.
        if self._leading.lead is not None:
            read_inbox(self._settings, self._office.database, clock=self._clock)
            apply_waiting_reports(
                self._office.database,
                usable_channels=self._office.channels.keys(),
                actor=system_actor("worker", secrets.token_hex(8)),
                clock=self._clock,
            )

    def _as_chore(self, chore: Callable[[Session, datetime], object]) -> Callable[[], object]:
        return lambda: self._leading.run(chore)

    def _add_job(self, job: Callable[[], object], every: timedelta) -> None:
        """Run a job at once and then at every interval, never twice at a time; missed runs become one."""
        self._scheduler.add_job(
            job,
            "interval",
            seconds=every.total_seconds(),
            next_run_time=system_clock(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )


class Leading:
    """What one worker knows of the lead, and the chores that it does only while it leads."""

    def __init__(self, database: Database, clock: Clock, *, holder: str) -> None:
        self.holder = holder
        self.lead: Lead | None = None
        self._database = database
        self._clock = clock

    def look(self) -> None:
        """Take the lead where nobody has it, renew it where this worker does."""
        with self._database.writing() as session:
            lead = claim_lead(session, holder=self.holder, now=self._clock())
        if lead != self.lead:
            logger.info("term %d: this worker leads" if lead else "another worker leads", *_terms(lead))
        self.lead = lead

    def run(self, chore: Callable[[Session, datetime], object]) -> bool:
        """Do a chore in one transaction that commits only while the lead holds; tells whether it was done."""
        if self.lead is None:
            return False
        try:
            with self._database.writing() as session:
                chore(session, self._clock())
                require_lead(session, self.lead, now=self._clock())
        except LeadLost:
            logger.warning("the lead was lost; what was being done is undone")
            self.lead = None
            return False
        return True

    def give_up(self) -> None:
        """Let another worker lead at once."""
        if self.lead is not None:
            with self._database.writing() as session:
                give_up_lead(session, self.lead, now=self._clock())
            self.lead = None


def _terms(lead: Lead | None) -> tuple[int, ...]:
    return () if lead is None else (lead.term,)


def make_holder() -> str:
    """Make the name of one run of a worker: its machine, its process, and what no other run has."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"


def tick(
    office: PostOffice,
    *,
    clock: Clock,
    should_stop: Callable[[], bool] = lambda: False,
    holder: str = "worker",
) -> TickReport:
    """Send what is due and leave a sign of life; with a clock that stands still everything happens then.

    A round of many slow messages takes long: signs of life are left between the messages too.
    """
    pulse = _Pulse(office.database, holder, clock())
    answer_pin_requests_of(office, clock=clock)

    def look_up() -> bool:
        pulse.beat_now_and_then(clock())
        return should_stop()

    report = dispatch_due(office, clock=clock, should_stop=look_up)
    ended_at = clock()
    pulse.beat(ended_at)
    return TickReport(report, ended_at)


def answer_pin_requests_of(office: PostOffice, *, clock: Clock) -> int:
    """Enqueue the codes that were asked for at the door; gives how many."""
    return answer_pin_requests(
        office.database,
        office.vault,
        usable_channels=office.channels.keys(),
        actor=system_actor("worker", secrets.token_hex(8)),
        clock=clock,
    )


@dataclass
class _Pulse:
    """The signs of life of one worker, the last of which was given at `beat_at`."""

    database: Database
    holder: str
    beat_at: datetime

    def beat(self, now: datetime) -> None:
        with self.database.writing() as session:
            record_heartbeat(session, name=self.holder, now=now)
        self.beat_at = now

    def beat_now_and_then(self, now: datetime) -> None:
        if not timedelta(0) <= now - self.beat_at < BEAT_EVERY:  # a clock may also be set back
            self.beat(now)


def close_what_expired(session: Session, now: datetime) -> int:
    """Settle the messages whose window is over and that nobody took; gives how many there were."""
    return close_expired(session, now=now)


def join_audit_heads(session: Session, now: datetime) -> bool:
    """Join the heads of the audit chains if that was not done today; tells whether it was done now."""
    return join_heads(session, actor=system_actor("worker", secrets.token_hex(8)), now=now)


def start_background_worker(settings: Settings, clock: Clock) -> BackgroundWorker:
    """Start a worker beside the web server in one process, as the demo does; the caller stops it."""
    worker = BackgroundWorker(open_post_office(settings), clock, settings=settings)
    worker.start()
    return worker


def run_worker(settings: Settings, clock: Clock) -> None:
    """Run until SIGTERM or SIGINT; the message in hand is finished first.

    Raises ProductionRefused if a study is in production and lacks what it needs.
    """
    require_gate_of(settings, today=clock().date())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = start_background_worker(settings, clock)
    logger.info("worker started")
    stop.wait()
    worker.stop()
    logger.info("worker stopped")
