from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOW, TEST_SECRET
from participant_world import PIN, World

from pro_app.errors import InputRejected, SignInRefused, TokenRefused
from pro_app.services.participant_sign_in import (
    NewDevice,
    activate_card,
    check_card,
)
from pro_app.services.sessions import find_participant_sign_in
from pro_app.services.sign_in_codes import grouped_code
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.credentials import Device, ParticipantCredential, SignInCard

PARALLEL = 20


def use_card(
    world: World, token_or_code: str, *, pin: str = PIN, after: timedelta = timedelta()
) -> NewDevice:
    """Activate a card in a transaction of its own."""
    with world.database.writing() as session:
        return activate_card(
            session,
            token_or_code=token_or_code,
            pin=pin,
            device_label="iPhone",
            secret_key=TEST_SECRET,
            now=NOW + after,
        )


def test_of_twenty_activations_at_the_same_moment_one_wins(world: World) -> None:
    def attempt(number: int) -> str:
        try:
            use_card(world, world.card.token, pin=f"4829{number + 10}")
        except TokenRefused as refused:
            return refused.why
        return "won"

    with ThreadPoolExecutor(PARALLEL) as pool:
        outcomes = list(pool.map(attempt, range(PARALLEL)))
    assert sorted(outcomes) == ["used"] * (PARALLEL - 1) + ["won"]
    with world.database.reading() as session:
        assert session.query(Device).count() == 1
        assert session.query(AuditEntry).filter_by(action="card.activate").count() == 1


def test_a_card_works_by_its_token_and_by_its_code_however_it_is_typed(world: World) -> None:
    use_card(world, f" {grouped_code(world.card.short_code).lower()} ")
    again = world.print_card()
    assert use_card(world, again.token).participant_id == world.participant_id


def test_a_card_is_refused_after_seven_days_once_used_once_replaced_and_when_unknown(world: World) -> None:
    replaced = world.card
    card = world.print_card()
    cases = {
        "revoked": (replaced.token, timedelta()),
        "expired": (card.token, timedelta(days=7)),
        "unknown": ("no such token", timedelta()),
    }
    for why, (token, after) in cases.items():
        with pytest.raises(TokenRefused) as refused:
            use_card(world, token, after=after)
        assert refused.value.why == why
    use_card(world, card.token, after=timedelta(days=7, seconds=-1))
    with pytest.raises(TokenRefused) as refused:
        use_card(world, card.short_code)
    assert refused.value.why == "used"


def test_asking_about_a_card_uses_nothing_up(world: World) -> None:
    with world.database.reading() as session:
        check_card(session, token_or_code=world.card.token, secret_key=TEST_SECRET, now=NOW)
        with pytest.raises(TokenRefused):
            check_card(session, token_or_code="other", secret_key=TEST_SECRET, now=NOW)
    use_card(world, world.card.token)


def test_a_pin_that_may_not_be_chosen_leaves_the_card_good(world: World) -> None:
    with pytest.raises(InputRejected):
        use_card(world, world.card.token, pin="111111")
    use_card(world, world.card.token)


def test_a_new_card_gives_a_new_pin_ends_the_sessions_and_keeps_the_phone(world: World) -> None:
    first = use_card(world, world.card.token)
    assert first.device_secret is not None
    card = world.print_card()
    use_card(world, card.token, pin="730184")
    assert find_participant_sign_in(world.database, first.session_token, now=NOW) is None
    with pytest.raises(SignInRefused):
        world.sign_in_on(first.device_secret)
    token = world.sign_in_on(first.device_secret, pin="730184").session_token
    found = find_participant_sign_in(world.database, token, now=NOW)
    assert found is not None
    assert found.device_id is not None


def test_nothing_is_said_about_which_part_of_a_sign_in_was_wrong(world: World) -> None:
    use_card(world, world.card.token)
    tries = [(world.card.sign_in_code, "999111"), ("0123456789", PIN), ("", ""), ("ÉÉÉÉÉ", "x" * 500)]
    for code, pin in tries:
        with pytest.raises(SignInRefused) as refused:
            world.sign_in_with(code, pin=pin, remember=True)
        assert str(refused.value) == ""


def test_nobody_signs_in_before_a_pin_was_chosen(world: World) -> None:
    for pin in ("", "None", PIN):
        with pytest.raises(SignInRefused):
            world.sign_in_with(world.card.sign_in_code, pin=pin)


def test_no_secret_is_readable_in_the_database_or_in_the_audit_trail(world: World) -> None:
    device = use_card(world, world.card.token)
    secrets = [*(str(v) for v in (world.card.token, world.card.short_code, world.card.sign_in_code)), PIN]
    secrets += [device.session_token, str(device.device_secret)]
    with world.database.reading() as session:
        rows = [
            *session.query(ParticipantCredential),
            *session.query(SignInCard),
            *session.query(Device),
            *session.query(AuditEntry),
            *session.query(AuditPayload),
        ]
        text = " ".join(str(vars(row)) for row in rows)
    assert not [secret for secret in secrets if secret in text]


def test_another_participants_device_opens_only_that_participants_session(world: World) -> None:
    other = world.enrol_another()
    device = use_card(replace(world, participant_id=other.participant_id), other.card.token)
    found = find_participant_sign_in(world.database, device.session_token, now=NOW)
    assert found is not None
    assert found.participant_id == other.participant_id
