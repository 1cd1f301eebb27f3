"""The tidy tables of a release in every format but Parquet, which is the frozen source itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from pro_app.exports.formats.csv import write_csv
from pro_app.exports.formats.dta import write_dta
from pro_app.exports.formats.parquet import write_parquet
from pro_app.exports.formats.sav import write_sav
from pro_app.exports.frames import make_frame
from pro_app.exports.making.frozen_tables import FOLDER
from pro_app.exports.making.workplace import Workplace
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import TableDefinition
from pro_app.exports.tables.remarks import REMARKS


class TableWriter(Protocol):
    """What writes one table in one format."""

    def __call__(
        self, path: Path, table: TableDefinition, frames: Iterable[pl.DataFrame], *, release: Release
    ) -> list[Remark]:
        """Write the file, unless the table is beyond the format; gives what could not be said in it."""


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format of the tidy tables: the folder under `tables/`, the ending of its files, and the writer."""

    name: str
    suffix: str
    write: TableWriter

    @property
    def folder(self) -> str:
        """The folder of its files in the release."""
        return f"tables/{self.name}"

    def path_of(self, table: str) -> str:
        """Give the name of a table's file in the release."""
        return f"{self.folder}/{table}.{self.suffix}"


TABLE_FORMATS = (
    TableFormat("csv", "csv", write_csv),
    TableFormat("spss", "sav", write_sav),
    TableFormat("stata", "dta", write_dta),
)


def plan_tables(form: TableFormat) -> Callable[[Workplace], list[Remark]]:
    """Give what makes every table in one format, but for the remarks, which come last."""

    def make(place: Workplace) -> list[Remark]:
        return [
            remark
            for table in TABLES
            if table != REMARKS
            for remark in _write(place, form, table, frames=place.tables.frames(table.name))
        ]

    return make


def make_remarks(place: Workplace) -> list[Remark]:
    """Write the table of remarks in every format; what is remarked about that only the manifest says."""
    rows = [remark.as_row(place.release.provenance.study) for remark in place.remarks]
    frame = make_frame(REMARKS, rows)
    name = f"{FOLDER}/{REMARKS.name}.parquet"
    late = write_parquet(place.folder / name, REMARKS, [frame], release=place.release)
    place.rows[name] = frame.height
    for form in TABLE_FORMATS:
        late += _write(place, form, REMARKS, frames=[frame])
    return late


def _write(
    place: Workplace, form: TableFormat, table: TableDefinition, *, frames: Iterable[pl.DataFrame]
) -> list[Remark]:
    name = form.path_of(table.name)
    place.subfolder(form.folder)
    place.rows[name] = place.tables.rows(table.name) if table != REMARKS else len(place.remarks)
    return form.write(place.folder / name, table, frames, release=place.release)
