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
from pro_app.web.demo.state import find_wish, forget_wish
from pro_app.worker import BackgroundWorker, start_background_worker

LOOK_EVERY_S = 0.3


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
        traveller.fill()
        while os.getppid() == server:
            if worker is None:
                worker = start_background_worker(settings, clock)
            wish = find_wish(settings.data_folder)
            if wish is not None:
                worker.stop()  # during a journey it is the traveller who sends, at each moment on the way
                worker = None
                traveller.travel(wish)
                forget_wish(settings.data_folder)
            else:
                time.sleep(LOOK_EVERY_S)
    except ServerGone:
        pass
    finally:
        if worker is not None:
            worker.stop()
        office.close()


if __name__ == "__main__":
    keep_demo(Settings.for_demo(Path(sys.argv[1]), int(sys.argv[2])))
