"""Imported packs as the pages and the commands see them; their state follows from the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.instruments.wording import WordingPack
from pro_app.storage.catalogue import load_wording
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.studies import StudyWording
from pro_app.storage.tables.wording_packs import ImportedWording, WordingApproval

NEEDED_APPROVALS = 2
PackState = Literal["waiting", "approved", "in_use", "refused"]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved, under which role, and when."""

    account_id: int
    name: str
    role: str
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class PackRecord:
    """One imported pack; `in_use_at` is empty unless it is in use now, `replaced_at` unless it was before."""

    pack_id: int
    wording: WordingPack
    source_name: str
    imported_at: datetime
    imported_by: str
    approvals: tuple[Approval, ...]
    refused_at: datetime | None
    refused_by: str | None
    refusal_reason: str | None
    in_use_at: datetime | None
    replaced_at: datetime | None

    @property
    def state(self) -> PackState:
        """What holds now."""
        if self.in_use_at is not None:
            return "in_use"
        if self.refused_at is not None:
            return "refused"
        return "approved" if self.is_approved else "waiting"

    @property
    def is_approved(self) -> bool:
        """Whether two different people approved it, and nobody refused it."""
        people = {approval.account_id for approval in self.approvals}
        return self.refused_at is None and len(people) >= NEEDED_APPROVALS


@dataclass(frozen=True, slots=True)
class WordingInUse:
    """What participants read now in one language of one instrument."""

    wording: WordingPack
    in_use_at: datetime
    is_approved: bool


def list_packs(session: Session, study_id: int) -> list[PackRecord]:
    """List the imported packs of a study, the newest first."""
    rows = session.scalars(
        select(ImportedWording)
        .where(ImportedWording.study_id == study_id)
        .order_by(ImportedWording.imported_at.desc(), ImportedWording.id.desc())
    )
    return [read_record(session, row) for row in rows]


def load_pack(session: Session, *, study_id: int, pack_id: int) -> PackRecord:
    """Give one imported pack of the study; raises NotFound."""
    return read_record(session, load_row(session, study_id=study_id, pack_id=pack_id))


def find_pack(session: Session, *, study_id: int, sha256: str) -> PackRecord | None:
    """Find an imported pack by its hash."""
    row = session.scalar(select(ImportedWording).filter_by(study_id=study_id, wording_sha256=sha256))
    return None if row is None else read_record(session, row)


def list_wordings_in_use(session: Session, study_id: int) -> list[WordingInUse]:
    """List what participants read now, by instrument, version and language."""
    rows = session.scalars(
        select(StudyWording)
        .where(StudyWording.study_id == study_id, StudyWording.replaced_at.is_(None))
        .order_by(StudyWording.instrument_code, StudyWording.instrument_version, StudyWording.language)
    )
    return [
        WordingInUse(
            load_wording(session, row.wording_sha256),
            row.in_use_at,
            is_wording_approved(session, study_id=study_id, sha256=row.wording_sha256),
        )
        for row in rows
    ]


def is_wording_approved(session: Session, *, study_id: int, sha256: str) -> bool:
    """Tell whether two people of the study approved this text."""
    record = find_pack(session, study_id=study_id, sha256=sha256)
    return record is not None and record.is_approved


def load_row(session: Session, *, study_id: int, pack_id: int, lock: bool = False) -> ImportedWording:
    """Give the row of an imported pack, locked where it is to be decided upon; raises NotFound."""
    statement = select(ImportedWording).filter_by(study_id=study_id, id=pack_id)
    row = session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("wording_pack")
    return row


def read_record(session: Session, row: ImportedWording) -> PackRecord:
    """Give a row with its text, its approvals and its use."""
    uses = session.scalars(
        select(StudyWording)
        .filter_by(study_id=row.study_id, wording_sha256=row.wording_sha256)
        .order_by(StudyWording.id)
    ).all()
    current = next((use for use in uses if use.replaced_at is None), None)
    refused_by = None if row.refused_by_id is None else session.get_one(Account, row.refused_by_id)
    return PackRecord(
        pack_id=row.id,
        wording=load_wording(session, row.wording_sha256),
        source_name=row.source_name,
        imported_at=row.imported_at,
        imported_by=row.imported_by,
        approvals=tuple(_list_approvals(session, row.id)),
        refused_at=row.refused_at,
        refused_by=None if refused_by is None else refused_by.display_name,
        refusal_reason=row.refusal_reason,
        in_use_at=current.in_use_at if current else None,
        replaced_at=uses[-1].replaced_at if uses and current is None else None,
    )


def _list_approvals(session: Session, pack_id: int) -> Sequence[Approval]:
    rows = session.execute(
        select(WordingApproval, Account.display_name)
        .join(Account, Account.id == WordingApproval.account_id)
        .where(WordingApproval.imported_wording_id == pack_id)
        .order_by(WordingApproval.approved_at, WordingApproval.id)
    )
    return [Approval(row.account_id, name, row.role, row.approved_at) for row, name in rows]
