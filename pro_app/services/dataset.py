"""The statistician's dataset: made from one snapshot of the database, its making kept in the audit trail."""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.exports.live_dataset import write_live_dataset
from pro_app.exports.spool import Spool
from pro_app.language import mark
from pro_app.protocol.protocol import Protocol
from pro_app.services.dataset_provenance import describe_release
from pro_app.services.studies import load_current_protocol
from pro_app.services.tidy_spool import spool_tables
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import find_display_name
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.queries.dataset import count_participants, count_received
from pro_app.storage.tables.studies import Study

LONGEST_PURPOSE = 500
DOWNLOAD_ACTION = "dataset.download"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that was made: its ZIP, and what the audit trail says about it. `rows` is by table."""

    study_id: int
    file_name: str
    content: bytes
    purpose: str
    rows: dict[str, int]

    @property
    def sha256(self) -> str:
        """Give the SHA-256 of the ZIP."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class DatasetOverview:
    """What there is to download now, in counts."""

    study_code: str
    title: str
    mode: str
    protocol: Protocol
    participants: int
    received: int
    last_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Download:
    """A dataset that somebody took before; `by` is the person's name, or what the app calls itself."""

    at: datetime
    by: str
    purpose: str
    sha256: str


@contextmanager
def open_snapshot(database: Database) -> Iterator[Session]:
    """Open a session that sees the database as it stands at its first statement, whoever writes meanwhile."""
    engine = database.engine
    if engine.dialect.name == "postgresql":
        # SQLite's readers see a snapshot anyway; PostgreSQL's would see each statement's own present.
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Database(engine).reading() as session:
        yield session


def describe_dataset(session: Session, *, study_id: int) -> DatasetOverview:
    """Count what a dataset made now would hold; raises NotFound for an unknown study."""
    study = _load_study(session, study_id)
    received, last_received_at = count_received(session, study_id)
    return DatasetOverview(
        study_code=study.study_code,
        title=study.title,
        mode=study.mode,
        protocol=load_current_protocol(session, study_id),
        participants=count_participants(session, study_id),
        received=received,
        last_received_at=last_received_at,
    )


def check_purpose(purpose: str) -> list[Problem]:
    """List what is wrong with the purpose that a download gives."""
    if not purpose.strip():
        return [Problem(mark("Please say what the data are for."), place="purpose")]
    if len(purpose) > LONGEST_PURPOSE:
        message = mark("Please use %(longest)s characters at most.")
        return [Problem(message, {"longest": LONGEST_PURPOSE}, place="purpose")]
    if not purpose.strip().isprintable():
        return [Problem(mark("Please write this in one line of plain text."), place="purpose")]
    return []


def build_dataset(session: Session, *, study_id: int, purpose: str, actor: Actor, now: datetime) -> Dataset:
    """Make the ZIP from what `session` sees (best a snapshot); the same data and time give the same bytes.

    Raises InputRejected without a purpose, NotFound for a study out of the actor's reach. It writes
    nothing: call `record_download` with the result before handing it out.
    """
    problems = check_purpose(purpose)
    if problems:
        raise InputRejected(tuple(problems))
    if actor.kind != "system" and actor.study_id != study_id:
        raise NotFound("study")
    study = _load_study(session, study_id)
    release = describe_release(session, study, purpose=purpose.strip(), actor=actor, now=now)
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="dataset-") as name:
        folder = Path(name)
        spool = Spool(folder)
        seen = spool_tables(session, study, spool, release=release)
        rows = write_live_dataset(
            stream, spool, release, folder=folder, remarks=seen.remarks, differences=seen.difference_count
        )
    file_name = f"{study.study_code}-{now:%Y%m%dT%H%M%SZ}.zip"
    return Dataset(study_id, file_name, stream.getvalue(), release.provenance.purpose, rows)


def record_download(session: Session, dataset: Dataset, *, actor: Actor, now: datetime) -> None:
    """Keep in the audit trail who took which data, what for, and the sum of the file."""
    items = [
        {"field": "sha256", "before": None, "after": dataset.sha256},
        *({"field": f"rows:{name}", "before": None, "after": str(n)} for name, n in dataset.rows.items()),
    ]
    change = Change(DOWNLOAD_ACTION, f"study:{dataset.study_id}", items, reason=dataset.purpose)
    record_change(session, change, actor=actor, site_id=None, now=now)


def list_downloads(session: Session, *, study_id: int, limit: int = 20) -> list[Download]:
    """List who took which dataset of the study, the newest first."""
    entries = list_entries(session, action=DOWNLOAD_ACTION, subject_ref=f"study:{study_id}", limit=limit)
    return [
        Download(
            at=entry.at,
            by=find_display_name(session, entry.actor) or entry.role,
            purpose=entry.reason or "",
            sha256=entry.after("sha256"),
        )
        for entry in entries
    ]


def _load_study(session: Session, study_id: int) -> Study:
    study = session.get(Study, study_id)
    if study is None:
        raise NotFound("study")
    return study
