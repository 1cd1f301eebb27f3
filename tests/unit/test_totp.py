from datetime import UTC, datetime

import pyotp
import pytest

from pro_app.services.second_factors.sealing import find_sealed_secret, seal_secret
from pro_app.services.second_factors.totp import (
    find_present_step,
    find_step,
    grouped_secret,
    make_address,
    make_code,
    make_secret,
)

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The twenty bytes of RFC 6238, appendix B, in base 32."""
NOW = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)
KEY = "a secret of the tests, long enough to be one"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """The RFC lists eight digits; six are the last ones of them."""
    now = datetime.fromtimestamp(seconds, UTC)

    assert make_code(RFC_SECRET, find_present_step(now)) == code
    assert find_step(RFC_SECRET, code, now=now) == seconds // 30


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_one_step_ahead_or_behind(steps: int, *, fits: bool) -> None:
    step = find_present_step(NOW) + steps

    found = find_step(RFC_SECRET, make_code(RFC_SECRET, step), now=NOW)

    assert found == (step if fits else None)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "12345.", "000000\n0"]
)
def test_what_is_no_code_fits_nothing(typed: str) -> None:
    assert find_step(RFC_SECRET, typed, now=NOW) is None


def test_a_code_may_be_typed_as_the_apps_show_it() -> None:
    code = make_code(RFC_SECRET, find_present_step(NOW))

    assert find_step(RFC_SECRET, f" {code[:3]} {code[3:]}", now=NOW) == find_present_step(NOW)


def test_secrets_have_160_bits_and_are_never_the_same() -> None:
    made = {make_secret() for _ in range(50)}

    assert len(made) == 50
    assert {len(pyotp.TOTP(secret).byte_secret()) for secret in made} == {20}
    assert grouped_secret("ABCDEFGHIJ") == "ABCD EFGH IJ"


def test_the_address_in_the_qr_code_is_read_back_with_the_same_codes() -> None:
    secret = make_secret()

    read = pyotp.parse_uri(make_address(secret, username="marie.martin", issuer="suivi.example.org"))

    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer) == ("marie.martin", "suivi.example.org")
    assert read.at(NOW) == make_code(secret, find_present_step(NOW))


def test_a_sealed_secret_opens_for_its_account_and_its_installation_only() -> None:
    sealed = seal_secret(RFC_SECRET, account_id=7, secret_key=KEY)

    assert RFC_SECRET.encode() not in sealed
    assert find_sealed_secret(sealed, account_id=7, secret_key=KEY) == RFC_SECRET
    assert find_sealed_secret(sealed, account_id=8, secret_key=KEY) is None
    assert find_sealed_secret(sealed, account_id=7, secret_key=f"{KEY}!") is None
    assert find_sealed_secret(b"", account_id=7, secret_key=KEY) is None
    assert find_sealed_secret(sealed[:-4] + b"AAAA", account_id=7, secret_key=KEY) is None


def test_a_secret_that_is_being_set_up_is_good_in_its_session_only() -> None:
    draft = seal_secret(RFC_SECRET, account_id=7, secret_key=KEY, session_id=3)

    assert find_sealed_secret(draft, account_id=7, secret_key=KEY, session_id=3) == RFC_SECRET
    for session_id in (4, None):
        assert find_sealed_secret(draft, account_id=7, secret_key=KEY, session_id=session_id) is None
