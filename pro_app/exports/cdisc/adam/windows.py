"""The second windowing: each record in its window of time since randomisation, one record chosen for each."""

from collections.abc import Sequence

import polars as pl

from pro_app.exports.cdisc.adam.days import analysis_day_number
from pro_app.protocol.analysis import TimeWindow

WINDOW_UNIT = "DAYS"


def add_windows(rows: pl.DataFrame, windows: Sequence[TimeWindow]) -> pl.DataFrame:
    """Add AWINDOW, AWINDOWN, AWTARGET, AWLO, AWHI, AWTDIFF and AWU after the column `days`.

    `days` are whole days since randomisation, 0 on the day itself. What lies in no window has them empty.
    AWTARGET, AWLO and AWHI are relative days as ADY is (no day 0); AWTDIFF is counted in days.
    """
    table = _make_window_table(windows)
    number = pl.lit(None, dtype=pl.Int64)
    for place, window in reversed(list(enumerate(windows, start=1))):
        inside = pl.col("days").is_between(window.from_day, window.to_day)
        number = pl.when(inside).then(pl.lit(place, dtype=pl.Int64)).otherwise(number)
    joined = rows.with_columns(number.alias("AWINDOWN")).join(
        table, on="AWINDOWN", how="left", maintain_order="left"
    )
    distance = (pl.col("days") - pl.col("target_day")).abs()
    return joined.with_columns(distance.alias("AWTDIFF")).drop("target_day")


def flag_closest(rows: pl.DataFrame, *, within: Sequence[str], eligible: pl.Expr) -> pl.Series:
    """Tell for each row whether it is the record chosen for its window.

    Of the `eligible` rows of one window (`within` are the columns that name it) the one whose ADT lies
    closest to the target is chosen, of two as close the earlier one, then the first in the order of rows.
    """
    place = "_place"
    chosen = (
        rows.with_row_index(place)
        .filter(eligible & pl.col("AWTDIFF").is_not_null())
        .sort("AWTDIFF", "ADT", place)
        .unique(subset=list(within), keep="first", maintain_order=True)[place]
    )
    return pl.Series(range(rows.height), dtype=chosen.dtype).is_in(chosen.implode())


def _make_window_table(windows: Sequence[TimeWindow]) -> pl.DataFrame:
    """Give one row for each window, numbered from 1 in the protocol's order."""
    rows = [
        {
            "AWINDOWN": place,
            "AWINDOW": window.label.text("en"),
            "AWTARGET": analysis_day_number(window.target_day),
            "AWLO": analysis_day_number(window.from_day),
            "AWHI": analysis_day_number(window.to_day),
            "AWU": WINDOW_UNIT,
            "target_day": window.target_day,
        }
        for place, window in enumerate(windows, start=1)
    ]
    names = ("AWINDOWN", "AWTARGET", "AWLO", "AWHI", "target_day")
    schema = {"AWINDOW": pl.String(), "AWU": pl.String()} | dict.fromkeys(names, pl.Int64())
    return pl.DataFrame(rows, schema=schema)
