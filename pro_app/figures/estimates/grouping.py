"""Which rows an estimate uses, and whether it tells the arms apart."""

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.exports.tidy.analysed import AFTER_DEATH, AFTER_RANDOMISATION, mark_forms

EVERYONE = "ALL"
"""What stands in the column `arm` where the arms are taken together."""


def with_arm(frame: pl.DataFrame, tables: Tables, *, by_arm: bool) -> pl.DataFrame:
    """Add the columns `arm` (EVERYONE unless `by_arm`) and `randomised_on` of the person to rows.

    Told apart, people who were not randomised drop out: they have no arm.
    """
    people = tables["participants"].select("site", "participant_code", "arm", "randomised_on")
    rows = frame.drop("arm", "randomised_on", strict=False)
    rows = rows.join(people, on=["site", "participant_code"], how="left", maintain_order="left")
    if by_arm:
        return rows.filter(pl.col("arm").is_not_null())
    return rows.with_columns(arm=pl.lit(EVERYONE))


def list_analysed_scores(tables: Tables) -> pl.DataFrame:
    """Give the scores that count: latest version of each form that was sent, with a value.

    Forms answered after death, and baseline forms given after randomisation, do not count.
    """
    sent = tables["scores"].filter(
        pl.col("is_current") & ~pl.col("incomplete") & pl.col("value").is_not_null()
    )
    marked = mark_forms(sent, tables).filter(~pl.col(AFTER_DEATH) & ~pl.col(AFTER_RANDOMISATION))
    return marked.select(sent.columns)
