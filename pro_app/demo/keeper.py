"""The demo's own process behind the pages: fills the past, sends messages, travels through time."""

import logging
import os
import signal
import sys
import time
from pathlib import Path

from pro_app.clock import ShiftedClock
from pro_app.demo.traveller import ServerGone, Traveller
from pro_app.reminders.dispatch import open_post_office
from pro_app.settings import Settings
from pro_app.simulation.run import spare_the_disk
from pro_app.web.demo.state import find_wish, forget_wish, has_wish
from pro_app.worker import BackgroundWorker, start_background_worker

LOOK_EVERY_S = 0.3
logger = logging.getLogger(__name__)


def keep_demo(settings: Settings) -> None:
    """Work until the server that started this process has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end is noticed below
    server = os.getppid()
    logging.disable(logging.WARNING)  # a virtual person without an address is no news
    clock_file = settings.clock_file
    assert clock_file is not None  # noqa: S101 -- every demo has one
    clock = ShiftedClock(clock_file)
    office = open_post_office(settings)
    for store in (office.database, office.vault.database):
        spare_the_disk(store, "NORMAL")
    traveller = Traveller(settings.data_folder, office, clock=clock, is_alive=lambda: os.getppid() == server)
    worker: BackgroundWorker | None = None
    try:
        fill_past(traveller)
        while os.getppid() == server:
            if worker is None:
                worker = start_background_worker(settings, clock)
            if has_wish(settings.data_folder):
                worker.stop()  # during a journey it is the traveller who sends, at each moment on the way
                worker = None
                make_journey(traveller, settings.data_folder)
            else:
                time.sleep(LOOK_EVERY_S)
    except ServerGone:
        pass
    finally:
        if worker is not None:
            worker.stop()
        office.close()


def fill_past(traveller: Traveller) -> None:
    """Fill the past; where that fails say so on the page, and let the demo work with what there is."""
    try:
        traveller.fill()
    except ServerGone:
        raise
    except Exception:
        logger.exception("The past of the demonstration could not be filled.")
        traveller.give_up()


def make_journey(traveller: Traveller, folder: Path) -> None:
    """Make the journey that is asked for; one that fails is dropped and said to have failed on the page."""
    try:
        wish = find_wish(folder)
        if wish is not None:
            traveller.travel(wish)
    except ServerGone:
        raise
    except Exception:
        logger.exception("The journey through time broke off.")
        traveller.give_up()
    forget_wish(folder)


if __name__ == "__main__":
    keep_demo(Settings.for_demo(Path(sys.argv[1]), int(sys.argv[2])))
