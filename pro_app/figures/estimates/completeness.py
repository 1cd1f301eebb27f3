"""How complete the forms that were sent are, item by item."""

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.figures.estimates.grouping import with_arm

COMPLETE = ("answered", "not_applicable")
"""“Not applicable” is an answer for completeness, though no number for a score."""
NOT_SENT = ("form_missing", "not_expected")


def estimate_item_completeness(tables: Tables, *, by_arm: bool = False) -> pl.DataFrame:
    """Give, for each item at each planned visit, the share of sent forms in which it is answered.

    Columns: arm, instrument, item, visit_code, forms, answered, not_applicable, declined, left_blank,
    share (0-1).
    """
    items = tables["items"].filter(
        pl.col("is_current")
        & ~pl.col("incomplete")
        & ~pl.col("state").is_in(NOT_SENT)
        & (pl.col("visit_code") != "UNSCHEDULED")
    )
    order = _order_of_visits(tables)
    counted = (
        with_arm(items, tables, by_arm=by_arm)
        .group_by("arm", "instrument", "item", "visit_code")
        .agg(
            forms=pl.len().cast(pl.Int64),
            **{
                state: (pl.col("state") == state).sum().cast(pl.Int64)
                for state in ("answered", "not_applicable", "declined", "left_blank")
            },
            share=pl.col("state").is_in(COMPLETE).mean(),
        )
    )
    return (
        counted.join(order, on="visit_code", how="left")
        .sort("arm", "instrument", "item", "place", "visit_code")
        .drop("place")
    )


def _order_of_visits(tables: Tables) -> pl.DataFrame:
    """Put the visits in the order of their first opening day."""
    visits = tables["assessments"].group_by("visit_code").agg(pl.col("opens_on").min())
    return visits.sort("opens_on", "visit_code").select("visit_code").with_row_index("place")
