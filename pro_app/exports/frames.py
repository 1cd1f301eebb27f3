"""Frames of a table: the types that its columns have in memory, and a check that a frame keeps them."""

from collections.abc import Iterable, Mapping

import polars as pl

from pro_app.exports.tables.column import ColumnType, TableDefinition

Tables = Mapping[str, pl.DataFrame]
"""Table name -> its rows for a batch of whole participants."""

TYPES: Mapping[ColumnType, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("ms", "UTC"),
}


def schema_of(table: TableDefinition) -> pl.Schema:
    """Give the column names of a table with their types in memory."""
    return pl.Schema({column.name: TYPES[column.type] for column in table.columns})


def make_frame(table: TableDefinition, rows: Iterable[Mapping[str, object]] = ()) -> pl.DataFrame:
    """Make a frame of rows that name exactly the table's columns.

    Raises ValueError for other columns, TypeError or ValueError for a value of another type: nothing is
    dropped or turned into something else without a word.
    """
    schema = schema_of(table)
    columns: dict[str, list[object]] = {name: [] for name in schema}
    for row in rows:
        if row.keys() != columns.keys():
            raise ValueError(f"{table.name}: {sorted(row.keys() ^ columns.keys())}")
        for name, value in row.items():
            columns[name].append(value)
    frame = pl.DataFrame(
        [pl.Series(name, values, dtype=schema[name], strict=True) for name, values in columns.items()]
    )
    check_frame(table, frame)
    return frame


def check_frame(table: TableDefinition, frame: pl.DataFrame) -> None:
    """Raise ValueError where columns, their order or their types are not those of the table."""
    if frame.schema != schema_of(table):
        wrong = sorted(set(frame.schema.items()) ^ set(schema_of(table).items()), key=str)
        raise ValueError(f"{table.name}: {wrong or 'order of columns'}")
