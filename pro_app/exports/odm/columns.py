"""Writing columns of a frame as pieces of XML."""

from collections.abc import Iterable

import polars as pl

from pro_app.exports.odm.elements import FORBIDDEN, REPLACEMENT

_ESCAPES = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    # A line break that is not escaped would come back from an attribute as a space.
    ("\t", "&#9;"),
    ("\n", "&#10;"),
    ("\r", "&#13;"),
)
"""In this order."""

_NEEDS_ESCAPE = f'[&<>"\t\n\r]|{FORBIDDEN}'


def escape_texts(frame: pl.DataFrame, columns: Iterable[str] | None = None) -> tuple[pl.DataFrame, int]:
    """Escape text columns (all, or those named), so that they may stand in an attribute or in an element.

    Gives how many texts held characters that XML cannot hold at all; U+FFFD stands in their place.
    """
    texts = frame.select(pl.col(pl.String)) if columns is None else frame.select(*columns)
    replaced = 0
    for name in texts.columns:
        # Hardly any column needs it, and looking is ten times cheaper than replacing.
        if texts[name].str.contains(_NEEDS_ESCAPE).any():
            replaced += int(texts[name].str.contains(FORBIDDEN).sum())
            frame = frame.with_columns(_escape(pl.col(name)))
    return frame, replaced


def render_moments(column: pl.Expr) -> pl.Expr:
    """Write moments in UTC to the millisecond: 2026-03-02T09:00:00.000Z."""
    return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")


def render_cells(column: pl.Expr, data_type: pl.DataType) -> pl.Expr:
    """Write the values of a column of any type of a tidy table as ODM has them; texts are escaped already."""
    if isinstance(data_type, pl.Datetime):
        return render_moments(column)
    return column.cast(pl.String)


def _escape(column: pl.Expr) -> pl.Expr:
    escaped = column.str.replace_all(FORBIDDEN, REPLACEMENT)
    for character, entity in _ESCAPES:
        escaped = escaped.str.replace_all(character, entity, literal=True)
    return escaped
