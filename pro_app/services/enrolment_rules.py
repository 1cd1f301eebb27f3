"""What an enrolment or a change of contact must fulfil; every problem is told at once, by field."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from pro_app.clock import civil_date
from pro_app.contacts.vault import NO_CONTACT, Contact
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.protocol import Protocol
from pro_app.services.contact_details import parse_contact
from pro_app.services.known_channels import ADDRESSED, list_orders

CODE_SHAPE = re.compile(r"[0-9A-Z](?:[0-9A-Z ./_-]{0,38}[0-9A-Z])?")
EARLIEST_HOUR, LATEST_HOUR = 8, 19
LONGEST_NOTICE_VERSION = 40


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is said at consent. No name, no birth date, no arm; both contacts may be absent.

    `channels` are the ways of sending in order, none for those of the protocol.
    """

    site_id: int
    participant_code: str
    consented_on: date
    notice_version: str
    email: str | None
    telephone: str | None
    language: str
    zone: str
    reminder_hour: int
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactChange:
    """How and when the person is to be reached from now on.

    `channels` are the ways of sending in order: None as before, an empty order that of the protocol.
    """

    email: str | None
    telephone: str | None
    language: str
    zone: str
    reminder_hour: int
    channels: tuple[str, ...] | None = None


def normalise_participant_code(typed: str) -> str:
    """Give an inclusion number in capitals, with single blanks and none around it."""
    return " ".join(typed.upper().split())


def parse_enrolment(enrolment: Enrolment, *, protocol: Protocol, now: datetime) -> tuple[Enrolment, Contact]:
    """Give the enrolment and its contact in their normal form, or raise InputRejected with every problem."""
    enrolment = replace(
        enrolment,
        participant_code=normalise_participant_code(enrolment.participant_code),
        notice_version=enrolment.notice_version.strip(),
    )
    zone = enrolment.zone if enrolment.zone in protocol.zones else protocol.default_zone
    problems = [
        *check_code(enrolment.participant_code),
        *check_consent(enrolment.consented_on, began_on=protocol.trial.began_on, today=civil_date(now, zone)),
        *check_notice(enrolment.notice_version),
        *_check_preferences(enrolment, protocol=protocol),
    ]
    return enrolment, _parse_contact(enrolment, problems)


def parse_contact_change(change: ContactChange, *, protocol: Protocol) -> Contact:
    """Give the new contact in its normal form, or raise InputRejected with every problem."""
    return _parse_contact(change, _check_preferences(change, protocol=protocol))


def _parse_contact(wanted: Enrolment | ContactChange, problems: list[Problem]) -> Contact:
    """Give the contact; raise what is wrong with it together with the problems found before."""
    contact = NO_CONTACT
    try:
        contact = parse_contact(email=wanted.email, telephone=wanted.telephone, zone=wanted.zone)
    except InputRejected as rejected:
        problems.extend(rejected.problems)
    if problems:
        raise InputRejected(tuple(problems))
    return contact


def check_code(code: str) -> list[Problem]:
    """List what is wrong with an inclusion number in its normal form."""
    if not code:
        return [Problem(mark("Type the inclusion number of the trial."), place="participant_code")]
    if not CODE_SHAPE.fullmatch(code):
        message = mark(
            "An inclusion number has up to 40 letters without accents, digits, and - . / _ between."
        )
        return [Problem(message, place="participant_code")]
    return []


def check_consent(consented_on: date, *, began_on: date, today: date) -> list[Problem]:
    """List what is wrong with a day of consent, between the first day of the trial and today."""
    if consented_on < began_on:
        message = mark("This date is before the trial began (%(date)s).")
        return [Problem(message, {"date": began_on.isoformat()}, place="consented_on")]
    if consented_on > today:
        return [Problem(mark("This date is in the future."), place="consented_on")]
    return []


def check_notice(version: str) -> list[Problem]:
    """List what is wrong with the version of an information notice."""
    if not version:
        return [Problem(mark("Type the version of the information notice."), place="notice_version")]
    if len(version) > LONGEST_NOTICE_VERSION:
        return [Problem(mark("This is longer than 40 characters."), place="notice_version")]
    return []


def _check_preferences(wanted: Enrolment | ContactChange, *, protocol: Protocol) -> list[Problem]:
    problems = []
    if wanted.language not in LANGUAGES:
        problems.append(Problem(mark("Choose one of the languages."), place="language"))
    if wanted.zone not in protocol.zones:
        problems.append(Problem(mark("Choose one of the time zones."), place="zone"))
    if not EARLIEST_HOUR <= wanted.reminder_hour <= LATEST_HOUR:
        problems.append(Problem(mark("Choose an hour from 8 to 19."), place="reminder_hour"))
    if wanted.channels and wanted.channels not in list_orders(ADDRESSED):
        problems.append(Problem(mark("Choose one of the ways on offer."), place="channels"))
    return problems
