"""Secrets that are replaced while somebody uses the old ones, on both databases."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from conftest import NOW, TEST_SECRET
from participant_world import PIN, World
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.errors import InputRejected, SignInRefused
from pro_app.reminders.pin_codes import PIN_CODE, make_pin_code
from pro_app.services.new_pins import answer_pin_requests, ask_new_pin, choose_new_pin, prepare_new_pin
from pro_app.services.participant_sign_in import NewDevice, sign_in
from pro_app.services.pin_proofs import ProvenPin, prove_pin_on_device, prove_pin_with_code
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.credentials import PinRequest
from pro_app.storage.tables.outbox import OutboxMessage

AT_ONCE = 10
ASKED_AT = NOW + timedelta(hours=1)
SYSTEM = system_actor("worker", "test")


def ask(world: World, code: str, *, now: datetime = ASKED_AT) -> int:
    """Ask with a sign-in code, and let the worker look; gives how many codes go out."""
    with world.database.writing() as session:
        ask_new_pin(session, sign_in_code=code, secret_key=TEST_SECRET, now=now)
    return answer_pin_requests(
        world.database, world.clinic.vault, usable_channels={"email"}, actor=SYSTEM, clock=lambda: now
    )


def read_codes(world: World) -> list[str]:
    with world.database.reading() as session:
        keys = session.scalars(
            select(OutboxMessage.message_key).where(OutboxMessage.rule_code == PIN_CODE)
        ).all()
    return [make_pin_code(TEST_SECRET, key) for key in keys]


def choose(world: World, code: str, pin: str, *, now: datetime = ASKED_AT) -> NewDevice:
    with world.database.writing() as session:
        return choose_new_pin(
            session, prepare_new_pin(world.card.sign_in_code, code, pin), secret_key=TEST_SECRET, now=now
        )


def test_of_ten_new_pins_by_one_code_at_the_same_moment_one_is_set(world: World) -> None:
    world.remember_phone()
    assert ask(world, world.card.sign_in_code) == 1
    (code,) = read_codes(world)

    def attempt(number: int) -> str:
        try:
            choose(world, code, f"4829{number + 10}", now=ASKED_AT + timedelta(minutes=1))
        except SignInRefused:
            return "refused"
        return f"4829{number + 10}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(attempt, range(AT_ONCE)))
    (winner,) = set(outcomes) - {"refused"}
    assert Counter(outcomes) == {"refused": AT_ONCE - 1, winner: 1}
    assert world.sign_in_with(world.card.sign_in_code, pin=winner).session_token
    with world.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="pin.choose_anew").count() == 1


def test_what_cannot_be_answered_is_put_away_and_holds_up_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.remember_phone()
    other = world.enrol_another()
    other.remember_phone()
    with world.database.writing() as session:
        for code in (other.card.sign_in_code, "7777777777", world.card.sign_in_code):
            ask_new_pin(session, sign_in_code=code, secret_key=TEST_SECRET, now=ASKED_AT)

    failures = iter([RuntimeError("a vault that fails once")])
    vault = world.clinic.vault

    class FailingOnce:
        """A vault of which the first question fails."""

        def find(self, contact_ref: str) -> object:
            for failure in failures:
                raise failure
            return vault.find(contact_ref)

    answered = answer_pin_requests(
        world.database,
        FailingOnce(),  # type: ignore[arg-type]  # all that is asked of it
        usable_channels={"email"},
        actor=SYSTEM,
        clock=lambda: ASKED_AT,
    )
    assert answered == 1
    assert "could not be answered" in caplog.text
    with world.database.reading() as session:
        assert session.query(PinRequest).count() == 0


def test_a_guessable_pin_is_refused_before_anything_is_looked_at(world: World) -> None:
    world.remember_phone()
    ask(world, world.card.sign_in_code)
    (code,) = read_codes(world)
    with pytest.raises(InputRejected):
        choose(world, code, "123456")
    assert choose(world, code, "730184").session_token


def replace_card(world: World) -> None:
    world.print_card()


def replace_pin(world: World) -> None:
    ask(world, world.card.sign_in_code)
    choose(world, read_codes(world)[0], "730184", now=ASKED_AT + timedelta(minutes=1))


@pytest.mark.parametrize(("change", "way"), [
    (replace_card, "code"), (replace_pin, "code"), (replace_pin, "device"), (World.revoke_phones, "device"),
])  # fmt: skip
def test_what_was_proven_is_worth_nothing_once_it_was_replaced(
    world: World, change: Callable[[World], None], way: str
) -> None:
    phone = world.remember_phone()
    proof = _prove(world, phone, way)
    change(world)
    with world.database.writing() as session, pytest.raises(SignInRefused):
        sign_in(session, proof, now=ASKED_AT)


def _prove(world: World, phone: NewDevice, way: str) -> ProvenPin:
    if way == "device":
        return prove_pin_on_device(world.database, device_secret=phone.device_secret or "", pin=PIN)
    code = world.card.sign_in_code
    return prove_pin_with_code(world.database, sign_in_code=code, pin=PIN, secret_key=TEST_SECRET)
