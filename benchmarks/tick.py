"""One tick of the worker with 200 messages due, in a trial of a million planned visits and in a small one.

Run it as `.venv/bin/python benchmarks/tick.py [--visits 1000000]`; benchmarks/README.md says how to read it.
"""

import argparse
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from measuring.installations import make_settings, postgres_urls, temporary_folder
from measuring.many_plans import DUE_AT, ManyPlans, make_many_plans
from measuring.rounds import Work, measure_in_turn

from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.worker import tick

MANY, FEW = 1_000_000, 10_000
DUE = 200
ROUNDS = 7


class AcceptingChannel:
    """Takes every message at once, so that what is measured is ours."""

    def send(self, message: OutgoingMessage) -> None:
        """Accept the message."""


def main() -> None:
    """Measure on both databases and print the ratio of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=MANY, help="planned visits of the large trial")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds that count")
    said = parser.parse_args()
    with temporary_folder() as folder:
        urls = [f"sqlite:///{folder / name}.sqlite" for name in ("many", "few")]
        measure("SQLite", urls, folder, visits=said.visits, rounds=said.rounds)
    with temporary_folder() as folder, postgres_urls("many", "few") as urls:
        measure("PostgreSQL", urls, folder, visits=said.visits, rounds=said.rounds)


def measure(name: str, urls: list[str], folder: Path, *, visits: int, rounds: int) -> None:
    """Measure on one kind of database: `urls` are the large and the small trial's."""
    with ExitStack() as opened:
        many, few = (
            ticking(opened, url, folder / str(number), visits=number)
            for url, number in zip(urls, (visits, FEW), strict=True)
        )

        def make_due() -> None:
            for plans, _ in (many, few):
                plans.make_due()

        measured = measure_in_turn(many[1], few[1], rounds=rounds, units=DUE, before=make_due)
    large = f"{many[0].visits:,} visits and {many[0].messages:,} messages planned"
    print(measured.write_line(f"tick, {name}, {DUE} due of {large}", ours="message", floor="small trial"))


def ticking(opened: ExitStack, url: str, folder: Path, *, visits: int) -> tuple[ManyPlans, Work]:
    """Make a trial and give the work of one tick in it."""
    folder.mkdir()
    office = open_post_office(make_settings(url, folder))
    opened.callback(office.close)
    plans = make_many_plans(office.database, office.vault, visits=visits, due=DUE)
    accepting = replace(office, channels={"email": AcceptingChannel()})

    return plans, partial(run_tick, accepting)


def run_tick(office: PostOffice) -> None:
    """Run one tick; raises RuntimeError unless it sends exactly what is due."""
    sent = tick(office, clock=lambda: DUE_AT).messages.count("sent")
    if sent != DUE:
        raise RuntimeError(f"{sent} of {DUE} messages were sent")


if __name__ == "__main__":
    main()
