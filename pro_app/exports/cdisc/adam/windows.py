"""The second windowing: each record in its window of time since randomisation, as ADaM names it."""

from collections.abc import Sequence

import polars as pl

from pro_app.exports.cdisc.adam.days import analysis_day_number
from pro_app.exports.tidy.windows import place_in_windows
from pro_app.protocol.analysis import TimeWindow

WINDOW_UNIT = "DAYS"


def add_windows(rows: pl.DataFrame, windows: Sequence[TimeWindow]) -> pl.DataFrame:
    """Add AWINDOW, AWINDOWN, AWTARGET, AWLO, AWHI, AWTDIFF and AWU to what `place_in_windows` gives.

    `days` are whole days since randomisation, 0 on the day itself. What lies in no window has them empty.
    AWTARGET, AWLO and AWHI are relative days as ADY is (no day 0); AWTDIFF is counted in days.
    """
    placed = place_in_windows(rows, windows).rename({"window_number": "AWINDOWN"})
    distance = (pl.col("days") - pl.col("target_day")).abs()
    return placed.join(
        _make_window_table(windows), on="AWINDOWN", how="left", maintain_order="left"
    ).with_columns(distance.alias("AWTDIFF"))


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
        }
        for place, window in enumerate(windows, start=1)
    ]
    names = ("AWINDOWN", "AWTARGET", "AWLO", "AWHI")
    schema = {"AWINDOW": pl.String(), "AWU": pl.String()} | dict.fromkeys(names, pl.Int64())
    return pl.DataFrame(rows, schema=schema)
