import logging
import mailbox
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path

import pytest
from conftest import NOW, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, post
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.services.cards import PrintedCard
from pro_app.services.enrolment import enrol_participant
from pro_app.settings import Settings
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.credentials import Device, PinRequest
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.worker import tick

NEW = "730184"


class Mail:
    """The worker of the installation, and the folder that its messages end in."""

    def __init__(self, settings: Settings, clock: SettableClock) -> None:
        self.office: PostOffice = open_post_office(settings)
        self.clock = clock
        self.folder = Path((settings.mail_url or "").removeprefix("maildir:"))

    def arrive(self) -> list[Message]:
        """Let the worker look once; gives the messages about new PINs that are there by then."""
        tick(self.office, clock=self.clock)
        found = mailbox.Maildir(self.folder, create=True)
        return [mail for mail in found if "PIN" in _subject(mail)]

    def read_code(self) -> str:
        """Give the code of the one message."""
        (mail,) = self.arrive()
        found = re.search(r"\b\d{4} \d{4}\b", _body(mail))
        assert found
        return found[0]


def _subject(mail: Message) -> str:
    return str(mail["Subject"])


def _body(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


@pytest.fixture
def mail(settings: Settings, clock: SettableClock) -> Mail:
    """Give the worker, started a moment after everything else."""
    return Mail(settings, clock)


@pytest.fixture
def forgetful(signed_in: FlaskClient, clock: SettableClock) -> FlaskClient:
    """Give the phone of somebody who chose a PIN an hour ago and forgot it."""
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    clock.now = NOW + timedelta(hours=1)
    return signed_in


def ask(browser: FlaskClient, code: str) -> TestResponse:
    """Ask for a new PIN with a sign-in code."""
    return post(browser, browser.get("/p/forgotten-pin"), {"sign_in_code": code})


def choose(browser: FlaskClient, page: TestResponse, code: str, *, pin: str = NEW) -> TestResponse:
    """Type the code of the message and the new PIN."""
    return post(browser, page, {"code": code, "pin": pin, "again": pin}, to="/p/new-pin")


def test_the_card_and_the_code_of_the_message_give_a_new_pin(
    forgetful: FlaskClient, world: World, mail: Mail
) -> None:
    assert "/p/forgotten-pin" in forgetful.get("/p/pin").text
    page = ask(forgetful, world.card.sign_in_code)
    assert choose(forgetful, page, mail.read_code()).headers["Location"] == "/p/home"
    assert forgetful.get("/p/home").status_code == 200
    post(forgetful, forgetful.get("/p/home"), {}, to="/p/sign-out")
    assert post(forgetful, forgetful.get("/p/pin"), {"pin": PIN}).status_code == 403
    assert post(forgetful, forgetful.get("/p/pin"), {"pin": NEW}).headers["Location"] == "/p/home"
    with world.database.reading() as session:
        actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
        assert session.query(PinRequest).count() == 0
    assert [action for action in actions if action.startswith("pin.")] == ["pin.send_code", "pin.choose_anew"]


def test_a_new_pin_ends_what_is_open_elsewhere_and_another_device_may_be_remembered(  # noqa: PLR0917 -- fixtures
    app: Flask, signed_in: FlaskClient, world: World, mail: Mail, clock: SettableClock
) -> None:
    clock.now = NOW + timedelta(hours=1)
    other = app.test_client()
    page = ask(other, world.card.sign_in_code)
    post(
        other,
        page,
        {"code": mail.read_code(), "pin": NEW, "again": NEW, "remember": "y"},
        to="/p/new-pin",
    )
    assert other.get("/p/home").status_code == 200
    assert other.get_cookie("device") is not None
    assert signed_in.get("/p/home").headers["Location"] == "/"
    with world.database.reading() as session:
        assert session.query(Device).count() == 2


def test_a_code_is_good_once_for_ten_minutes_and_with_its_own_card_only(  # noqa: PLR0917 -- fixtures
    app: Flask, forgetful: FlaskClient, world: World, mail: Mail, clock: SettableClock
) -> None:
    stranger = app.test_client()
    other = world.enrol_another()
    activate(stranger, other.card, pin="592814")
    page = ask(forgetful, world.card.sign_in_code)
    code, asked_at = mail.read_code(), clock.now

    elsewhere = ask(stranger, other.card.sign_in_code)
    assert choose(stranger, elsewhere, code).status_code == 403
    second = ask(stranger, world.card.sign_in_code)
    clock.now = asked_at + timedelta(minutes=10)
    late = choose(forgetful, page, code)
    assert late.status_code == 403
    assert "ten minutes" in late.text or "dix minutes" in late.text
    clock.now = asked_at + timedelta(minutes=9, seconds=59)
    assert choose(forgetful, page, code).status_code == 302
    clock.now += timedelta(seconds=1)
    assert choose(stranger, second, code, pin="482917").status_code == 403


def test_a_pin_that_may_not_be_chosen_leaves_the_code_good(
    forgetful: FlaskClient, world: World, mail: Mail
) -> None:
    page = ask(forgetful, world.card.sign_in_code)
    code = mail.read_code()
    refused = choose(forgetful, page, code, pin="123456")
    assert refused.status_code == 400
    assert choose(forgetful, refused, code).status_code == 302


def test_the_page_says_the_same_whoever_asks_and_a_message_goes_to_the_address_that_is_stored_only(  # noqa: PLR0917 -- fixtures
    app: Flask, world: World, mail: Mail, clock: SettableClock
) -> None:
    activate(app.test_client(), world.card)
    clock.now = NOW + timedelta(hours=1)
    unreachable = _enrol_without_address(world)
    activate(app.test_client(), unreachable)
    never_used = world.enrol_another("15-098").card
    pages = []
    cards = (world.card.sign_in_code, unreachable.sign_in_code, never_used.sign_in_code, "7777777777")
    for code in cards:
        page = ask(app.test_client(), code)
        wrong = choose(app.test_client(), page, "1234 5678")
        pages.append((page.status_code, _without_secrets(page.text, code), wrong.status_code))
    assert len(set(pages)) == 1
    (message,) = mail.arrive()
    assert "a.dupont@example.fr" in str(message["To"])
    with world.database.reading() as session:
        (row,) = session.query(OutboxMessage).filter_by(rule_code="pin_code")
        assert session.query(PinRequest).count() == 0
    assert (row.participant_id, row.state) == (world.participant_id, "sent")


def test_asking_writes_the_same_for_every_code(app: Flask, world: World) -> None:
    """What takes the same steps takes the same time; nothing is looked up while somebody waits."""
    activate(app.test_client(), world.card)
    statements: list[list[str]] = []
    for code in (world.card.sign_in_code, "7777777777"):
        browser = app.test_client()
        page = browser.get("/p/forgotten-pin")
        with _listening(world) as heard:
            post(browser, page, {"sign_in_code": code})
        statements.append(heard)
    assert statements[0] == statements[1]
    assert any("pin_requests" in statement for statement in statements[0])


def test_neither_database_nor_log_holds_the_code(  # noqa: PLR0917 -- fixtures
    forgetful: FlaskClient, world: World, mail: Mail, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = ask(forgetful, world.card.sign_in_code)
    code = mail.read_code()
    choose(forgetful, page, code)
    digits = code.replace(" ", "")
    with world.database.reading() as session:
        for (table,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")):
            rows = str(session.execute(text(f'SELECT * FROM "{table}"')).all())
            assert digits not in rows
            assert code not in rows
    assert digits not in caplog.text
    assert code not in caplog.text


def test_the_message_says_nothing_of_health_and_its_subject_carries_no_code(
    forgetful: FlaskClient, world: World, mail: Mail
) -> None:
    ask(forgetful, world.card.sign_in_code)
    (message,) = mail.arrive()
    assert not re.search(r"\d", _subject(message))
    for word in ("cancer", "ReLUTH", "étude", "traitement", world.card.sign_in_code):
        assert word not in _body(message)
    assert "/p/new-pin" not in _body(message)


def test_whoever_asks_again_and_again_floods_nobody(  # noqa: PLR0917 -- fixtures
    app: Flask, world: World, mail: Mail, clock: SettableClock
) -> None:
    activate(app.test_client(), world.card)
    clock.now = NOW + timedelta(hours=1)
    ask(app.test_client(), world.card.sign_in_code)
    ask(app.test_client(), world.card.sign_in_code)
    assert len(mail.arrive()) == 1
    for _ in range(8):
        clock.now += timedelta(minutes=30)
        ask(app.test_client(), world.card.sign_in_code)
        tick(mail.office, clock=clock)
    assert len(mail.arrive()) == 6


def test_guessing_the_code_is_slowed_down_with_the_guesses_at_the_door(
    forgetful: FlaskClient, world: World
) -> None:
    page = ask(forgetful, world.card.sign_in_code)
    codes = [choose(forgetful, page, f"0000 000{n}").status_code for n in range(6)]
    assert codes == [403] * 5 + [429]
    door = post(forgetful, forgetful.get("/p/sign-in"), {"sign_in_code": world.card.sign_in_code, "pin": PIN})
    assert door.status_code == 429


def test_who_left_the_study_gets_no_code(forgetful: FlaskClient, world: World, mail: Mail) -> None:
    world.clinic.record(world.participant_id, "died", NOW.date())
    ask(forgetful, world.card.sign_in_code)
    assert mail.arrive() == []


def test_a_new_card_makes_the_code_of_the_old_one_useless(  # noqa: PLR0917 -- fixtures
    forgetful: FlaskClient, world: World, mail: Mail, clock: SettableClock
) -> None:
    page = ask(forgetful, world.card.sign_in_code)
    code = mail.read_code()
    world.print_card(clock.now)
    assert choose(forgetful, page, code).status_code == 403


def test_what_waited_too_long_is_answered_no_more(  # noqa: PLR0917 -- fixtures
    forgetful: FlaskClient, world: World, mail: Mail, clock: SettableClock
) -> None:
    ask(forgetful, world.card.sign_in_code)
    clock.now += timedelta(minutes=10)
    assert mail.arrive() == []
    with world.database.reading() as session:
        assert session.query(PinRequest).count() == 0


@contextmanager
def _listening(world: World) -> Iterator[list[str]]:
    """Hear every statement that the database is told, without what is filled in."""
    heard: list[str] = []

    def hear(*said: object) -> None:
        heard.append(str(said[2]))

    event.listen(world.database.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(world.database.engine, "before_cursor_execute", hear)


def _enrol_without_address(world: World) -> PrintedCard:
    said = world.clinic.enrolment(
        consented_on=NOW.date(), participant_code="15-077", email="", telephone="04 67 00 00 00"
    )
    with world.clinic.writing() as session:
        participant = enrol_participant(
            session, said, vault=world.clinic.vault, actor=world.clinic.nurse, now=NOW
        )
    return replace(world, participant_id=participant.id).print_card()


def _without_secrets(html: str, code: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*>', "", html).replace(code, "CODE")
