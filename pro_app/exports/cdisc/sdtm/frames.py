"""Putting derived rows into the shape of their SDTM dataset."""

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.frames import schema_of
from pro_app.exports.tables.column import TableDefinition

PERSON = ("site", "participant_code")
VISIT = (*PERSON, "visit_code", "ordinal")


def shape_rows(table: TableDefinition, rows: pl.DataFrame) -> pl.DataFrame:
    """Give exactly the columns of the table with their types; those that the rows lack are empty."""
    schema = schema_of(table)
    absent = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in rows.columns
    ]
    return rows.with_columns(absent).select(table.column_names).cast(schema)


def number_rows(name: str) -> pl.Expr:
    """Give each row its place within its subject, from 1."""
    return pl.int_range(1, pl.len() + 1).over("USUBJID").alias(name)


def iso_date(column: str) -> pl.Expr:
    """Write a civil date as ISO 8601 text."""
    return pl.col(column).cast(pl.Date).dt.to_string("iso")


def make_reference(dataset: CdiscDataset, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Make the rows of a dataset about the trial; what a row does not name is empty."""
    schema = schema_of(dataset.table)
    known = [{name: row.get(name) for name in schema} for row in rows]
    return pl.DataFrame(known, schema=schema)
