"""Making releases in a process of its own, so that no reminder and no page ever waits for one."""

import logging
import multiprocessing
import secrets
import signal
import traceback
from multiprocessing.context import SpawnProcess

from pro_app.audit.actor import system_actor
from pro_app.clock import Clock, open_clock
from pro_app.services.releases.make import is_release_due, make_due_releases
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database

logger = logging.getLogger(__name__)


class ReleaseProcess:
    """Makes releases, one at a time, in a process of its own.

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
        actor, clock = system_actor("worker", secrets.token_hex(8)), open_clock(settings.clock_file)
        make_due_releases(database, folder=settings.releases_folder, actor=actor, clock=clock)
    except Exception as error:  # noqa: BLE001 -- whatever it is, its traceback must not be printed
        frames = traceback.extract_tb(error.__traceback__)
        places = " ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
        said = (type(error).__name__, places)
        logger.error("a release could not be made: %s at %s", *said)  # noqa: TRY400 -- without its words
        raise SystemExit(1) from None
    finally:
        database.engine.dispose()
