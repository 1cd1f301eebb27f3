"""The table `items`: every final form with a row for every item of every instrument that it asks."""

import polars as pl

from pro_app.exports.release import Release
from pro_app.exports.tables.items import ITEMS


def derive_items(forms: pl.DataFrame, answers: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Give one row for each item of each form, answered or not, in the order of forms and items."""
    asked = forms.join(_list_items(release), on="instrument_sha256", how="left", maintain_order="left_right")
    found = asked.join(answers, on=["response_id", "item"], how="left", maintain_order="left")
    return found.with_columns(pl.col("state").fill_null(pl.col("absent_state"))).select(ITEMS.column_names)


def _list_items(release: Release) -> pl.DataFrame:
    """List the items of every instrument behind the release, in the order in which they are asked."""
    rows = [
        (worded.instrument.sha256, item.number)
        for worded in release.instruments
        for item in worded.instrument.items
    ]
    return pl.DataFrame(rows, schema={"instrument_sha256": pl.String, "item": pl.Int64}, orient="row")
