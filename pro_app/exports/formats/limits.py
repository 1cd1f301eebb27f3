"""What a statistics package cannot take: too long labels or texts; each becomes a remark."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pro_app.exports.remarks import Remark
from pro_app.exports.tables.column import TableDefinition

_MARK = "…"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long labels of a package may be, as `size` counts them, and a text in bytes."""

    program: str
    size: Callable[[str], int]
    file_label: int
    column_label: int
    value_label: int
    text: int


def count_bytes(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    return len(text.encode())


def cut_text(text: str, most: int, size: Callable[[str], int] = count_bytes) -> str:
    """Shorten a text to the size `most`, between two characters, with `…` at its end."""
    if size(text) <= most:
        return text
    kept = text[:most]
    while size(kept + _MARK) > most:
        kept = kept[:-1]
    return kept + _MARK


def cut_column(frame: pl.DataFrame, name: str, most_bytes: int) -> pl.DataFrame:
    """Shorten the texts of a column that are longer than so many bytes."""
    long = frame.filter(pl.col(name).str.len_bytes() > most_bytes)[name].unique()
    if long.is_empty():
        return frame
    short = pl.Series([cut_text(text, most_bytes) for text in long])
    return frame.with_columns(pl.col(name).replace(long, short))


def remark_on_label(table: TableDefinition, place: str, *, program: str) -> Remark:
    """Say that a label was shortened in a package's file."""
    return Remark(
        "label_cut",
        f"{program} : libellé raccourci ({place}). Le dictionnaire l’a en entier.",
        f"{program}: label shortened ({place}). The codebook has it whole.",
        table=table.name,
    )


def remark_on_text(table: TableDefinition, column: str, *, limits: Limits) -> Remark:
    """Say that texts of a column were shortened in a package's file."""
    return Remark(
        "text_cut",
        f"{limits.program} : textes raccourcis à {limits.text} octets ({column}). CSV et Parquet les ont "
        "en entier.",
        f"{limits.program}: texts shortened to {limits.text} bytes ({column}). CSV and Parquet have them "
        "whole.",
        table=table.name,
    )
