"""The worker: a tick, the joined heads, threads beside a server, and the process of its own."""

import mailbox
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from apscheduler.schedulers import base as schedulers
from conftest import TEST_SECRET, SettableClock
from reminders_world import MailServer, Post, list_rows
from sqlalchemy import select

from pro_app import worker as worker_module
from pro_app.audit.verification import verify_audit_trail
from pro_app.clock import system_clock
from pro_app.reminders.outbox.claims import LEASE
from pro_app.services.health import check_health
from pro_app.services.heartbeats import list_heartbeats
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.storage.tables.audit_trail import AuditChainHead, AuditEntry, AuditPayload
from pro_app.worker import join_audit_heads, start_background_worker, tick

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORKER = "from pro_app.cli.worker import worker; worker()"
LONGEST_WAIT_S = 60
"""On a busy machine a process takes long to start."""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_tick_sends_what_is_due_and_leaves_a_sign_of_life(post: Post) -> None:
    for at, sent in ((INVITED_AT, 1), (INVITED_AT + timedelta(minutes=1), 0)):
        report = tick(post.office, clock=SettableClock(at))
        assert (report.messages.count("sent"), report.ended_at) == (sent, at)
        with post.clinic.database.reading() as session:
            assert check_health(session, now=at).worker_heartbeat_at == at


def test_a_long_round_gives_signs_of_life_between_its_messages(post: Post) -> None:
    post.enqueue_test(INVITED_AT)
    clock = SettableClock(INVITED_AT)
    seen: list[datetime | None] = []

    def look_up() -> bool:
        with post.clinic.database.reading() as session:
            seen.append(check_health(session, now=clock.now).worker_heartbeat_at)
        clock.now += timedelta(seconds=29)
        return False

    assert tick(post.office, clock=clock, should_stop=look_up).messages.count("sent") == 2
    assert seen == [None, None, INVITED_AT + timedelta(seconds=58)]


def join_heads_at(database: Database, at: datetime) -> bool:
    with database.writing() as session:
        return join_audit_heads(session, at)


def test_the_heads_of_all_chains_are_joined_once_a_day(post: Post) -> None:
    database = post.clinic.database
    with database.reading() as session:
        heads = {
            head.chain: {"sequence": head.sequence, "digest": head.digest}
            for head in session.scalars(select(AuditChainHead).where(AuditChainHead.chain != "central"))
        }
    assert heads
    hours = (9, 10, 23)
    assert [join_heads_at(database, INVITED_AT.replace(hour=hour)) for hour in hours] == [True, False, False]
    assert join_heads_at(database, INVITED_AT + timedelta(days=1))
    with database.reading() as session:
        entries = session.execute(
            select(AuditEntry, AuditPayload)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(AuditEntry.action == "audit.join_heads")
            .order_by(AuditEntry.id)
        ).all()
        assert [entry.chain for entry, _ in entries] == ["central", "central"]
        assert {item["field"]: item["after"] for item in entries[0][1].items} == heads
        assert verify_audit_trail(session)[1] == []


@pytest.fixture
def installed(post: Post, contacts_url: str, tmp_path: Path) -> Settings:
    """Give the settings of an installation around the clinic's stores, mailing into a folder."""
    return Settings(
        database_url=post.clinic.database.engine.url.render_as_string(hide_password=False),
        contacts_database_url=contacts_url,
        secret_key=TEST_SECRET,
        contacts_key=TEST_SECRET,
        mail_url=f"maildir:{tmp_path / 'mail'}",
        mail_sender="ne-pas-repondre@example.org",
        public_url="https://suivi.example.org",
    )


def test_a_worker_beside_the_server_ticks_at_once_and_stops_when_told(
    installed: Settings, post: Post
) -> None:
    worker = start_background_worker(installed, SettableClock(INVITED_AT))
    try:
        wait_until(lambda: post.rows()["invitation"].state == "sent")
    finally:
        worker.stop()
    (message,) = mailbox.Maildir(installed.mail_url.removeprefix("maildir:"))
    assert message["To"] == "a.dupont@example.fr"


class MachineClock(datetime):
    """The clock of the machine as the scheduler reads it, which a test sets back."""

    set_back = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        """Give the present as the clock shows it."""
        return system_clock().astimezone(tz) - cls.set_back


def test_a_worker_goes_on_looking_when_the_clock_of_the_machine_is_set_back(
    installed: Settings, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedulers, "datetime", MachineClock)
    monkeypatch.setattr(worker_module, "system_clock", lambda: MachineClock.now(UTC))
    monkeypatch.setattr(worker_module, "WATCH_CLOCK_EVERY", timedelta(seconds=0.1))
    worker = start_background_worker(installed, lambda: MachineClock.now(UTC))
    try:
        wait_until(lambda: find_heartbeat(post) is not None)
        monkeypatch.setattr(MachineClock, "set_back", timedelta(hours=1))
        post.enqueue_test(MachineClock.now(UTC))
        wait_until(lambda: "sent" in {row.state for row in list_rows(post.clinic.database)})
        wait_until(lambda: (find_heartbeat(post) or system_clock()) <= MachineClock.now(UTC))
    finally:
        worker.stop()


def find_heartbeat(post: Post) -> datetime | None:
    with post.clinic.database.reading() as session:
        return max((beat.beat_at for beat in list_heartbeats(session)), default=None)


@pytest.fixture
def start_worker(installed: Settings) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Give a function that starts `pro-app worker` as a process of its own, with a mail address."""
    started: list[subprocess.Popen[str]] = []

    def start(mail_url: str) -> "subprocess.Popen[str]":
        env = {
            "PRO_APP_DATABASE_URL": installed.database_url,
            "PRO_APP_CONTACTS_DATABASE_URL": installed.contacts_database_url,
            "PRO_APP_SECRET_KEY": TEST_SECRET,
            "PRO_APP_CONTACTS_KEY": TEST_SECRET,
            "PRO_APP_MAIL_URL": mail_url,
            "PRO_APP_MAIL_SENDER": installed.mail_sender,
            "PRO_APP_PUBLIC_URL": installed.public_url,
        }
        process = subprocess.Popen([sys.executable, "-c", WORKER], env=env, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_worker_process_sends_and_stops_cleanly_on_sigterm(
    start_worker: Callable[[str], "subprocess.Popen[str]"], installed: Settings, post: Post
) -> None:
    post.enqueue_test(system_clock())
    process = start_worker(installed.mail_url)
    wait_until(lambda: "sent" in {row.state for row in list_rows(post.clinic.database)})
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=LONGEST_WAIT_S)
    assert process.returncode == 0
    assert "worker stopped" in said
    assert "Traceback" not in said
    assert "example.fr" not in said


def test_a_worker_killed_between_claim_and_outcome_doubles_at_most_once_and_loses_nothing(
    start_worker: Callable[[str], "subprocess.Popen[str]"], post: Post, mail_server: MailServer
) -> None:
    began = system_clock()
    post.enqueue_test(began)
    mail_server.answers.append("HANG")
    process = start_worker(f"smtp://127.0.0.1:{mail_server.port}")
    assert mail_server.has_text.wait(LONGEST_WAIT_S)
    process.kill()
    process.wait(LONGEST_WAIT_S)
    test_row = next(row for row in list_rows(post.clinic.database) if row.rule_code == "test")
    assert (test_row.state, test_row.attempts) == ("claimed", 1)
    assert test_row.lease_until is not None
    assert post.dispatch(test_row.lease_until).get("sent") == 1
    test_row = next(row for row in list_rows(post.clinic.database) if row.rule_code == "test")
    assert (test_row.state, test_row.doubts) == ("sent", 1)
    assert test_row.lease_until is None
    assert test_row.finished_at is not None
    assert test_row.finished_at - began >= LEASE
    assert len(mail_server.accepted) == 2
    assert len(set(mail_server.message_ids())) == 1
