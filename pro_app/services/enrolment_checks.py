"""What can be said about an enrolment while it is typed: what will be refused, and what is worth a look.

Nothing is refused here; the same rules refuse the form when it is sent (enrolment.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.services.enrolment_rules import (
    check_code,
    check_consent,
    check_notice,
    normalise_participant_code,
)
from pro_app.services.protocol_versions import load_site_protocol
from pro_app.services.sites import load_site
from pro_app.storage.queries.enrolments import find_last_notice_version, list_last_codes
from pro_app.storage.queries.participants import find_participant_by_code
from pro_app.storage.tables.sites import Site

__all__ = ["Finding", "Typed", "find_usual_notice", "list_findings"]

LOOKED_BACK = 20
"""So many of the site's last inclusion numbers tell how its numbers begin."""
LONG_AGO = timedelta(days=30)
USUAL_START = re.compile(r"(.*[ ./_-])[^ ./_-]+")
USED = mark("This inclusion number is already used in this trial. Check it on the inclusion form.")

Tone = Literal["alert", "attention", "good"]


@dataclass(frozen=True, slots=True)
class Typed:
    """What is typed so far; None where nothing, or no date, is there yet."""

    participant_code: str | None = None
    consented_on: date | None = None
    notice_version: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say at a field: `alert` will be refused, `attention` is worth a look, `good` is well."""

    problem: Problem
    tone: Tone


def list_findings(
    session: Session, typed: Typed, *, site_id: int, actor: Actor, now: datetime
) -> list[Finding]:
    """List what is to be said about an enrolment at a site so far; raises NotFound for another's site."""
    site = load_site(session, site_id, actor=actor)
    findings: list[Finding] = []
    if typed.participant_code and typed.participant_code.strip():
        findings += _list_about_code(session, site, normalise_participant_code(typed.participant_code))
    if typed.consented_on is not None:
        findings += _list_about_consent(session, site, typed.consented_on, now=now)
    if typed.notice_version and typed.notice_version.strip():
        findings += _list_about_notice(session, site, typed.notice_version.strip())
    return findings


def find_usual_notice(session: Session, *, site_id: int, actor: Actor) -> str | None:
    """Find the version of the notice that the site used last; None before its first enrolment."""
    return find_last_notice_version(session, load_site(session, site_id, actor=actor).id)


def _list_about_code(session: Session, site: Site, code: str) -> Iterator[Finding]:
    wrong = check_code(code)
    if wrong:
        yield from _refusals(wrong)
        return
    earlier = find_participant_by_code(session, study_id=site.study_id, participant_code=code)
    if earlier is not None and earlier.site_id == site.id:
        words = mark("Your site enrolled this inclusion number already, with consent on %(date)s.")
        values: dict[str, str | int] = {"date": earlier.consented_on.isoformat()}
        yield Finding(Problem(words, values, "participant_code"), "alert")
    elif earlier is not None:
        yield Finding(Problem(USED, place="participant_code"), "alert")
    elif (start := _find_usual_start(session, site)) and not code.startswith(start):
        words = mark("The numbers of your site begin with %(start)s so far. Is this one right?")
        yield Finding(Problem(words, {"start": start}, "participant_code"), "attention")
    else:
        yield Finding(Problem(mark("This number is free."), place="participant_code"), "good")


def _find_usual_start(session: Session, site: Site) -> str | None:
    """Find with what all of the site's last numbers begin, up to their last sign of separation."""
    found = [USUAL_START.fullmatch(code) for code in list_last_codes(session, site.id, most=LOOKED_BACK)]
    starts = {match[1] if match else None for match in found}
    return starts.pop() if len(starts) == 1 else None


def _list_about_consent(
    session: Session, site: Site, consented_on: date, *, now: datetime
) -> Iterator[Finding]:
    protocol = load_site_protocol(session, site)
    today = civil_date(now, site.zone)
    wrong = check_consent(consented_on, began_on=protocol.trial.began_on, today=today)
    yield from _refusals(wrong)
    if not wrong and today - consented_on > LONG_AGO:
        words = mark("That was %(days)s days ago. Is the date right?")
        yield Finding(Problem(words, {"days": (today - consented_on).days}, "consented_on"), "attention")


def _list_about_notice(session: Session, site: Site, version: str) -> Iterator[Finding]:
    wrong = check_notice(version)
    yield from _refusals(wrong)
    usual = find_last_notice_version(session, site.id)
    if not wrong and usual is not None and usual != version:
        words = mark("At your last enrolment it was version %(version)s.")
        yield Finding(Problem(words, {"version": usual}, "notice_version"), "attention")


def _refusals(problems: list[Problem]) -> Iterator[Finding]:
    for problem in problems:
        yield Finding(problem, "alert")
