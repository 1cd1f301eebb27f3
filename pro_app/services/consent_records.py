"""What becomes of a consent after enrolment: another notice signed, a part withdrawn, a copy given.

Nothing is changed afterwards: a record that was wrong is superseded by the next one. Who withdraws altogether
has left the trial, which is an event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.participants import load_participant
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.consent_records import list_consent_records
from pro_app.storage.tables.consent_records import ConsentRecord
from pro_app.storage.tables.participants import Participant

NOTICE_SIGNED, PARTLY_WITHDRAWN, COPY_GIVEN = "notice_signed", "partly_withdrawn", "copy_given"
KINDS = (NOTICE_SIGNED, PARTLY_WITHDRAWN, COPY_GIVEN)
KEEPERS = frozenset({"nurse", "investigator"})
LONGEST_VERSION, LONGEST_REMARK, LONGEST_REASON = 40, 300, 500
_SAID = ("kind", "occurred_on", "notice_version", "remark")


@dataclass(frozen=True, slots=True)
class ConsentSaid:
    """One thing about a consent: on which civil day, about which version of the notice, in which words.

    A part that is withdrawn is said in `remark`; the other kinds name the version.
    """

    kind: str
    occurred_on: date
    notice_version: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One record as a page shows it; `superseded_by` is the record in its place, None while it holds.

    A line that `retracts` says that the one before it was a mistake.
    """

    record_id: int
    kind: str
    occurred_on: date
    notice_version: str | None
    remark: str | None
    recorded_at: datetime
    recorded_by: str
    supersedes_id: int | None
    retracts: bool
    correction_reason: str | None
    superseded_by: int | None

    @property
    def holds(self) -> bool:
        """Say whether it is in force."""
        return self.superseded_by is None and not self.retracts


def record_consent(
    session: Session, participant_id: int, said: ConsentSaid, *, actor: Actor, now: datetime
) -> int:
    """Record something about a participant's consent, and give its key; the same one sent twice is one.

    Raises NotFound, NotPermitted, or InputRejected with every problem.
    """
    participant = _load(session, participant_id, actor=actor)
    known = list_consent_records(session, participant.id)
    _refuse(list(_check(participant, said, now=now)))
    row = _make_row(participant, said, actor=actor, now=now)
    same = _find_standing(known, row)
    return same.id if same is not None else _save(session, row, None, actor=actor, now=now)


def correct_consent(
    session: Session,
    record_id: int,
    said: ConsentSaid | None,
    *,
    participant_id: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Put another record, or nothing (`said` None), in the place of one; gives the key of the next one.

    Raises NotFound, NotPermitted, or InputRejected with every problem, or where it was corrected meanwhile.
    """
    participant = _load(session, participant_id, actor=actor)
    known = {row.id: row for row in list_consent_records(session, participant.id)}
    before = known.get(record_id)
    if before is None or before.retracts:
        raise NotFound("consent record")
    next_said = said or _read(before)
    problems = list(_check_text(reason, place="reason", longest=LONGEST_REASON))
    if said is not None:
        problems += _check(participant, said, now=now)
    _refuse(problems)
    row = _make_row(participant, next_said, actor=actor, now=now)
    row.supersedes_id, row.correction_reason, row.retracts = before.id, reason.strip(), said is None
    taken = next((other for other in known.values() if other.supersedes_id == before.id), None)
    if taken is not None:
        if _says_same(taken, row):
            return taken.id
        raise InputRejected((Problem(mark("This entry was corrected meanwhile. Please look again.")),))
    if said is not None and _read(before) == _read(row):
        raise InputRejected((Problem(mark("This is what the entry says already.")),))
    return _save(session, row, before, actor=actor, now=now)


def list_consent_lines(session: Session, participant_id: int, *, actor: Actor) -> list[ConsentLine]:
    """List what was recorded about the consent of a participant within reach, the newest day first."""
    load_participant(session, participant_id, actor=actor)
    rows = list_consent_records(session, participant_id)
    names = list_display_names(session, {row.recorded_by_id for row in rows})
    next_of = {row.supersedes_id: row.id for row in rows if row.supersedes_id is not None}
    lines = [_make_line(row, names, superseded_by=next_of.get(row.id)) for row in rows]
    return sorted(lines, key=lambda line: (line.occurred_on, line.record_id), reverse=True)


def load_consent_line(session: Session, record_id: int, *, participant_id: int, actor: Actor) -> ConsentLine:
    """Give one record about a participant within reach; raises NotFound."""
    for line in list_consent_lines(session, participant_id, actor=actor):
        if line.record_id == record_id and not line.retracts:
            return line
    raise NotFound("consent record")


def _load(session: Session, participant_id: int, *, actor: Actor) -> Participant:
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    if actor.kind != "staff" or actor.role not in KEEPERS or actor.account_id is None:
        raise NotPermitted("record a consent")
    return participant


def _check(participant: Participant, said: ConsentSaid, *, now: datetime) -> Iterator[Problem]:
    """Give everything that is wrong with what was said; `place` names the field."""
    if said.kind not in KINDS:
        yield Problem(mark("Please choose."), place="kind")
    if said.occurred_on > civil_date(now, participant.zone):
        yield Problem(mark("This date is in the future."), place="occurred_on")
    elif said.occurred_on < participant.consented_on:
        message = mark("This day is before the consent (%(consented_on)s).")
        values: dict[str, str | int] = {"consented_on": participant.consented_on.isoformat()}
        yield Problem(message, values, place="occurred_on")
    if said.kind == PARTLY_WITHDRAWN:
        yield from _check_text(said.remark, place="remark", longest=LONGEST_REMARK)
    elif len(said.remark.strip()) > LONGEST_REMARK:
        yield Problem(mark("At most %(longest)s characters."), {"longest": LONGEST_REMARK}, place="remark")
    if said.kind != PARTLY_WITHDRAWN:
        yield from _check_text(said.notice_version, place="notice_version", longest=LONGEST_VERSION)


def _check_text(typed: str, *, place: str, longest: int) -> Iterator[Problem]:
    if not typed.strip():
        yield Problem(mark("Please fill this in."), place=place)
    elif len(typed.strip()) > longest:
        yield Problem(mark("At most %(longest)s characters."), {"longest": longest}, place=place)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InputRejected(tuple(problems))


def _make_row(participant: Participant, said: ConsentSaid, *, actor: Actor, now: datetime) -> ConsentRecord:
    is_part = said.kind == PARTLY_WITHDRAWN
    return ConsentRecord(
        participant_id=participant.id,
        kind=said.kind,
        occurred_on=said.occurred_on,
        notice_version=None if is_part else said.notice_version.strip(),
        remark=said.remark.strip() or None,
        recorded_at=now,
        recorded_by_id=actor.account_id,
        retracts=False,
    )


def _read(row: ConsentRecord) -> ConsentSaid:
    return ConsentSaid(row.kind, row.occurred_on, row.notice_version or "", row.remark or "")


def _says_same(row: ConsentRecord, other: ConsentRecord) -> bool:
    names = (*_SAID, "retracts", "correction_reason", "recorded_by_id")
    return all(getattr(row, name) == getattr(other, name) for name in names)


def _find_standing(known: list[ConsentRecord], row: ConsentRecord) -> ConsentRecord | None:
    """Find the record that says the same and holds: the form was sent twice."""
    superseded = {other.supersedes_id for other in known}
    standing = (other for other in known if other.id not in superseded and not other.retracts)
    return next((other for other in standing if _read(other) == _read(row)), None)


def _save(
    session: Session, row: ConsentRecord, before: ConsentRecord | None, *, actor: Actor, now: datetime
) -> int:
    participant = session.get_one(Participant, row.participant_id)
    session.add(row)
    session.flush()
    items: list[dict[str, object]] = [
        {"field": "consent_record", "before": before.id if before else None, "after": row.id}
    ]
    for name in _SAID:
        was = None if before is None else _write(getattr(before, name))
        becomes = None if row.retracts else _write(getattr(row, name))
        if was != becomes:
            items.append({"field": name, "before": was, "after": becomes})
    change = Change(
        "consent.record", f"participant:{row.participant_id}", items, reason=row.correction_reason
    )
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return row.id


def _write(value: object) -> str | None:
    return None if value is None else str(value)


def _make_line(row: ConsentRecord, names: dict[int, str], *, superseded_by: int | None) -> ConsentLine:
    return ConsentLine(
        record_id=row.id,
        kind=row.kind,
        occurred_on=row.occurred_on,
        notice_version=row.notice_version,
        remark=row.remark,
        recorded_at=row.recorded_at,
        recorded_by=names.get(row.recorded_by_id, ""),
        supersedes_id=row.supersedes_id,
        retracts=row.retracts,
        correction_reason=row.correction_reason,
        superseded_by=superseded_by,
    )
