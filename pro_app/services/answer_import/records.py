"""The record of an import: that it was begun, by whom and from what, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.services.answer_import.importing import ImportReport
from pro_app.storage.tables.answer_imports import AnswerImport

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ImportSource:
    """Where the forms come from: a study, one site of it or None for several, and the file."""

    study_id: int
    site_id: int | None
    name: str
    content: bytes


def begin_import(session: Session, source: ImportSource, *, actor: Actor, now: datetime) -> int:
    """Put on record that an import begins; gives its number."""
    row = AnswerImport(
        study_id=source.study_id,
        site_id=source.site_id,
        source_name=source.name[:LONGEST_NAME],
        source_sha256=sha256(source.content).hexdigest(),
        begun_at=now,
        imported_by=actor.reference,
    )
    session.add(row)
    session.flush()
    return row.id


def finish_import(
    session: Session, import_id: int, report: ImportReport, *, actor: Actor, now: datetime
) -> None:
    """Put on record what came of an import; the audit entry names the file by its SHA-256."""
    row = session.get_one(AnswerImport, import_id)
    counts = {"filed": report.filed, "unchanged": report.unchanged, "rejected": len(report.rejected)}
    session.execute(
        update(AnswerImport).where(AnswerImport.id == import_id).values(**counts, finished_at=now)
    )
    said = {"sha256": row.source_sha256, **counts}
    items: list[dict[str, object]] = [
        {"field": name, "before": None, "after": value} for name, value in said.items()
    ]
    change = Change("answers.import", name_import(import_id), items)
    record_change(session, change, actor=actor, site_id=row.site_id, now=now)


def name_import(import_id: int) -> str:
    """Name an import as the audit entries of its forms do."""
    return f"import:{import_id}"


def list_imports(session: Session, *, study_id: int, site_id: int) -> list[AnswerImport]:
    """List the imports of one site, the newest first."""
    rows = select(AnswerImport).where(AnswerImport.study_id == study_id, AnswerImport.site_id == site_id)
    return list(session.scalars(rows.order_by(AnswerImport.id.desc())))
