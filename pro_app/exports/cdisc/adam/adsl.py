"""ADSL: one row for each subject, with the dates and populations that every analysis starts from."""

from collections.abc import Mapping

import polars as pl

from pro_app.exports.cdisc.adam.adsl_variables import ADSL_VARIABLES
from pro_app.exports.cdisc.adam.subject_variables import SUBJECT_NAMES
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.dm import derive_dm
from pro_app.exports.frames import Tables, schema_of
from pro_app.exports.release import Release
from pro_app.exports.tidy.analysed import is_in_denominator
from pro_app.protocol.protocol import UNSCHEDULED

PERSON = ("site", "participant_code")

ENDS = (("died_on", "DEATH"), ("left_on", "WITHDRAWAL BY SUBJECT"), ("lost_on", "LOST TO FOLLOW-UP"))
"""Events that end a subject's time in the trial, those that win on the same day first."""

_COPIED = ("STUDYID", "USUBJID", "AGE", "AGEU", "SEX", "ARM", "ARMCD", "ACTARM", "ACTARMCD")
_COLUMNS = {
    "RFICDT": "consented_on",
    "RANDDT": "randomised_on",
    "NINFUS": "infusions",
    "EOTDT": "treatment_ended_on",
    "PROGDT": "progressed_on",
    "NEWTRTDT": "new_treatment_on",
    "QSSTOPDT": "questionnaires_stopped_on",
    "OBJECTDT": "data_objection_on",
    "DTHDT": "died_on",
}
"""Variables that are columns of the table `participants`."""

STATUSES = ("COMPLETED", "DISCONTINUED", "ONGOING")


def derive_adsl(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the subjects of one batch, sorted by USUBJID."""
    people = tables["participants"].join(
        derive_dm(tables, release).select(*_COPIED, site="SITEID", participant_code="SUBJID"),
        on=PERSON,
        how="left",
        maintain_order="left",
    )
    for part in (_list_infusions(tables), _list_baselines(tables), _list_plans(tables)):
        people = people.join(part, on=PERSON, how="left", maintain_order="left")
    numbers = {arm.code: number for number, arm in enumerate(release.protocol.arms, start=1)}
    rows = people.with_columns(
        *_list_expressions(numbers, in_trial=is_in_denominator(release.protocol))
    ).with_columns(_status(), _end())
    return rows.select(ADSL.table.column_names).cast(schema_of(ADSL.table)).sort(*ADSL.keys)


def _list_expressions(arm_numbers: Mapping[str, int], *, in_trial: pl.Expr) -> list[pl.Expr]:
    """Give the variables that follow from one person's columns; `in_trial`: randomised, or else enrolled."""
    ends = pl.min_horizontal(column for column, _ in ENDS)
    reasons = pl.coalesce(pl.when(pl.col(column) == ends).then(pl.lit(why)) for column, why in ENDS)
    return [
        pl.col("participant_code").alias("SUBJID"),
        pl.col("site").alias("SITEID"),
        pl.col("ARM").alias("TRT01P"),
        pl.col("ARMCD").replace_strict(arm_numbers, default=None, return_dtype=pl.Int64()).alias("TRT01PN"),
        pl.col("ACTARM").alias("TRT01A"),
        pl.col("ACTARMCD")
        .replace_strict(arm_numbers, default=None, return_dtype=pl.Int64())
        .alias("TRT01AN"),
        pl.lit("Y").alias("ENRLFL"),
        yes_or_no(pl.col("randomised_on").is_not_null()).alias("RANDFL"),
        yes_or_no(in_trial).alias("ITTFL"),
        yes_or_no(in_trial & pl.col("has_baseline").fill_null(value=False)).alias("PROFL"),
        *(pl.col(column).alias(name) for name, column in _COLUMNS.items()),
        yes(pl.col("died_on").is_not_null()).alias("DTHFL"),
        ends.alias("ended_on"),
        reasons.alias("DCSREAS"),
        (in_trial & pl.col("plan_is_over").fill_null(value=False)).alias("is_complete"),
    ]


def yes(condition: pl.Expr) -> pl.Expr:
    """Give Y where something holds, else nothing."""
    return pl.when(condition).then(pl.lit("Y"))


def yes_or_no(condition: pl.Expr) -> pl.Expr:
    """Give Y where something holds, N where it does not, nothing where it is unknown."""
    return pl.when(condition).then(pl.lit("Y")).when(condition.not_()).then(pl.lit("N"))


def _status() -> pl.Expr:
    ended = pl.when(pl.col("ended_on").is_not_null()).then(pl.lit("DISCONTINUED"))
    return ended.when("is_complete").then(pl.lit("COMPLETED")).otherwise(pl.lit("ONGOING")).alias("EOSSTT")


def _end() -> pl.Expr:
    return pl.coalesce("ended_on", pl.when("is_complete").then("last_window_on")).alias("EOSDT")


def _list_infusions(tables: Tables) -> pl.DataFrame:
    """Give the first and the last infusion of each person."""
    infusions = tables["events"].filter((pl.col("kind") == "infusion") & pl.col("in_force"))
    return infusions.group_by(PERSON).agg(
        pl.col("occurred_on").min().alias("TRTSDT"), pl.col("occurred_on").max().alias("TRTEDT")
    )


def _list_baselines(tables: Tables) -> pl.DataFrame:
    """Say of each person with scores whether one of them is a baseline."""
    return tables["scores"].group_by(PERSON).agg(pl.col("is_baseline").any().alias("has_baseline"))


def _list_plans(tables: Tables) -> pl.DataFrame:
    """Say of each person whether all planned windows are final and over, and when the last one ended."""
    planned = tables["assessments"].filter(pl.col("visit_code") != UNSCHEDULED)
    over = pl.col("window_closed") & ~pl.col("provisional")
    return planned.group_by(PERSON).agg(
        over.all().alias("plan_is_over"), pl.col("closes_on").max().alias("last_window_on")
    )


ADSL = CdiscDataset(
    name="ADSL",
    label="Subject-Level Analysis Dataset",
    standard="ADaM",
    class_name="SUBJECT LEVEL ANALYSIS DATASET",
    structure="One record per subject",
    keys=("STUDYID", "USUBJID"),
    variables=ADSL_VARIABLES,
    derive=derive_adsl,
    comment="Everybody who consented, also those who were not randomised.",
)
"""The dataset with what define.xml says about it."""


def add_subjects(rows: pl.DataFrame, tables: Tables, release: Release) -> pl.DataFrame:
    """Add the variables of SUBJECT to rows that have the columns `site` and `participant_code`."""
    subjects = (
        derive_adsl(tables, release)
        .rename({"TRT01P": "TRTP", "TRT01PN": "TRTPN"})
        .select(*SUBJECT_NAMES, pl.col("SITEID").alias("site"), pl.col("SUBJID").alias("participant_code"))
    )
    return rows.join(subjects, on=PERSON, maintain_order="left")
