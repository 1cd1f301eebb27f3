import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.reminders.channels.sms.text import BASIC, EXTENDED, count_parts, fit_text


def test_the_alphabet_has_as_many_characters_as_its_standard() -> None:
    assert len(BASIC) == 127  # 128 places, of which one is the escape to the second table
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("\U0001f600" * 35, 1),
        ("\U0001f600" * 36, 2),
    ],
)
def test_parts_are_counted_as_the_network_counts_them(text: str, parts: int) -> None:
    assert count_parts(text) == parts


def test_typography_never_costs_a_part() -> None:
    assert fit_text("L’accès : « oui »… œil – fin") == 'L\'accès : "oui"... oeil - fin'


def test_a_short_text_keeps_its_accents() -> None:
    assert fit_text("Prêt, reçu, où, été") == "Prêt, reçu, où, été"


def test_a_longer_text_gives_up_only_the_accents_that_the_alphabet_lacks() -> None:
    text = "Votre questionnaire est prêt. Reçu à l’été, où et dès que possible, s'il vous plaît, merci."

    fitted = fit_text(text)

    assert (
        fitted
        == "Votre questionnaire est pret. Recu à l'été, où et dès que possible, s'il vous plait, merci."
    )
    assert (count_parts(text), count_parts(fitted)) == (2, 1)


def test_what_the_alphabet_cannot_write_at_all_stays_readable() -> None:
    assert fit_text("Привет, " * 12) == ("Привет, " * 12).strip()


@given(st.text(max_size=400))
def test_fitting_twice_changes_nothing_and_no_typography_is_left(text: str) -> None:
    fitted = fit_text(text)

    assert fit_text(fitted) == fitted
    assert not set(fitted) & set("\u00a0\u202f’‘“”«»–—…œŒ")
