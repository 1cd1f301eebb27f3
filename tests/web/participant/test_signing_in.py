import re
from datetime import timedelta

import pytest
from conftest import NOW, SettableClock
from flask import Flask
from flask.testing import FlaskClient
from participant_world import PIN, World, activate, form_fields, post

from pro_app.services.sessions import token_digest
from pro_app.services.throttle import FREE_TRIES_OF_A_SOURCE
from pro_app.storage.tables.credentials import Device, ParticipantCredential, SignInCard


def test_a_typed_card_and_a_pin_lead_home_without_javascript(client: FlaskClient, world: World) -> None:
    welcome = client.get("/p/activate")
    choose = post(client, welcome, {"code": world.card.short_code.lower()})
    assert choose.status_code == 200
    arrived = post(client, choose, {"pin": PIN, "again": PIN})
    assert arrived.headers["Location"] == "/p/home"
    assert client.get("/p/home").status_code == 200


def test_the_token_of_the_square_works_like_the_typed_code(client: FlaskClient, world: World) -> None:
    choose = post(client, client.get("/p/activate"), {"token": world.card.token})
    assert post(client, choose, {"pin": PIN, "again": PIN}).status_code == 302


def test_looking_at_a_card_and_tapping_start_uses_nothing_up(client: FlaskClient, world: World) -> None:
    for _ in range(3):
        client.get("/p/activate")
        assert post(client, client.get("/p/activate"), {"token": world.card.token}).status_code == 200
    with world.database.reading() as session:
        assert session.query(SignInCard.used_at).one() == (None,)


@pytest.mark.parametrize("pin", ["000000", "123456", "654321", "121212", "123123", "12345", "12345a", ""])
def test_a_pin_that_is_easy_to_guess_or_none_is_refused_and_the_card_stays_good(
    client: FlaskClient, world: World, pin: str
) -> None:
    choose = post(client, client.get("/p/activate"), {"code": world.card.short_code})
    refused = post(client, choose, {"pin": pin, "again": pin})
    assert refused.status_code == 400
    assert post(client, refused, {"pin": PIN, "again": PIN}).headers["Location"] == "/p/home"


def test_two_different_pins_are_refused(client: FlaskClient, world: World) -> None:
    choose = post(client, client.get("/p/activate"), {"code": world.card.short_code})
    assert post(client, choose, {"pin": PIN, "again": "482916"}).status_code == 400


def test_used_replaced_old_and_forged_cards_get_the_same_words(
    app: Flask, world: World, clock: SettableClock
) -> None:
    used = world.card
    activate(app.test_client(), used)
    replaced = world.print_card()
    old = world.print_card()
    pages = []
    for code, later in ((used.short_code, 0), (replaced.token, 0), (old.short_code, 8), ("0000000000", 0)):
        clock.now = NOW + timedelta(days=later)
        browser = app.test_client()
        page = post(browser, browser.get("/p/activate"), {"code": code})
        assert page.status_code == 403
        pages.append(_without_tokens(page.get_data(as_text=True)))
    assert len(set(pages)) == 1


def test_a_card_that_someone_used_between_the_two_taps_is_refused(app: Flask, world: World) -> None:
    slow, quick = app.test_client(), app.test_client()
    choose = post(slow, slow.get("/p/activate"), {"code": world.card.short_code})
    activate(quick, world.card)
    assert post(slow, choose, {"pin": "592814", "again": "592814"}).status_code == 403
    assert slow.get("/p/home").headers["Location"] == "/"


def test_the_remembered_phone_needs_the_pin_only(signed_in: FlaskClient) -> None:
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    assert signed_in.get("/p/home").headers["Location"] == "/"
    assert signed_in.get("/").headers["Location"] == "/p/pin"
    pin_page = signed_in.get("/p/pin")
    assert "04 67 61 31 00" in pin_page.get_data(as_text=True)
    assert post(signed_in, pin_page, {"pin": PIN}).headers["Location"] == "/p/home"
    assert signed_in.get("/").headers["Location"] == "/p/home"


def test_the_device_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: FlaskClient, world: World
) -> None:
    cookies = activate(client, world.card).headers.getlist("Set-Cookie")
    device = next(cookie for cookie in cookies if cookie.startswith("device="))
    assert "HttpOnly" in device
    assert "SameSite=Lax" in device
    assert "Max-Age=34560000" in device


def test_the_session_in_the_cookie_is_a_new_one_after_signing_in(client: FlaskClient, world: World) -> None:
    client.get("/p/activate")
    before = client.get_cookie("participant")
    activate(client, world.card)
    after = client.get_cookie("participant")
    assert before is not None
    assert after is not None
    assert before.value != after.value


def test_the_code_of_the_card_and_the_pin_are_enough_on_another_device(
    app: Flask, signed_in: FlaskClient, world: World
) -> None:
    other = app.test_client()
    arrived = post(
        other, other.get("/"), {"sign_in_code": world.card.sign_in_code, "pin": PIN}, to="/p/sign-in"
    )
    assert arrived.headers["Location"] == "/p/home"
    assert other.get_cookie("device") is None
    assert signed_in.get("/p/home").status_code == 200


def test_another_device_is_remembered_when_its_owner_says_so(app: Flask, world: World) -> None:
    activate(app.test_client(), world.card)
    other = app.test_client()
    typed = {"sign_in_code": world.card.sign_in_code, "pin": PIN, "remember": "y"}
    post(other, other.get("/p/sign-in"), typed)
    assert other.get_cookie("device") is not None
    with world.database.reading() as session:
        assert session.query(Device).count() == 2


def test_a_revoked_phone_no_longer_gets_in_with_the_pin(signed_in: FlaskClient, world: World) -> None:
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    pin_page = signed_in.get("/p/pin")
    cookie = signed_in.get_cookie("device")
    assert cookie is not None
    with world.database.writing() as session:
        device = session.query(Device).filter_by(secret_sha256=token_digest(cookie.value)).one()
        device.revoked_at = NOW
    assert post(signed_in, pin_page, {"pin": PIN}).status_code == 403
    assert signed_in.get("/p/pin").headers["Location"] == "/p/sign-in"


def test_unknown_code_and_wrong_pin_get_the_same_page(app: Flask, world: World) -> None:
    activate(app.test_client(), world.card)
    pages = []
    for code, pin in ((world.card.sign_in_code, "999111"), ("7777777777", PIN)):
        browser = app.test_client()
        page = post(browser, browser.get("/p/sign-in"), {"sign_in_code": code, "pin": pin})
        assert page.status_code == 403
        pages.append(_without_tokens(page.get_data(as_text=True)).replace(code, "CODE"))
    assert pages[0] == pages[1]


def test_the_sixth_wrong_pin_has_to_wait_and_nothing_is_locked_for_good(
    signed_in: FlaskClient, clock: SettableClock
) -> None:
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    page = signed_in.get("/p/pin")
    codes = [post(signed_in, page, {"pin": "111999"}).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]
    refused = post(signed_in, page, {"pin": PIN})
    assert refused.status_code == 429
    assert "Vous pourrez essayer de nouveau dans 60 secondes." in refused.get_data(as_text=True)
    clock.now = NOW + timedelta(minutes=1)
    assert post(signed_in, page, {"pin": "111999"}).status_code == 403
    refused = post(signed_in, page, {"pin": PIN})
    assert "Vous pourrez essayer de nouveau dans 2 minutes." in refused.get_data(as_text=True)
    clock.now = NOW + timedelta(minutes=16)
    assert post(signed_in, page, {"pin": PIN}).headers["Location"] == "/p/home"


def test_guessing_from_one_address_is_slowed_down_whatever_the_code(app: Flask) -> None:
    codes = []
    for number in range(FREE_TRIES_OF_A_SOURCE + 1):
        browser = app.test_client()
        typed = {"sign_in_code": f"77777777{number:02}", "pin": PIN}
        codes.append(post(browser, browser.get("/p/sign-in"), typed).status_code)
    assert codes == [403] * FREE_TRIES_OF_A_SOURCE + [429]


def test_a_form_without_its_csrf_token_changes_nothing(client: FlaskClient, world: World) -> None:
    choose = post(client, client.get("/p/activate"), {"code": world.card.short_code})
    fields = form_fields(choose) | {"pin": PIN, "again": PIN}
    del fields["csrf_token"]
    assert client.post("/p/activate", data=fields).status_code == 400
    with world.database.reading() as session:
        assert session.query(ParticipantCredential.pin_hash).one() == (None,)


def test_the_pin_is_kept_as_argon2id_only(client: FlaskClient, world: World) -> None:
    activate(client, world.card)
    with world.database.reading() as session:
        (pin_hash,) = session.query(ParticipantCredential.pin_hash).one()
    assert pin_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_cookie_that_somebody_copied_is_worthless_after_signing_out(
    app: Flask, signed_in: FlaskClient
) -> None:
    cookie = signed_in.get_cookie("participant")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("participant", cookie.value)
    assert thief.get("/p/home").status_code == 200
    post(signed_in, signed_in.get("/p/home"), {}, to="/p/sign-out")
    assert thief.get("/p/home").headers["Location"] == "/"


@pytest.mark.parametrize("address", ["/p/activate", "/p/sign-in", "/p/forgotten-pin"])
def test_codes_may_be_pasted_and_filled_in_by_the_browser(client: FlaskClient, address: str) -> None:
    page = client.get(address).get_data(as_text=True)
    typed = [tag for tag in re.findall(r"<input[^>]*>", page) if 'type="text"' in tag or "password" in tag]
    assert typed
    assert all(re.search(r'autocomplete="(one-time-code|username|current-password)"', tag) for tag in typed)
    assert "onpaste" not in page
    assert "captcha" not in page.lower()


def test_a_session_ends_after_two_idle_hours(signed_in: FlaskClient, clock: SettableClock) -> None:
    clock.now = NOW + timedelta(hours=1, minutes=59)
    assert signed_in.get("/p/home").status_code == 200
    clock.now += timedelta(hours=2, minutes=1)
    assert signed_in.get("/p/home").headers["Location"] == "/"


def _without_tokens(html: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*>', "", html)
