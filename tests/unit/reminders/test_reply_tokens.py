import re

from hypothesis import given
from hypothesis import strategies as st

from pro_app.reminders.reply_tokens import NamedMessage, make_reply_token, read_reply_token

SECRET = "a secret of the tests, long enough to be one"


@given(number=st.integers(1, 2**63 - 1), generation=st.one_of(st.just(0), st.integers(0, 10**6)))
def test_a_token_leads_back_to_its_message_and_generation_and_fits_into_an_address(
    number: int, generation: int
) -> None:
    token = make_reply_token(SECRET, number, generation=generation)
    assert re.fullmatch("[a-z0-9]{22,38}", token)
    named = NamedMessage(number, generation)
    assert read_reply_token(SECRET, token) == read_reply_token(SECRET, token.upper()) == named


def test_each_generation_of_a_message_has_a_token_of_its_own() -> None:
    assert len({make_reply_token(SECRET, 4711, generation=generation) for generation in range(100)}) == 100


@given(number=st.integers(1, 10**6), place=st.integers(0, 20), sign=st.sampled_from("0123456789abcdefgz"))
def test_a_token_changed_anywhere_leads_nowhere(number: int, place: int, sign: str) -> None:
    token = make_reply_token(SECRET, number)
    changed = token[:place] + sign + token[place + 1 :]
    assert changed == token or read_reply_token(SECRET, changed) is None


def test_a_token_of_another_installation_leads_nowhere() -> None:
    assert read_reply_token("another secret", make_reply_token(SECRET, 1)) is None


@given(text=st.text(max_size=40))
def test_whatever_else_stands_there_leads_nowhere(text: str) -> None:
    assert read_reply_token(SECRET, text) is None
