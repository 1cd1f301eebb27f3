import re
import unicodedata
from datetime import date
from itertools import product

import pytest

from pro_app.language import LANGUAGES
from pro_app.reminders.messages import TEMPLATES, MessagePlaces, RenderedMessage, render_message

EVERY = list(product(TEMPLATES, LANGUAGES))
BANNED = (
    "cancer tumeur tumour tumor oncolog carcin chimio chemo radio lutet lutath neuroend métasta "
    "metasta maladie malade disease illness santé health médic medic médec doctor hôpital hospital "
    "clinique clinic patient essai trial étude study recherche research traitement treatment "
    "perfusion infusion symptôm symptom douleur pain fatigue score qualité quality eortc qlq reluth "
    "décès death décéd vital"
)


def render(code: str, language: str, **changes: object) -> RenderedMessage:
    told: dict[str, object] = {
        "sender_label": "Suivi 34",
        "site_telephone": "04 00 00 00 00",
        "address": "https://suivi.example",
        "closes_on": date(2027, 3, 14),
        "today": date(2027, 3, 11),
        **changes,
    }
    return render_message(code, MessagePlaces(**told), language=language)  # type: ignore[arg-type]  # as above


def plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_no_message_in_any_language_says_what_it_is_about(code: str, language: str) -> None:
    message = render(code, language)
    written = plain(f"{message.subject}\n{message.text}\n{message.short_text}")
    assert [word for word in BANNED.split() if plain(word) in written] == []


def test_the_list_of_banned_words_would_notice_them() -> None:
    assert all(plain(word) in plain("Votre essai clinique") for word in ("essai", "clinique"))


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_every_message_ends_with_whom_to_call_if_the_person_can_no_longer_answer(
    code: str, language: str
) -> None:
    last_line = render(code, language).text.rstrip("\n").splitlines()[-1]
    assert last_line.endswith("04 00 00 00 00.")
    assert len(last_line) > 40


@pytest.mark.parametrize(
    ("code", "language"), [(code, language) for code, language in EVERY if TEMPLATES[code].asks]
)
def test_the_only_link_is_the_bare_address_and_the_message_works_without_it(code: str, language: str) -> None:
    text = render(code, language).text
    assert re.findall(r"https?://\S+", text) == ["https://suivi.example"]
    expected = {"fr": "tapez l’adresse de votre carte", "en": "type the address on your card"}
    assert expected[language] in text


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_no_message_presses_or_blames(code: str, language: str) -> None:
    message = render(code, language)
    written = message.subject + message.text + message.short_text
    assert "!" not in written
    assert not re.search(r"retard|oubli|\blate\b|forgot|urgent", written, re.IGNORECASE)


@pytest.mark.parametrize("code", TEMPLATES)
def test_every_text_differs_between_the_languages(code: str) -> None:
    french, english = render(code, "fr"), render(code, "en")
    assert french.subject != english.subject
    assert french.short_text != english.short_text
    assert not set(french.text.split("\n\n")) & set(english.text.split("\n\n")) - {"Suivi 34"}


def test_the_date_is_written_in_full_with_the_days_left_beside_it() -> None:
    assert (
        "Vous pouvez répondre jusqu’au dimanche 14 mars 2027. Il reste 3 jours."
        in render("invitation", "fr").text
    )
    assert "You can answer until Sunday, March 14, 2027. 3 days are left." in render("invitation", "en").text


def test_one_day_left_is_said_in_the_singular() -> None:
    assert "Il reste 1 jour." in render("last_call", "fr", today=date(2027, 3, 13)).text


def test_the_last_day_is_called_today() -> None:
    text = render("last_call", "fr", today=date(2027, 3, 14)).text
    assert "Vous pouvez répondre jusqu’à aujourd’hui, dimanche 14 mars 2027." in text


def test_no_date_is_promised_where_the_window_has_no_end_yet() -> None:
    assert "2027" not in render("reminder", "fr", closes_on=None).text


def test_an_unknown_language_falls_back_to_french() -> None:
    assert render("invitation", "de").subject == render("invitation", "fr").subject


@pytest.mark.parametrize("code", TEMPLATES)
def test_french_spacing_is_kept_before_double_punctuation(code: str) -> None:
    text = render(code, "fr", address="-").text
    assert not re.search(r"[^\u00a0\u202f\d][:;?]", text)
    assert "'" not in text


SMS_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""GSM 03.38, without the signs that take two places."""


@pytest.mark.parametrize(("code", "language"), EVERY)
@pytest.mark.parametrize("month", [2, 8, 12])
def test_a_short_text_is_one_sms_that_starts_with_the_sender(code: str, language: str, month: int) -> None:
    text = render(
        code,
        language,
        sender_label="Suivi « Ouest » 34",
        address="https://suivi.centre-exemple.fr",
        closes_on=date(2027, month, 14),
    ).short_text
    assert len(text) <= 160
    assert sorted(set(text) - SMS_ALPHABET) == []
    assert text.startswith('Suivi " Ouest " 34')


@pytest.mark.parametrize(("code", "language"), EVERY)
def test_a_short_text_holds_the_bare_address_and_nothing_that_opens_anything(
    code: str, language: str
) -> None:
    text = render(code, language).short_text
    expected = ["https://suivi.example"] if TEMPLATES[code].asks else []
    assert re.findall(r"https?://\S+", text) == expected
    assert expected == [] or text.endswith(expected[0])


def test_the_last_day_stands_in_a_short_text_as_nobody_can_misread_it() -> None:
    assert "16/03/2027" in render("invitation", "fr", closes_on=date(2027, 3, 16)).short_text
    assert "16 Mar 2027" in render("invitation", "en", closes_on=date(2027, 3, 16)).short_text
    assert "until" not in render("invitation", "en", closes_on=None).short_text
