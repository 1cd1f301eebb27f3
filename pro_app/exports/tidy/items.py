"""The table `items`: every final form with a row for every item of every instrument that it asks."""

from datetime import timedelta

import polars as pl

from pro_app.exports.release import Release
from pro_app.exports.tables.items import ITEMS

LARGEST_SKEW = timedelta(minutes=5)
"""A device whose clock is further off is marked; the times that count are corrected already."""


def derive_items(forms: pl.DataFrame, answers: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Give one row for each item of each form, answered or not, in the order of forms and items."""
    asked = forms.join(_list_items(release), on="instrument_sha256", how="left", maintain_order="left_right")
    found = asked.join(answers, on=["response_id", "item"], how="left", maintain_order="left")
    return found.with_columns(
        pl.col("state").fill_null(pl.col("absent_state")),
        received_late=_is_received_late(),
        clock_off=(pl.col("device_at") - pl.col("answered_at")).abs() > LARGEST_SKEW,
    ).select(ITEMS.column_names)


def _is_received_late() -> pl.Expr:
    """Tell whether an answer was given before its window ended and came after that; null without one."""
    closes_at = pl.col("closes_at")
    late = (pl.col("answered_at") < closes_at) & (pl.col("received_at") >= closes_at)
    return pl.when(pl.col("answered_at").is_not_null()).then(late.fill_null(value=False))


def _list_items(release: Release) -> pl.DataFrame:
    """List the items of every instrument behind the release, in the order in which they are asked."""
    rows = [
        (worded.instrument.sha256, item.number)
        for worded in release.instruments
        for item in worded.instrument.items
    ]
    return pl.DataFrame(rows, schema={"instrument_sha256": pl.String, "item": pl.Int64}, orient="row")
