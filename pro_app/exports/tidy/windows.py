"""Windows of time since randomisation: where a day lies, and which form of a window counts."""

from collections.abc import Sequence

import polars as pl

from pro_app.protocol.analysis import TimeWindow

_ORDER = ("observed_on", "submitted_at", "visit_code", "ordinal")
"""What tells apart forms that are as close to a target; no correction of answers moves any of them."""


def place_in_windows(rows: pl.DataFrame, windows: Sequence[TimeWindow]) -> pl.DataFrame:
    """Add `window`, `window_number` (from 1) and `target_day` after the column `days`, in the order of rows.

    `days` are whole days since randomisation, 0 on the day itself. What lies in no window has them empty.
    """
    number = pl.lit(None, dtype=pl.Int64)
    for place, window in reversed(list(enumerate(windows, start=1))):
        inside = pl.col("days").is_between(window.from_day, window.to_day)
        number = pl.when(inside).then(pl.lit(place, dtype=pl.Int64)).otherwise(number)
    table = pl.DataFrame(
        [(place, window.code, window.target_day) for place, window in enumerate(windows, start=1)],
        schema={"window_number": pl.Int64, "window": pl.String, "target_day": pl.Int64},
        orient="row",
    )
    numbered = rows.with_columns(number.alias("window_number"))
    return numbered.join(table, on="window_number", how="left", maintain_order="left")


def flag_closest(rows: pl.DataFrame, *, within: Sequence[str], eligible: pl.Expr) -> pl.Series:
    """Tell for each row, placed in its window, whether it is the one chosen for this window.

    Of the `eligible` rows of one window (`within` are the columns that name it) the one closest to the
    target is chosen, of two as close the earlier one: by day, then by when the form was first received,
    then by visit and ordinal. Where the target is the day of randomisation itself, the baseline comes
    first. The order of rows has no say.
    """
    place = "_place"
    is_baseline = (pl.col("is_baseline") & (pl.col("target_day") == 0)).fill_null(value=False)
    distance = (pl.col("days") - pl.col("target_day")).abs()
    chosen = (
        rows.with_row_index(place)
        .filter(eligible & pl.col("target_day").is_not_null())
        .sort(~is_baseline, distance, *_ORDER)
        .unique(subset=list(within), keep="first", maintain_order=True)[place]
    )
    return pl.Series(range(rows.height), dtype=chosen.dtype).is_in(chosen.implode())
