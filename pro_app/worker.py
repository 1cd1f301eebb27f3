"""The scheduler: looks every minute for what is due. The only file that knows APScheduler.

What is due follows from the database, never from "did the job run": a tick that was missed is made up for by
the next one, and several workers may run side by side. Data releases are made in a process of their own.
"""

import logging
import multiprocessing
import secrets
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.audit.heads import join_heads
from pro_app.clock import Clock, system_clock
from pro_app.reminders.dispatch import DispatchReport, PostOffice, dispatch_due, open_post_office
from pro_app.services.contact_sweep import sweep_contacts
from pro_app.services.releases.make import is_release_due, make_due_releases
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database
from pro_app.storage.tables.worker import WorkerHeartbeat

TICK_EVERY = timedelta(seconds=60)
JOIN_HEADS_EVERY = timedelta(hours=1)
SWEEP_EVERY = timedelta(hours=1)
LOOK_FOR_RELEASES_EVERY = timedelta(seconds=5)
JOB = "reminders"
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
        self._releases = ReleaseProcess(settings, office.database, clock)
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._add_job(lambda: tick(office, clock=clock, should_stop=self._stopping.is_set), TICK_EVERY)
        self._add_job(lambda: join_audit_heads(office.database, now=clock()), JOIN_HEADS_EVERY)
        self._add_job(lambda: sweep_contacts(office.database, office.vault, now=clock()), SWEEP_EVERY)
        self._add_job(self._releases.look, LOOK_FOR_RELEASES_EVERY)

    def start(self) -> None:
        """Start with a tick at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the message in hand, then stop; returns when nothing runs any more."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        self._releases.stop()
        self._office.close()

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


class ReleaseProcess:
    """Makes releases, one at a time, in a process of its own: no reminder and no page ever waits for one.

    What it is killed in the middle of is made anew once its lease is over.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._process: SpawnProcess | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.is_alive()

    def look(self) -> None:
        """Start the process if a release waits and none is being made here."""
        if not self.is_running and is_release_due(self._database, clock=self._clock):
            spawning = multiprocessing.get_context("spawn")
            self._process = spawning.Process(target=make_releases, args=(self._settings,), daemon=True)
            self._process.start()

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()


def make_releases(settings: Settings) -> None:
    """Make every release that waits, as the process of its own does.

    What goes wrong is told by its type and place alone: the message of an error may quote the data.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends this process
    database = open_database(settings.database_url)
    try:
        actor = system_actor("worker", secrets.token_hex(8))
        make_due_releases(database, folder=settings.releases_folder, actor=actor, clock=system_clock)
    except Exception as error:  # noqa: BLE001 -- whatever it is, its traceback must not be printed
        frames = traceback.extract_tb(error.__traceback__)
        places = " ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
        said = (type(error).__name__, places)
        logger.error("a release could not be made: %s at %s", *said)  # noqa: TRY400 -- without its words
        raise SystemExit(1) from None
    finally:
        database.engine.dispose()


def tick(office: PostOffice, *, clock: Clock, should_stop: Callable[[], bool] = lambda: False) -> TickReport:
    """Send what is due and leave a sign of life; with a clock that stands still everything happens then."""
    report = dispatch_due(office, clock=clock, should_stop=should_stop)
    ended_at = clock()
    with office.database.writing() as session:
        record_heartbeat(session, now=ended_at)
    return TickReport(report, ended_at)


def join_audit_heads(database: Database, *, now: datetime) -> bool:
    """Join the heads of the audit chains if that was not done today; tells whether it was done now."""
    with database.writing() as session:
        return join_heads(session, actor=system_actor("worker", secrets.token_hex(8)), now=now)


def start_background_worker(settings: Settings, clock: Clock) -> BackgroundWorker:
    """Start a worker beside the web server in one process, as the demo does; the caller stops it."""
    worker = BackgroundWorker(open_post_office(settings), clock, settings=settings)
    worker.start()
    return worker


def run_worker(settings: Settings, clock: Clock) -> None:
    """Run until SIGTERM or SIGINT; the message in hand is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = start_background_worker(settings, clock)
    logger.info("worker started")
    stop.wait()
    worker.stop()
    logger.info("worker stopped")


def record_heartbeat(session: Session, *, now: datetime) -> None:
    """Note that messages are being looked after."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(WorkerHeartbeat)
        .values(name=JOB, beat_at=now)
        .on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
    )
