"""What every SDTM dataset knows of its subjects: identifiers, reference dates, epochs, study days."""

import polars as pl

from pro_app.exports.cdisc.identifiers import study_id, subject_id
from pro_app.exports.cdisc.sdtm.frames import PERSON
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

SCREENING, TREATMENT, FOLLOW_UP = "SCREENING", "TREATMENT", "FOLLOW-UP"

_KNOWN_DAYS = (
    "consented_on",
    "randomised_on",
    "last_infusion_on",
    "treatment_ended_on",
    "progressed_on",
    "new_treatment_on",
    "questionnaires_stopped_on",
    "lost_on",
    "left_on",
    "data_objection_on",
    "answered_on",
)
"""The days on which something is known of a subject who is alive."""

EPOCH_DATES = ("consented_on", "randomised_on", "treatment_ended_on", "ended_on")
"""The columns of `make_subjects` that `epoch_of` needs beside a date."""


def make_subjects(tables: Tables, release: Release) -> pl.DataFrame:
    """Give the participants of a batch by USUBJID, with `first_infusion_on` and `ended_on`.

    `ended_on` is empty while none of death, leaving the trial and loss to follow-up is recorded. Then it is
    the day of death, else the last day on which anything is known of the subject: SDTMIG 3.4 asks of
    RFPENDTC that it is the last known date of contact.
    """
    first = (
        tables["events"]
        .filter(pl.col("in_force") & (pl.col("kind") == "infusion"))
        .group_by(PERSON)
        .agg(pl.col("occurred_on").min().alias("first_infusion_on"))
    )
    answered = tables["assessments"].group_by(PERSON).agg(pl.col("observed_on").max().alias("answered_on"))
    people = tables["participants"].join(first, on=PERSON, how="left", maintain_order="left")
    people = people.join(answered, on=PERSON, how="left", maintain_order="left")
    out = pl.any_horizontal(pl.col("left_on", "lost_on").is_not_null())
    return people.with_columns(
        pl.lit(study_id(release)).alias("STUDYID"),
        subject_id(release).alias("USUBJID"),
        pl.coalesce("died_on", pl.when(out).then(pl.max_horizontal(_KNOWN_DAYS))).alias("ended_on"),
    )


def with_subjects(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Put identifiers and the dates that time is counted from beside each row."""
    columns = ["STUDYID", "USUBJID", "first_infusion_on", *EPOCH_DATES]
    return rows.join(subjects.select(*PERSON, *columns), on=PERSON, how="left", maintain_order="left")


def study_day(column: str) -> pl.Expr:
    """Count days from randomisation, the day of which is 1; there is no day 0."""
    days = (pl.col(column) - pl.col("randomised_on")).dt.total_days()
    return days + (days >= 0).cast(pl.Int64)


def epoch_of(column: str) -> pl.Expr:
    """Give the epoch that a date lies in; empty without a date, before consent and after participation."""
    on = pl.col(column)
    outside = (on < pl.col("consented_on")) | (on > pl.col("ended_on"))
    before = pl.col("randomised_on").is_null() | (on <= pl.col("randomised_on"))
    during = pl.col("treatment_ended_on").is_null() | (on <= pl.col("treatment_ended_on"))
    return (
        pl.when(on.is_null() | outside.fill_null(value=False))
        .then(pl.lit(None, dtype=pl.String))
        .when(before)
        .then(pl.lit(SCREENING))
        .when(during)
        .then(pl.lit(TREATMENT))
        .otherwise(pl.lit(FOLLOW_UP))
    )
