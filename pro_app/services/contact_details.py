"""Understanding an e-mail address and a telephone number as people type them in France and overseas."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from pro_app.contacts.vault import Contact
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

REGION_OF_ZONE = {
    "Europe/Paris": "FR",
    "Indian/Reunion": "RE",
    "Indian/Mayotte": "YT",
    "America/Guadeloupe": "GP",
    "America/Martinique": "MQ",
    "America/Cayenne": "GF",
    "America/Miquelon": "PM",
    "Pacific/Noumea": "NC",
    "Pacific/Tahiti": "PF",
    "Pacific/Wallis": "WF",
}
"""The numbering plan that a number without its country's prefix is first read under."""

_UNREADABLE = re.compile(r"[+\uff0b].*[+\uff0b]|\d.*[^\W\d_]", re.DOTALL)
"""A second plus, or a letter after a digit: the library passes over the one, and dials the other."""
HIDDEN = "•••"
HIDDEN_PAIRS = "•• •• •• •• "


def parse_contact(*, email: str | None, telephone: str | None, zone: str) -> Contact:
    """Give both contacts in their normal form (lower-case domain, E.164) or raise with what is wrong."""
    problems: list[Problem] = []
    known = Contact(
        email=_parse_email(email or "", problems), telephone=_parse_telephone(telephone or "", zone, problems)
    )
    if problems:
        raise InputRejected(tuple(problems))
    return known


def _parse_email(typed: str, problems: list[Problem]) -> str | None:
    if not typed.strip():
        return None
    try:
        # Whether the domain answers is for the test message to show: the clinic may be offline.
        known = validate_email(typed.strip(), check_deliverability=False)
    except EmailNotValidError:
        problems.append(
            Problem(
                mark("This is not an e-mail address. It should look like name@example.fr."), place="email"
            )
        )
        return None
    if not known.local_part.isascii():
        message = mark(
            "The part before the @ of this e-mail address has an accent or another letter that mail servers "
            "do not take. Ask for another address."
        )
        problems.append(Problem(message, place="email"))
        return None
    return known.normalized


def _parse_telephone(typed: str, zone: str, problems: list[Problem]) -> str | None:
    if not typed.strip():
        return None
    number = None if _UNREADABLE.search(typed) else _find_number(typed, zone)
    if number is None:
        message = mark(
            "This is not a telephone number. Type 10 digits, or the country's prefix first (+33 …)."
        )
        problems.append(Problem(message, place="telephone"))
    return number


def _find_number(typed: str, zone: str) -> str | None:
    """Find the number (E.164) that was typed, under the plan of the person's own zone first."""
    own = REGION_OF_ZONE.get(zone, "FR")
    for region in dict.fromkeys((own, "FR", *REGION_OF_ZONE.values())):
        try:
            number = phonenumbers.parse(typed, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and not number.extension:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def written_telephone(number: str) -> str:
    """Write a stored telephone number as people in France read it: `06 12 34 56 78`."""
    try:
        parsed = phonenumbers.parse(number, "FR")
    except phonenumbers.NumberParseException:
        return number
    french = parsed.country_code == phonenumbers.country_code_for_region("FR")
    wanted = (
        phonenumbers.PhoneNumberFormat.NATIONAL if french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, wanted)


def is_mobile_number(number: str) -> bool:
    """Tell whether a stored telephone number (E.164) can be a mobile one, to which a text message can go."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }


def masked_email(address: str) -> str:
    """Give an e-mail address so that its owner knows it and nobody else can use it: `a•••@g•••.com`."""
    local, _, domain = address.rpartition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{name[:1]}{HIDDEN}.{ending}"


def masked_telephone(number: str) -> str:
    """Give a telephone number so that its owner knows it by its last two digits: `•• •• •• •• 78`."""
    return f"{HIDDEN_PAIRS}{number[-2:]}"
