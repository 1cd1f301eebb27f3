"""How the scores of a scale lie between 0 and 100, visit by visit."""

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.figures.estimates.grouping import list_analysed_scores, with_arm

BANDS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 100))
"""From the first value up to, but without, the second; the last one includes 100."""


def estimate_distribution(tables: Tables, scale: str, *, by_arm: bool = False) -> pl.DataFrame:
    """Count the people in each fifth of the range at each planned visit.

    Columns: arm, visit_code, band (0-4), from_score, to_score, n (people), people (at the visit), share
    (0-1). Every band of a visit that has scores is there, also with nobody in it.
    """
    scores = list_analysed_scores(tables).filter(
        (pl.col("scale") == scale) & (pl.col("visit_code") != "UNSCHEDULED")
    )
    scores = with_arm(scores, tables, by_arm=by_arm).with_columns(
        band=(pl.col("value") / 20).floor().clip(0, len(BANDS) - 1).cast(pl.Int64)
    )
    visits = scores.group_by("arm", "visit_code").agg(
        people=pl.len().cast(pl.Int64), first_on=pl.col("observed_on").min()
    )
    counted = scores.group_by("arm", "visit_code", "band").agg(n=pl.len().cast(pl.Int64))
    bands = pl.DataFrame(
        [(band, *ends) for band, ends in enumerate(BANDS)],
        schema={"band": pl.Int64, "from_score": pl.Int64, "to_score": pl.Int64},
        orient="row",
    )
    return (
        visits.join(bands, how="cross")
        .join(counted, on=["arm", "visit_code", "band"], how="left")
        .with_columns(pl.col("n").fill_null(0))
        .with_columns(share=pl.col("n") / pl.col("people"))
        .sort("arm", "first_on", "visit_code", "band")
        .select("arm", "visit_code", "band", "from_score", "to_score", "n", "people", "share")
    )
