"""What every SDTM dataset knows of its subjects: identifiers, reference dates, epochs, study days."""

import polars as pl

from pro_app.exports.cdisc.identifiers import study_id, subject_id
from pro_app.exports.cdisc.sdtm.frames import PERSON
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

SCREENING, TREATMENT, FOLLOW_UP = "SCREENING", "TREATMENT", "FOLLOW-UP"


def make_subjects(tables: Tables, release: Release) -> pl.DataFrame:
    """Give the participants of a batch by USUBJID, with `first_infusion_on` and `ended_on`.

    `ended_on` is the earliest day of death, of leaving the trial and of being lost to follow-up.
    """
    first = (
        tables["events"]
        .filter(pl.col("in_force") & (pl.col("kind") == "infusion"))
        .group_by(PERSON)
        .agg(pl.col("occurred_on").min().alias("first_infusion_on"))
    )
    people = tables["participants"].join(first, on=PERSON, how="left", maintain_order="left")
    return people.with_columns(
        pl.lit(study_id(release)).alias("STUDYID"),
        subject_id(release).alias("USUBJID"),
        pl.min_horizontal("died_on", "left_on", "lost_on").alias("ended_on"),
    )


def with_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Put identifiers and the dates that time is counted from beside each row."""
    columns = ["STUDYID", "USUBJID", "randomised_on", "treatment_ended_on", "first_infusion_on"]
    return rows.join(subjects.select(*PERSON, *columns), on=PERSON, how="left", maintain_order="left")


def study_day(column: str) -> pl.Expr:
    """Count days from randomisation, the day of which is 1; there is no day 0."""
    days = (pl.col(column) - pl.col("randomised_on")).dt.total_days()
    return days + (days >= 0).cast(pl.Int64)


def epoch_of(column: str) -> pl.Expr:
    """Give the epoch that a date lies in; empty without a date."""
    on = pl.col(column)
    before = pl.col("randomised_on").is_null() | (on <= pl.col("randomised_on"))
    during = pl.col("treatment_ended_on").is_null() | (on <= pl.col("treatment_ended_on"))
    return (
        pl.when(on.is_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(before)
        .then(pl.lit(SCREENING))
        .when(during)
        .then(pl.lit(TREATMENT))
        .otherwise(pl.lit(FOLLOW_UP))
    )
