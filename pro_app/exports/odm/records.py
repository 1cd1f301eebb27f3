"""Rows of a tidy table, its texts escaped, as FormData or ItemGroupData of its form."""

import polars as pl

from pro_app.exports.frames import TYPES
from pro_app.exports.odm.columns import render_cells, render_moments
from pro_app.exports.odm.identifiers import user_oid
from pro_app.exports.odm.record_forms import EVENT, RecordForm
from pro_app.exports.tables.column import Column


def render_record(form: RecordForm) -> pl.Expr:
    """Write a row as the FormData of a form that does not repeat."""
    opening = f'<FormData FormOID="{form.form_oid}"><ItemGroupData ItemGroupOID="{form.group_oid}">'
    return pl.concat_str(pl.lit(opening), *_cells(form), pl.lit("</ItemGroupData></FormData>"))


def render_events(events: pl.DataFrame) -> pl.DataFrame:
    """Write the events of each person as one FormData: columns `participant_code` and `events`.

    An event is entered by the site; its audit record has the moment of recording.
    """
    groups = events.select("participant_code", xml=_event_group())
    joined = groups.group_by("participant_code", maintain_order=True).agg(pl.col("xml").str.join(""))
    opening = pl.lit(f'<FormData FormOID="{EVENT.form_oid}">')
    return joined.select("participant_code", events=pl.concat_str(opening, "xml", pl.lit("</FormData>")))


def _event_group() -> pl.Expr:
    opening = f'<ItemGroupData ItemGroupOID="{EVENT.group_oid}" ItemGroupRepeatKey="'
    audit = f'"><AuditRecord><UserRef UserOID="{user_oid("staff")}"/><LocationRef LocationOID="LOC.'
    return pl.concat_str(
        pl.lit(opening),
        pl.col("event").cast(pl.String),
        pl.lit(audit),
        "site",
        pl.lit('"/><DateTimeStamp>'),
        render_moments(pl.col("recorded_at")),
        pl.lit("</DateTimeStamp></AuditRecord>"),
        *_cells(EVENT),
        pl.lit("</ItemGroupData>"),
    )


def _cells(form: RecordForm) -> list[pl.Expr]:
    return [_cell(form, column) for column in form.columns]


def _cell(form: RecordForm, column: Column) -> pl.Expr:
    """Write one value as ItemData, nothing where there is none."""
    value = render_cells(pl.col(column.name), TYPES[column.type])
    opening = pl.lit(f'<ItemData ItemOID="{form.item_oid(column)}" Value="')
    return pl.concat_str(opening, value, pl.lit('"/>')).fill_null("")
