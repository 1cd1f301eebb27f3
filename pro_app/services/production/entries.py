"""The documents that a study in production stands on: recorded one by one, and kept for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.storage.tables.production import ProductionEntry

ECOA_LICENCE = "ecoa-licence"
HOSTING_CERTIFICATE = "hosting-certificate"
ENTRY_WORDS: Mapping[str, str] = {
    ECOA_LICENCE: mark("EORTC’s licence for the electronic version"),
    "screen-approval": mark("EORTC’s approval of the screens"),
    "ethics-committee": mark("decision of the ethics committee (CPP)"),
    "authority": mark("decision of the authority (ANSM)"),
    "information-notice": mark("version of the information notice"),
    HOSTING_CERTIFICATE: mark("certificate of the hosting (HDS)"),
    "impact-assessment": mark("impact assessment (DPIA)"),
}
"""Every kind of entry, all of them needed, in the order in which they are shown."""
WITH_LAST_DAY = frozenset({HOSTING_CERTIFICATE})
"""What holds until a day, which has to be said."""
LONGEST_REFERENCE = 300


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is said of one document: its reference, the day it dates from, the last day it holds."""

    kind: str
    reference: str
    dated_on: date
    valid_until: date | None = None
    allows_listening: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as it was recorded."""

    said: NewEntry
    recorded_at: datetime
    recorded_by: str


def list_entries(session: Session, study_id: int) -> dict[str, Entry]:
    """Give the entries that hold now, by kind, in the order of `ENTRY_WORDS`."""
    rows = session.scalars(
        select(ProductionEntry).where(
            ProductionEntry.study_id == study_id, ProductionEntry.replaced_at.is_(None)
        )
    )
    found = {row.kind: _read(row) for row in rows}
    return {kind: found[kind] for kind in ENTRY_WORDS if kind in found}


def may_be_listened_to(session: Session, study_id: int) -> bool:
    """Tell whether the licence entry of a study allows its questions to be read aloud."""
    entry = list_entries(session, study_id).get(ECOA_LICENCE)
    return entry is not None and entry.said.allows_listening


def record_entry(session: Session, said: NewEntry, *, study_id: int, actor: Actor, now: datetime) -> Entry:
    """Record a document; an earlier one of its kind is replaced and kept. The same again changes nothing.

    `today` for what cannot lie in the future is the UTC date of `now`. Raises InputRejected.
    """
    problems = check_entry(said, today=now.date())
    if problems:
        raise InputRejected(tuple(problems))
    current = session.scalar(
        select(ProductionEntry)
        .filter_by(study_id=study_id, kind=said.kind)
        .where(ProductionEntry.replaced_at.is_(None))
        .with_for_update()
    )
    if current is not None:
        if _read(current).said == said:
            return _read(current)
        current.replaced_at = now
        session.flush()
    row = ProductionEntry(
        study_id=study_id,
        kind=said.kind,
        reference=said.reference,
        dated_on=said.dated_on,
        valid_until=said.valid_until,
        allows_listening=said.allows_listening,
        recorded_at=now,
        recorded_by=f"{actor.reference} ({actor.role})",
    )
    session.add(row)
    session.flush()
    before = {} if current is None else _words(_read(current).said)
    items = [
        {"field": name, "before": before.get(name), "after": value} for name, value in _words(said).items()
    ]
    change = Change("study.production_entry", f"study:{study_id}", items)
    record_change(session, change, actor=actor, site_id=None, now=now)
    return _read(row)


def check_entry(said: NewEntry, *, today: date) -> list[Problem]:
    """List what is wrong with what is said of a document."""
    problems = []
    if said.kind not in ENTRY_WORDS:
        message = mark("There is no entry “%(kind)s”. Known: %(known)s.")
        known = ", ".join(ENTRY_WORDS)
        problems.append(Problem(message, {"kind": said.kind[:40], "known": known}, place="kind"))
    reference = said.reference
    if not reference.strip() or len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        message = mark("Give its reference, in one line of at most 300 characters.")
        problems.append(Problem(message, place="reference"))
    if said.dated_on > today:
        problems.append(Problem(mark("Its date lies in the future."), place="on"))
    if said.kind in WITH_LAST_DAY and said.valid_until is None:
        problems.append(Problem(mark("Say the last day on which it holds."), place="until"))
    if said.valid_until is not None and said.valid_until < max(said.dated_on, today):
        problems.append(Problem(mark("It is no longer valid."), place="until"))
    if said.allows_listening and said.kind != ECOA_LICENCE:
        message = mark("Only the licence for the electronic version can allow listening.")
        problems.append(Problem(message, place="allows-listening"))
    return problems


def _read(row: ProductionEntry) -> Entry:
    said = NewEntry(row.kind, row.reference, row.dated_on, row.valid_until, row.allows_listening)
    return Entry(said, row.recorded_at, row.recorded_by)


def _words(said: NewEntry) -> dict[str, str]:
    words = {
        "kind": said.kind,
        "reference": said.reference,
        "dated_on": said.dated_on.isoformat(),
        "allows_listening": str(int(said.allows_listening)),
    }
    if said.valid_until is not None:
        words["valid_until"] = said.valid_until.isoformat()
    return words
