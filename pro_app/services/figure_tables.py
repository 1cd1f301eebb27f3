"""The tables that figures are drawn from: of the present data, or of a release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.protocol.protocol import Protocol
from pro_app.services.dataset import open_snapshot
from pro_app.services.dataset_provenance import describe_release
from pro_app.services.releases.overview import TABLES_OF_FIGURES, load_released
from pro_app.services.releases.records import ReleaseRecord, require_permitted
from pro_app.services.tidy_batches import list_tidy_batches
from pro_app.storage.database import Database
from pro_app.storage.tables.studies import Study

PURPOSE_OF_A_LOOK = "figures on screen, arms together"


@dataclass(frozen=True, slots=True)
class FigureSource:
    """Tables of all participants, and the scales (instrument code, scale code) that may be looked at."""

    tables: Tables
    protocol: Protocol
    scales: Sequence[tuple[str, str]]

    @property
    def people(self) -> int:
        """How many participants there are."""
        return self.tables["participants"].height


def load_live_source(database: Database, *, study_id: int, actor: Actor, now: datetime) -> FigureSource:
    """Derive the tables from a snapshot of the database; raises NotFound, NotPermitted."""
    require_permitted(study_id, actor)
    with open_snapshot(database) as session:
        study = session.get(Study, study_id)
        if study is None:
            raise NotFound("study")
        release = describe_release(session, study, purpose=PURPOSE_OF_A_LOOK, actor=actor, now=now)
        batches = list(list_tidy_batches(session, study, release=release))
    tables = {
        table.name: pl.concat([make_frame(table), *(batch[table.name] for batch in batches)])
        for table in TABLES_OF_FIGURES
    }
    return FigureSource(tables, release.protocol, _list_scales(release))


def load_release_source(session: Session, record: ReleaseRecord, *, folder: Path) -> FigureSource:
    """Read tables and rules of a release out of its archive; raises NotFound where that is gone."""
    release, tables = load_released(session, record, folder=folder)
    return FigureSource(tables, release.protocol, _list_scales(release))


def _list_scales(release: Release) -> list[tuple[str, str]]:
    """List the scales of the release's instruments in their published order, each once."""
    scales = [
        (worded.instrument.code, code)
        for worded in release.instruments
        for code in worded.scoring.scale_codes
    ]
    return list(dict.fromkeys(scales))
