"""The clinics of a study: adding one, correcting what is known about it, listing them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime

import phonenumbers
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.reminders.outbox import look_again_at_site
from pro_app.services.protocol_versions import find_opening_version
from pro_app.services.studies import load_current_protocol
from pro_app.storage.queries.participants import find_site, list_sites
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

_SITE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")
_LONGEST = {"name": 200, "city": 100, "sender_label": 100, "telephone": 40}
_TELLING = re.compile(r"cancer|onco|tumo|tumeu|carcino|chimio|lutath|essai|trial|study|etude")
"""What a sender's name must not say: it is read on a locked phone, by anyone. Without accents."""


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What is known about a clinic; `site_id` is None for a new one. Telephones are French by default."""

    study_id: int
    site_code: str
    name: str
    city: str
    zone: str
    telephone: str
    sender_label: str
    goes_live_on: date | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class SiteCount:
    """A clinic with the number of participants enrolled there."""

    site: Site
    participants: int


def save_site(session: Session, site: SiteDetails, *, actor: Actor, now: datetime) -> Site:
    """Add a clinic, or make `site` what is known about it.

    Raises InputRejected with every problem, NotFound for a clinic or a study out of the actor's reach.
    """
    record = _load_record(session, site, actor=actor, now=now)
    problems = list(_check_site(session, site))
    if problems:
        raise InputRejected(tuple(problems))
    wanted = _columns(site)
    items = [
        {"field": name, "before": _written(getattr(record, name)), "after": _written(value)}
        for name, value in wanted.items()
        if getattr(record, name) != value
    ]
    for name, value in wanted.items():
        setattr(record, name, value)
    opening = find_opening_version(session, site.study_id) if site.site_id is None else None
    if opening is not None:
        record.protocol_sha256 = opening.sha256
        items.append({"field": "protocol_version", "before": None, "after": opening.version})
    session.add(record)
    session.flush()
    if site.site_id is not None and any(item["field"] == "goes_live_on" for item in items):
        look_again_at_site(session, record.id)
    if items:
        change = Change("site.create" if site.site_id is None else "site.update", f"site:{record.id}", items)
        record_change(session, change, actor=actor, site_id=record.id, now=now)
    return record


def load_site(session: Session, site_id: int, *, actor: Actor) -> Site:
    """Give a clinic within the actor's reach; raises NotFound."""
    record = find_site(session, site_id)
    if record is None or not actor.may_reach_site(record.study_id, record.id):
        raise NotFound("site")
    return record


def count_by_site(session: Session, *, study_id: int) -> list[SiteCount]:
    """List the clinics of a study by code, each with its number of participants."""
    rows = session.execute(
        select(Participant.site_id, func.count())
        .where(Participant.study_id == study_id)
        .group_by(Participant.site_id)
    )
    counts = {row[0]: row[1] for row in rows}
    return [SiteCount(site, counts.get(site.id, 0)) for site in list_sites(session, study_id=study_id)]


def _load_record(session: Session, site: SiteDetails, *, actor: Actor, now: datetime) -> Site:
    """Give the row to fill: a new one, or the one that is there."""
    in_study = actor.kind == "system" or actor.study_id == site.study_id
    if not in_study or session.get(Study, site.study_id) is None:
        raise NotFound("study")
    if site.site_id is None:
        return Site(study_id=site.study_id, created_at=now)
    record = load_site(session, site.site_id, actor=actor)
    if record.study_id != site.study_id:
        raise NotFound("site")
    return record


def _columns(site: SiteDetails) -> dict[str, str | date | None]:
    """Give what is stored, blanks at the edges taken off."""
    given = asdict(site)
    del given["study_id"], given["site_id"]
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    return stripped | {
        "site_code": site.site_code.strip().upper(),
        "telephone": _national_form(site.telephone) or "",
    }


def _check_site(session: Session, site: SiteDetails) -> Iterator[Problem]:
    """Give everything that is wrong with the details; `place` names the field."""
    yield from _check_texts(site)
    code = site.site_code.strip().upper()
    if not _SITE_CODE.fullmatch(code):
        yield Problem(
            mark("Use 1 to 20 capital letters, digits or dashes, for example 01 or MTP-1."), place="site_code"
        )
    else:
        taken = session.scalar(select(Site.id).where(Site.study_id == site.study_id, Site.site_code == code))
        if taken not in {None, site.site_id}:
            yield Problem(mark("Another site has this code already."), place="site_code")
    if site.zone not in load_current_protocol(session, site.study_id).zones:
        yield Problem(mark("The study does not know this time zone."), place="zone")
    if site.telephone.strip() and _national_form(site.telephone) is None:
        yield Problem(
            mark("This is no telephone number that one can call, for example 04 67 00 00 00."),
            place="telephone",
        )
    if _TELLING.search(_plain_letters(site.sender_label)):
        yield Problem(
            mark("This name shows on a phone's lock screen: it must not hint at an illness or a study."),
            place="sender_label",
        )


def _plain_letters(text: str) -> str:
    """Give a text in small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))


def _check_texts(site: SiteDetails) -> Iterator[Problem]:
    """Give the texts that are empty, too long or of more than one line."""
    for name, longest in _LONGEST.items():
        text = str(getattr(site, name)).strip()
        if not text:
            yield Problem(mark("Please fill this in."), place=name)
        elif len(text) > longest:
            yield Problem(
                mark("Please use %(longest)s characters at most."), {"longest": longest}, place=name
            )
        elif not text.isprintable():
            yield Problem(mark("Please write this in one line of plain text."), place=name)


def _national_form(telephone: str) -> str | None:
    """Write a telephone number as people in France dial it; None where it cannot be one."""
    try:
        number = phonenumbers.parse(telephone, "FR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    in_france = number.country_code == phonenumbers.country_code_for_region("FR")
    form = (
        phonenumbers.PhoneNumberFormat.NATIONAL if in_france else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, form)


def _written(value: object) -> str | None:
    """Write a value for the audit trail."""
    return None if value is None else str(value)
