"""What two people decide about an imported pack: approved, refused, put in use."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.wording_packs.records import PackRecord, load_row, read_record
from pro_app.storage.tables.studies import Study, StudyWording
from pro_app.storage.tables.wording_packs import ImportedWording, WordingApproval

ROLES = ("administrator", "coordinator")
"""Who may decide about the wording of a study."""
LONGEST_REASON = 500


def approve_pack(session: Session, *, study_id: int, pack_id: int, actor: Actor, now: datetime) -> PackRecord:
    """Approve a pack as one of two people; raises InputRejected, NotFound, NotPermitted."""
    row, account_id = _load_for(session, actor, study_id=study_id, pack_id=pack_id)
    record = read_record(session, row)
    if record.refused_at is not None:
        raise _refuse(mark("This text was refused: a corrected one needs a name of its own."))
    if record.is_approved:
        raise _refuse(mark("Two people have approved this text already."))
    if any(approval.account_id == account_id for approval in record.approvals):
        raise _refuse(mark("You have approved this text already: the second approval is somebody else’s."))
    session.add(
        WordingApproval(imported_wording_id=row.id, account_id=account_id, role=actor.role, approved_at=now)
    )
    session.flush()
    number = str(len(record.approvals) + 1)
    _record(session, "wording.approve", row, said={"approval": (None, number)}, actor=actor, now=now)
    return read_record(session, row)


def refuse_pack(
    session: Session, *, study_id: int, pack_id: int, reason: str, actor: Actor, now: datetime
) -> PackRecord:
    """Refuse a pack that is not in use, once and for all; raises InputRejected, NotFound, NotPermitted."""
    row, account_id = _load_for(session, actor, study_id=study_id, pack_id=pack_id)
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON or not said.isprintable():
        message = mark("Say why, in at most 500 characters.")
        raise InputRejected((Problem(message, place="reason"),))
    record = read_record(session, row)
    if record.refused_at is not None:
        raise _refuse(mark("This text was refused before."))
    if record.in_use_at is not None or record.replaced_at is not None:
        raise _refuse(mark("Patients read this text, or did before: put another one in use instead."))
    row.refused_at, row.refused_by_id, row.refusal_reason = now, account_id, said
    session.flush()
    _record(session, "wording.refuse", row, said={"refused": (None, "1")}, actor=actor, now=now, reason=said)
    return read_record(session, row)


def use_pack(session: Session, *, study_id: int, pack_id: int, actor: Actor, now: datetime) -> PackRecord:
    """Show an approved pack from now on to everybody who begins; who has begun goes on as they began.

    Raises InputRejected, NotFound, NotPermitted.
    """
    row, _account_id = _load_for(session, actor, study_id=study_id, pack_id=pack_id)
    # Two who put texts in use at the same moment queue on the study.
    study = session.scalars(select(Study).where(Study.id == study_id).with_for_update()).one()
    record = read_record(session, row)
    if not record.is_approved:
        raise _refuse(mark("Two people must have approved this text before patients read it."))
    if record.in_use_at is not None:
        raise _refuse(mark("Patients read this text already."))
    if study.mode == "production" and record.wording.placeholder:
        raise _refuse(mark("A study in production never shows a placeholder."))
    before = put_in_use(session, record, study_id=study_id, now=now)
    said = {"sha256": (before, record.wording.sha256)}
    _record(session, "wording.use", row, said=said, actor=actor, now=now)
    return read_record(session, row)


def put_in_use(session: Session, record: PackRecord, *, study_id: int, now: datetime) -> str | None:
    """Replace what is in use in the instrument and the language of a pack; gives the hash of that."""
    wording = record.wording
    place = {
        "study_id": study_id,
        "instrument_code": wording.instrument_code,
        "instrument_version": wording.instrument_version,
        "language": wording.language,
    }
    current = session.scalar(
        select(StudyWording).filter_by(**place).where(StudyWording.replaced_at.is_(None))
    )
    if current is not None:
        current.replaced_at = now
        session.flush()
    session.add(StudyWording(**place, wording_sha256=wording.sha256, in_use_at=now))
    session.flush()
    return current.wording_sha256 if current else None


def _load_for(session: Session, actor: Actor, *, study_id: int, pack_id: int) -> tuple[ImportedWording, int]:
    """Give the row, locked, and the account that decides."""
    if actor.role not in ROLES or actor.study_id != study_id or actor.account_id is None:
        raise NotPermitted("wording")
    return load_row(session, study_id=study_id, pack_id=pack_id, lock=True), actor.account_id


def _record(
    session: Session,
    action: str,
    row: ImportedWording,
    *,
    said: dict[str, tuple[str | None, str]],
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    items = [{"field": name, "before": before, "after": after} for name, (before, after) in said.items()]
    if "sha256" not in said:
        items.append({"field": "sha256", "before": row.wording_sha256, "after": row.wording_sha256})
    change = Change(action, f"wording:{row.id}", items, reason=reason)
    record_change(session, change, actor=actor, site_id=None, now=now)


def _refuse(message: str) -> InputRejected:
    return InputRejected((Problem(message),))
