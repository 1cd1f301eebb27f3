"""What can be shown with the arms together: a number that comes from one arm alone would be that arm's.

In a trial whose arms are followed at different times a visit may exist in one arm only. Where arms may not
be told apart, such visits and windows of time are left out, whatever else they show.
"""

from collections.abc import Mapping

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.figures.estimates.grouping import list_analysed_scores, with_arm

_SCALE = ("instrument", "scale")


def keep_what_both_arms_share(tables: Tables) -> Mapping[str, pl.DataFrame]:
    """Keep the visits for which forms of randomised people of two arms or more were received.

    Of the tables assessments, items and scores; scores need two arms for their own scale at the visit too,
    and deterioration for its scale and definition.
    """
    kept = dict(tables)
    received = with_arm(tables["assessments"].filter(pl.col("received")), tables, by_arm=True)
    visits = find_shared(received, "visit_code")
    for name in ("assessments", "items", "scores"):
        kept[name] = _keep(tables[name], visits)
    counted = with_arm(list_analysed_scores(kept), tables, by_arm=True)
    kept["scores"] = _keep(kept["scores"], find_shared(counted, *_SCALE, "visit_code"))
    followed = tables["deterioration"].filter(pl.col("time_months").is_not_null())
    curves = find_shared(with_arm(followed, tables, by_arm=True), "definition", "scale")
    kept["deterioration"] = _keep(tables["deterioration"], curves)
    return kept


def find_shared(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Find the values of `keys` under which rows (with the column `arm`) of two arms or more stand."""
    counted = rows.group_by(*keys).agg(arms=pl.col("arm").n_unique())
    return counted.filter(pl.col("arms") > 1).select(*keys)


def _keep(rows: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    return rows.join(shared, on=shared.columns, how="semi", maintain_order="left")
