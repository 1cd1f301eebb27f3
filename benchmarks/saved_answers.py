"""Saved answers a second under gunicorn, against a bare Flask + SQLAlchemy app that commits one row.

Run it as `.venv/bin/python benchmarks/saved_answers.py`; benchmarks/README.md says how to read it.
"""

import http.client
import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from flask import Flask
from measuring.bare_apps import make_bare_rows, make_bare_table
from measuring.installations import make_settings, postgres_urls, sign_people_in, temporary_folder
from measuring.rounds import Work, measure_in_turn
from phones import Phone, operation, send_path
from server_process import HOST, ServerProcess

from pro_app.app import create_app

ROUNDS = 9
CLIENTS = 8
REQUESTS = 25
"""Requests of each client in one round; every request saves one answer, or one row."""
ITEMS = range(1, 29)
IDLE_SECONDS = 60
"""How long a connection may rest, so that none is made anew after the other's turn."""

Send = Callable[[], None]


def main() -> None:
    """Measure on both databases and print the ratio of each."""
    with temporary_folder() as folder:
        urls = [f"sqlite:///{folder / name}.sqlite" for name in ("ours", "bare")]
        measure("SQLite", urls, folder)
    with temporary_folder() as folder, postgres_urls("ours", "bare") as urls:
        measure("PostgreSQL", urls, folder)


def measure(name: str, urls: list[str], folder: Path) -> None:
    """Measure on one kind of database: `urls` are ours and the floor's."""
    settings = make_settings(urls[0], folder)
    people = sign_people_in(settings, CLIENTS)
    make_bare_table(urls[1])
    with ExitStack() as opened:
        ours = opened.enter_context(serving(partial(create_app, settings), "/healthz", folder / "ours.log"))
        bare = opened.enter_context(serving(partial(make_bare_rows, urls[1]), "/ready", folder / "bare.log"))
        pool = opened.enter_context(ThreadPoolExecutor(CLIENTS))
        answering = [answer_sender(ours, *person) for person in people]
        inserting = [row_sender(bare) for _ in range(CLIENTS)]
        measured = measure_in_turn(
            sending(pool, answering), sending(pool, inserting), rounds=ROUNDS, units=CLIENTS * REQUESTS
        )
    print(measured.write_line(f"saved answers, {name}", ours="answer", floor="bare row"))


@contextmanager
def serving(make_app: Callable[[], Flask], ready_path: str, log: Path) -> Iterator[int]:
    """Serve an app under gunicorn with two workers; gives the port."""
    server = ServerProcess(make_app, log, ready_path=ready_path, keepalive_seconds=IDLE_SECONDS)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def sending(pool: ThreadPoolExecutor, senders: list[Send]) -> Work:
    """Give the work of one round: every client sends its requests, all clients at the same time."""

    def send_many(send: Send) -> None:
        for _ in range(REQUESTS):
            send()

    def work() -> None:
        list(pool.map(send_many, senders))

    return work


def answer_sender(port: int, assessment_id: int, cookie: str) -> Send:
    """Give what saves one answer of a signed-in person, as the page's script does."""
    phone, numbers = Phone(port, cookie, keep_alive=True), count()
    phone.load(send_path(assessment_id))

    def send() -> None:
        number = next(numbers)
        made = operation("qlq-c30", ITEMS[number % len(ITEMS)], 1 + number % 4, counter=number + 1)
        reply = phone.post_operations(assessment_id, [made])
        if reply.status != http.client.OK:
            raise RuntimeError(reply.text)

    return send


def row_sender(port: int) -> Send:
    """Give what inserts one row, on a connection that stays open like the phone's."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def send() -> None:
        body = json.dumps({"operation_id": str(uuid.uuid4()), "item_number": 1, "value": 2})
        connection.request("POST", "/rows", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status != http.client.OK:
            raise RuntimeError(text)

    return send


if __name__ == "__main__":
    main()
