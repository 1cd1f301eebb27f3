"""E-mails a second through claim, text, SMTP and outcome, against a bare loop over smtplib to that server.

Run it as `.venv/bin/python benchmarks/messages.py`; benchmarks/README.md says how to read it.
"""

import argparse
import multiprocessing
import smtplib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session
from measuring.installations import make_settings, postgres_urls, temporary_folder
from measuring.many_plans import DUE_AT, make_many_plans
from measuring.rounds import Work, measure_in_turn

from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.dispatch import PostOffice, dispatch_due, open_post_office
from pro_app.reminders.outbox.queues import Pace
from pro_app.reminders.outgoing import OutgoingMessage, render_mime

HOST = "127.0.0.1"
VISITS, DUE, ROUNDS = 5_000, 200, 5
SENDER = "ne-pas-repondre@benchmark.invalid"


class Accepting:
    """Takes every message."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        """Accept a text."""
        return "250 OK"


def main() -> None:
    """Measure on both databases and print the ratio of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds that count")
    rounds = parser.parse_args().rounds
    with mail_server() as port:
        with temporary_folder() as folder:
            measure("SQLite", f"sqlite:///{folder / 'ours.sqlite'}", folder, port=port, rounds=rounds)
        with temporary_folder() as folder, postgres_urls("ours") as (url,):
            measure("PostgreSQL", url, folder, port=port, rounds=rounds)


def measure(name: str, url: str, folder: Path, *, port: int, rounds: int) -> None:
    """Measure on one database."""
    with ExitStack() as opened:
        office = open_post_office(make_settings(url, folder))
        opened.callback(office.close)
        plans = make_many_plans(office.database, office.vault, visits=VISITS, due=DUE)
        mailing = replace(office, channels={"email": EmailChannel(HOST, port, SENDER)}, pace=Pace(60))
        measured = measure_in_turn(
            partial(dispatch_all, mailing), bare_loop(port), rounds=rounds, units=DUE, before=plans.make_due
        )
    print(measured.write_line(f"messages, {name}", ours="message", floor="smtplib"))


def dispatch_all(office: PostOffice) -> None:
    """Send what is due; raises RuntimeError unless that is all of it."""
    sent = dispatch_due(office, clock=lambda: DUE_AT).count("sent")
    if sent != DUE:
        raise RuntimeError(f"{sent} of {DUE} messages were sent")


def bare_loop(port: int) -> Work:
    """Give the floor: as many messages of the same size over one connection."""
    message = OutgoingMessage(
        address="a.dupont@example.fr",
        sender_label="Suivi 34",
        subject="Votre questionnaire est prêt",
        text="Bonjour,\n\n" + "Une ligne d’un texte aussi long que les nôtres.\n" * 12,
        short_text="",
        language="fr",
        message_id="<0123456789abcdef0123456789abcdef01234567@benchmark.invalid>",
        reply_token="",
        at=DUE_AT,
    )
    payload = render_mime(message, sender=SENDER).as_bytes()

    def work() -> None:
        with smtplib.SMTP(HOST, port) as server:
            for _ in range(DUE):
                server.sendmail(SENDER, [message.address], payload)

    return work


@contextmanager
def mail_server() -> Iterator[int]:
    """Start an SMTP server in a process of its own; gives its port."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def serve(told: Connection) -> None:
    """Serve SMTP until the process is ended, after telling the port."""
    controller = UnthreadedController(Accepting(), hostname=HOST, port=0)
    controller.begin()
    told.send(controller.server.sockets[0].getsockname()[1])
    controller.loop.run_forever()


if __name__ == "__main__":
    main()
