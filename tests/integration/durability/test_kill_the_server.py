"""SIGKILL at any moment: what was acknowledged is there once, and nothing is half done."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from random import Random
from typing import Any

import builders
from durable_world import DurableWorld
from phones import LOST, Phone, Reply, operation, receipt_path, send_path
from server_process import ServerProcess
from stored_facts import (
    list_answer_rows,
    list_audited_operations,
    list_wrong_scores,
    load_submission_facts,
    wait_until_quiet,
)

from pro_app.audit.verification import verify_audit_trail
from pro_app.clock import system_clock
from pro_app.services.answers import Operation, save_operations
from pro_app.storage.database import Database

CLIENTS = 8
KILLS = 20
QUESTIONNAIRES = 80
BATCHES = 8
REPLIES_IN_A_LIFE = 16
LARGEST_DELAY_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 60.0
SUBMISSION_ROUNDS = 6


class Progress:
    """Counts the replies that all clients have got, for the one who kills to wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._replies = 0
        self.over = threading.Event()

    def count(self) -> None:
        """Count one reply."""
        with self._changed:
            self._replies += 1
            self._changed.notify_all()

    def wait_for_more(self, number: int) -> None:
        """Wait until so many more replies have come."""
        with self._changed:
            wanted = self._replies + number
            assert self._changed.wait_for(lambda: self._replies >= wanted, LONGEST_WAIT_SECONDS)


@dataclass
class Client:
    """One participant after another, answering and sending, and sending again what got no reply."""

    random: Random
    progress: Progress
    waiting: SimpleQueue[tuple[int, Phone]]
    acknowledged: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    receipts: dict[int, str] = field(default_factory=dict)
    lost_replies: int = 0

    def work(self) -> None:
        """Answer until told to stop; what was begun is finished first."""
        while not self.progress.over.is_set():
            assessment_id, phone = self.waiting.get_nowait()  # raises Empty: too few for so many kills
            self._load(phone, send_path(assessment_id))
            for _ in range(BATCHES):
                self._answer(assessment_id, phone)
                if self.progress.over.is_set():
                    return
            self._submit(assessment_id, phone)

    def _answer(self, assessment_id: int, phone: Phone) -> None:
        chosen = [self._draw_operation() for _ in range(self.random.randint(1, 3))]
        reply = self._insist(lambda: phone.post_operations(assessment_id, chosen), 200)
        assert all(made["operation_id"] in reply.text for made in chosen)
        self.acknowledged += [(assessment_id, made) for made in chosen]

    def _draw_operation(self) -> dict[str, Any]:
        item_number = self.random.choice([1, 2, 3, 4, 5, 29, 30, 31, 32, 33])
        instrument_code = "qlq-c30" if item_number <= 30 else "qlq-ginet21"
        return operation(instrument_code, item_number, self.random.randint(1, 4))

    def _submit(self, assessment_id: int, phone: Phone) -> None:
        self._insist(lambda: phone.submit(assessment_id), 302)
        self.receipts[assessment_id] = self._load(phone, receipt_path(assessment_id)).text

    def _load(self, phone: Phone, path: str) -> Reply:
        return self._insist(lambda: phone.load(path), 200)

    def _insist(self, send: Callable[[], Reply], status: int) -> Reply:
        """Send until a reply comes, and expect this one."""
        until = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < until:
            try:
                reply = send()
            except ConnectionRefusedError:
                time.sleep(0.02)
            except LOST:
                self.lost_replies += 1
            else:
                assert reply.status == status, reply.text
                self.progress.count()
                return reply
        raise TimeoutError("no reply")


@contextmanager
def working(clients: Iterable[Client], progress: Progress) -> Iterator[None]:
    """Let the clients work meanwhile; raises what went wrong with any of them."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(client.work) for client in clients]
        try:
            yield
        finally:
            progress.over.set()
        for done in work:
            done.result()


def test_every_acknowledged_answer_is_there_once_after_twenty_kills(world: DurableWorld) -> None:
    database, progress, random = world.database, Progress(), Random(20)  # noqa: S311 -- no secret
    waiting: SimpleQueue[tuple[int, Phone]] = SimpleQueue()
    for participant_id in world.enrol(QUESTIONNAIRES):
        waiting.put((builders.find_assessment(database, participant_id), world.lend_phone(participant_id)))
    clients = [Client(Random(number), progress, waiting) for number in range(CLIENTS)]  # noqa: S311 -- as above

    with working(clients, progress):
        for _ in range(KILLS):
            progress.wait_for_more(REPLIES_IN_A_LIFE)
            time.sleep(random.uniform(0, LARGEST_DELAY_SECONDS))
            world.server.kill()
            assert list_half_submitted(database) == []
            world.server.start()

    assert sum(client.lost_replies for client in clients) >= KILLS  # the kills did interrupt requests
    acknowledged = [kept for client in clients for kept in client.acknowledged]
    assert sorted(given_answers(database)) == sorted(map(flat, acknowledged))
    assert standing_answers(database) == last_by_item(acknowledged)
    assert Counter(list_audited_operations(database)) == Counter(
        made["operation_id"] for _, made in acknowledged
    )
    assert_receipts_hold(database, {key: page for client in clients for key, page in client.receipts.items()})
    assert_trail_is_intact(database)


def test_a_kill_leaves_a_submission_whole_or_absent(world: DurableWorld) -> None:
    database, outcomes, receipts = world.database, Counter[str](), dict[int, str]()
    for number in range(SUBMISSION_ROUNDS):
        phones = {answer_some(database, key): world.lend_phone(key) for key in world.enrol(CLIENTS)}
        for assessment_id, phone in phones.items():
            assert phone.load(send_path(assessment_id)).status == 200

        submit_until_killed(phones, world.server, replies=number % 4)

        assert list_half_submitted(database) == []
        before = load_submission_facts(database)
        outcomes.update("whole" if before[key].is_whole else "absent" for key in phones)
        world.server.start()
        for assessment_id, phone in phones.items():
            assert phone.submit(assessment_id).status == 302
            receipts[assessment_id] = phone.load(receipt_path(assessment_id)).text
            first = before[assessment_id].receipt_code
            assert first is None or first == load_submission_facts(database)[assessment_id].receipt_code

    assert set(outcomes) == {"whole", "absent"}  # the kills fell in the middle
    assert_receipts_hold(database, receipts)
    assert_trail_is_intact(database)


def answer_some(database: Database, participant_id: int) -> int:
    """Answer the first items of a participant's questionnaire; gives its key."""
    assessment_id = builders.find_assessment(database, participant_id)
    with database.writing() as session:
        save_operations(
            session,
            assessment_id=assessment_id,
            operations=[Operation(f"{assessment_id}-{n}", "qlq-c30", n, "answered", 2) for n in range(1, 8)],
            actor=builders.participant_actor(database, participant_id),
            now=system_clock(),
        )
    return assessment_id


def submit_until_killed(phones: dict[int, Phone], server: ServerProcess, *, replies: int) -> None:
    """Let everybody send at once, and kill the server when so many replies have come."""
    progress = Progress()

    def submit(assessment_id: int) -> None:
        try:
            assert phones[assessment_id].submit(assessment_id).status == 302
        except LOST:
            return
        progress.count()

    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(submit, assessment_id) for assessment_id in phones]
        if replies:
            progress.wait_for_more(replies)
        else:
            time.sleep(0.01)
        server.kill()
        for done in work:
            done.result()


def list_half_submitted(database: Database) -> list[str]:
    """List the assessments whose submission is there in part; the server must not be running."""
    wait_until_quiet(database)
    found = load_submission_facts(database)
    assert found
    return [f"{key}: {facts}" for key, facts in found.items() if not (facts.is_whole or facts.is_absent)]


def given_answers(database: Database) -> list[tuple[str, int, str, int, int | None]]:
    return [row[:5] for row in list_answer_rows(database)]


def standing_answers(database: Database) -> dict[tuple[int, str, int], int | None]:
    standing = [row for row in list_answer_rows(database) if row[5]]
    found = {(row[1], row[2], row[3]): row[4] for row in standing}
    assert len(found) == len(standing)
    return found


def flat(kept: tuple[int, dict[str, Any]]) -> tuple[str, int, str, int, int | None]:
    assessment_id, made = kept
    return (
        made["operation_id"],
        assessment_id,
        made["instrument_code"],
        made["item_number"],
        made["value"],
    )


def last_by_item(acknowledged: list[tuple[int, dict[str, Any]]]) -> dict[tuple[int, str, int], int]:
    return {(key, made["instrument_code"], made["item_number"]): made["value"] for key, made in acknowledged}


def assert_receipts_hold(database: Database, receipts: dict[int, str]) -> None:
    """Check that the receipts shown are those stored, and the scores those of the answers."""
    facts = load_submission_facts(database)
    assert receipts
    assert {key for key, found in facts.items() if found.is_whole} == set(receipts)
    for assessment_id, page in receipts.items():
        assert (facts[assessment_id].receipt_code or "no receipt") in page.replace("-", "")
        assert list_wrong_scores(database, assessment_id) == []


def assert_trail_is_intact(database: Database) -> None:
    with database.reading() as session:
        entries, faults = verify_audit_trail(session)
    assert entries
    assert faults == []
