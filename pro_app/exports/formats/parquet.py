"""Tables as Parquet: typed and compressed, with the labels and codes of the columns beside them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from pro_app.exports.codebook.codes import group_codes, list_codes
from pro_app.exports.formats.labels import write_file_label
from pro_app.exports.frames import check_frame, schema_of
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.column import Column, TableDefinition

ROWS_IN_A_GROUP = 65_536
"""Fixed, so that the bytes do not depend on the batches in which the rows came."""


def write_parquet(
    path: Path, table: TableDefinition, frames: Iterable[pl.DataFrame], *, release: Release
) -> list[Remark]:
    """Write a table frame after frame; everything can be said in Parquet, so there is no remark.

    The file's own key-value metadata hold `label` (study, release, table), `description` and `columns`: JSON
    by column with `fr`, `en` and, where its values are codes, `codes`. The codes of visits are left to the
    codebook. Raises ValueError for a frame of other columns.
    """
    wrong: list[ValueError] = []

    def give_frames(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        for frame in frames:
            try:
                check_frame(table, frame)
            except ValueError as error:
                # The engine would tell of it in an error of its own.
                wrong.append(error)
                return
            yield frame

    rows = register_io_source(give_frames, schema=schema_of(table))
    rows.sink_parquet(path, row_group_size=ROWS_IN_A_GROUP, metadata=_describe(table, release))
    if wrong:
        path.unlink()
        raise wrong[0]
    return []


def _describe(table: TableDefinition, release: Release) -> dict[str, str]:
    lists = group_codes(list_codes(release.protocol, release.instruments, ()))

    def describe_column(column: Column) -> dict[str, object]:
        labels: dict[str, object] = {"fr": column.fr, "en": column.en}
        codes = [
            {"code": c.code, "fr": c.fr, "en": c.en} | ({"instrument": c.instrument} if c.instrument else {})
            for c in lists.get(column.codes, ())
        ]
        return labels | ({"codes": codes} if codes else {})

    columns = {column.name: describe_column(column) for column in table.columns}
    return {
        "label": write_file_label(table, release),
        "description": json.dumps({"fr": table.fr, "en": table.en}, ensure_ascii=False),
        "columns": json.dumps(columns, ensure_ascii=False),
    }
