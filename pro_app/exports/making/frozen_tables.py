"""The frozen tables of a release: Parquet files that everything else in it is derived from."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import polars as pl

from pro_app.exports.frames import Tables, schema_of
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tidy.batch import PEOPLES_TABLES

FOLDER = "tables/parquet"
ROWS_AT_ONCE = 100_000
PEOPLE_AT_ONCE = 200
"""How many people make a batch; a trial of this size has some thousand items each at its end."""
_TABLES = {table.name: table for table in TABLES}


class FrozenTables:
    """The Parquet files under `folder`, read piece by piece; the pieces depend on the files alone."""

    def __init__(
        self, folder: Path, *, rows_at_once: int = ROWS_AT_ONCE, people_at_once: int = PEOPLE_AT_ONCE
    ) -> None:
        self._folder = folder
        self._rows_at_once = rows_at_once
        self._people_at_once = people_at_once

    def rows(self, name: str) -> int:
        """Count the rows of a table."""
        return self._row_counts[name]

    def frames(self, name: str) -> Iterator[pl.DataFrame]:
        """Give the rows of a table in their order, in frames of at most `rows_at_once` rows."""
        for start in range(0, self.rows(name), self._rows_at_once):
            yield self._read(name, start, self._rows_at_once)

    def batches(self) -> Iterator[Tables]:
        """Give the tables of people in batches of whole participants, in the order of the participants.

        Raises ValueError where the rows of some table are not in that order.
        """
        ends = {table.name: self._list_ends(table.name) for table in PEOPLES_TABLES}
        people = self.rows(PARTICIPANTS.name)
        borders = [*range(0, people, self._people_at_once), people]
        for first, last in pairwise(borders):
            codes = self._codes.slice(first, last - first)
            batch = {
                name: self._read(name, where[first], where[last] - where[first])
                for name, where in ends.items()
            }
            for name, frame in batch.items():
                if not frame["participant_code"].is_in(codes.implode()).all():
                    raise ValueError(f"{name}: not in the order of the participants")
            yield batch

    @cached_property
    def _codes(self) -> pl.Series:
        """The participant codes in their order."""
        return self.scan(PARTICIPANTS.name).select("participant_code").collect().to_series()

    @cached_property
    def _row_counts(self) -> Mapping[str, int]:
        return {name: self.scan(name).select(pl.len()).collect().item() for name in _TABLES}

    def _list_ends(self, name: str) -> list[int]:
        """Say where each person's rows begin: one place for each person, and the end after the last."""
        counts = self.scan(name).group_by("participant_code").agg(rows=pl.len()).collect(engine="streaming")
        in_order = self._codes.to_frame().join(
            counts, on="participant_code", how="left", maintain_order="left"
        )
        ends = [0, *in_order["rows"].fill_null(0).cum_sum().to_list()]
        if ends[-1] != self.rows(name):
            raise ValueError(f"{name}: rows of people who are not among the participants")
        return ends

    def _read(self, name: str, start: int, rows: int) -> pl.DataFrame:
        return self.scan(name).slice(start, rows).collect()

    def scan(self, name: str) -> pl.LazyFrame:
        """Give a table to be asked something as a whole, with the columns that it has today.

        What a release of an older version of the software does not have yet is empty.
        """
        wanted, path = schema_of(_TABLES[name]), self._folder / FOLDER / f"{name}.parquet"
        if not path.exists():
            return pl.LazyFrame(schema=wanted)
        rows = pl.scan_parquet(path, glob=False)
        known = rows.collect_schema()
        return rows.select(
            pl.col(column).cast(kind) if column in known else pl.lit(None, kind).alias(column)
            for column, kind in wanted.items()
        )


def read_remarks(tables: FrozenTables, count: int) -> list[Remark]:
    """Read the first `count` remarks of the frozen table."""
    columns = pl.exclude("study")
    rows = [
        row
        for frame in tables.frames("remarks")
        for row in frame.select(columns).rename({"remark_fr": "fr", "remark_en": "en"}).to_dicts()
    ]
    return [Remark(**row) for row in rows[:count]]
