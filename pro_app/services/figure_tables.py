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
COLUMNS = {
    "participants": ("site", "participant_code", "arm", "randomised_on", "died_on"),
    "assessments": (
        *("site", "participant_code", "visit_code", "ordinal", "opens_on", "observed_on", "state"),
        *("expected", "window_closed", "received", "valid", "in_window", "late", "incomplete"),
        *("after_randomisation", "missing_reason", "plan_reason"),
    ),
    "items": (
        *("site", "participant_code", "visit_code", "instrument", "item", "state"),
        *("is_current", "incomplete"),
    ),
    "scores": (
        *("site", "participant_code", "visit_code", "ordinal", "instrument", "scale", "value"),
        *("is_current", "incomplete", "is_baseline", "observed_on", "submitted_at"),
    ),
    "deterioration": (
        *("site", "participant_code", "instrument", "scale", "definition", "event", "time_months"),
    ),
}
"""The columns of each table that figures are estimated from; none of the others is kept in memory."""


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


def load_live_source(
    database: Database, *, study_id: int, instrument: str, actor: Actor, now: datetime
) -> FigureSource:
    """Derive the tables from a snapshot of the database; raises NotFound, NotPermitted.

    Of items, scores and deterioration only the rows of one instrument are there: of `instrument`, or of the
    first one where no such instrument is in use. They are in memory all at once, some 50 short rows for each
    person and visit: meant for trials of some thousand people and not for registries.
    """
    require_permitted(study_id, actor)
    with open_snapshot(database) as session:
        study = session.get(Study, study_id)
        if study is None:
            raise NotFound("study")
        release = describe_release(session, study, purpose=PURPOSE_OF_A_LOOK, actor=actor, now=now)
        scales = _list_scales(release)
        codes = [code for code, _ in scales]
        chosen = instrument if instrument in codes else codes[0]
        batches = [
            keep_for_figures(batch, instrument=chosen)
            for batch in list_tidy_batches(session, study, release=release)
        ]
    empty = keep_for_figures(
        {table.name: make_frame(table) for table in TABLES_OF_FIGURES}, instrument=chosen
    )
    tables = {name: pl.concat([frame, *(batch[name] for batch in batches)]) for name, frame in empty.items()}
    return FigureSource(tables, release.protocol, scales)


def keep_for_figures(tables: Tables, *, instrument: str) -> Tables:
    """Keep the columns that figures need, and of what is about instruments the rows of one."""
    kept = {name: tables[name].select(columns) for name, columns in COLUMNS.items()}
    of_one = pl.col("instrument") == instrument
    return {
        name: frame.filter(of_one) if "instrument" in frame.columns else frame for name, frame in kept.items()
    }


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
