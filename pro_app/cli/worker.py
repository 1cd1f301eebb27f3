"""`pro-app worker`: the process that sends what is due."""

import logging

import click

from pro_app.cli.gate_at_start import check_gate_at_start
from pro_app.clock import system_clock
from pro_app.language import mark
from pro_app.settings import Settings
from pro_app.worker import run_worker


@click.command(help=mark("Send the messages that are due, every minute, until told to stop."))
def worker() -> None:
    """Read the settings, then send until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # The scheduler's own lines would drown those that say something.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    settings = Settings.from_env()
    check_gate_at_start(settings)
    run_worker(settings, system_clock)
