"""The rows of ADQS that are scale scores: value, baseline, change and what stands behind the value."""

import polars as pl

from pro_app.exports.cdisc.adam.adsl import yes, yes_or_no
from pro_app.exports.cdisc.adam.parameters import list_scale_parameters, make_parameter_table, name_unknown
from pro_app.exports.cdisc.adam.visits import VISIT_KEYS
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.tidy.analysed import AFTER_DEATH, AFTER_RANDOMISATION, mark_forms

CHANGES = {"improved": "Improved", "stable": "No change", "worsened": "Worsened"}
REASONS = {"too_few_answers": "TOO FEW ANSWERS", "scale_missing": "SCALE MISSING"}
SIGNS = {"below": "<", "above": ">"}


def list_score_rows(tables: Tables, release: Release) -> pl.DataFrame:
    """Give one row for each scale of the latest version of every form that was answered.

    A scale that could not be scored has its row, too, with the reason in place of the value.
    """
    parameters = make_parameter_table(list_scale_parameters(release)).rename({"source": "scale"})
    late = tables["assessments"].select(*VISIT_KEYS, "late")
    scores = (
        tables["scores"]
        .filter("is_current")
        .join(parameters.drop("definition"), on=["instrument", "scale"], how="left", maintain_order="left")
        .join(_list_criteria(release), on="scale", how="left", maintain_order="left")
        .join(late, on=VISIT_KEYS, how="left", maintain_order="left")
    )
    return mark_forms(name_unknown(scores), tables).with_columns(*_values(), *_changes(), *_details())


def _values() -> list[pl.Expr]:
    return [
        pl.col("value").alias("AVAL"),
        pl.lit(None, dtype=pl.String()).alias("AVALC"),
        pl.col("raw").alias("RAWSCORE"),
        pl.col("baseline").alias("BASE"),
        yes(pl.col("is_baseline") & pl.col("value").is_not_null()).alias("ABLFL"),
        pl.col("minimal_difference").alias("MINDIFF"),
        pl.when(pl.col("CRIT1").is_not_null()).then(yes_or_no(pl.col("important"))).alias("CRIT1FL"),
    ]


def _changes() -> list[pl.Expr]:
    """Give change, percent change and category, of scored rows that are not the baseline itself."""
    after = ~pl.col("is_baseline")
    change = pl.when(after).then("change")
    category = pl.col("change_category").replace_strict(CHANGES, return_dtype=pl.String())
    return [
        change.alias("CHG"),
        pl.when(pl.col("baseline") != 0).then(100 * change / pl.col("baseline")).alias("PCHG"),
        pl.when(change.is_not_null()).then(category).alias("CHGCAT1"),
    ]


def _details() -> list[pl.Expr]:
    reason = pl.col("reason").replace_strict(REASONS, default=pl.col("reason"), return_dtype=pl.String())
    return [
        pl.col("instrument_version").alias("INSTVER"),
        pl.col("scoring_name").alias("SCOREDEF"),
        pl.col("observed_on").alias("ADT"),
        yes(pl.col("late")).alias("LATEFL"),
        yes(pl.col(AFTER_RANDOMISATION)).alias("AFTRNDFL"),
        yes(pl.col(AFTER_DEATH)).alias("AFTDTHFL"),
        yes(pl.col("incomplete")).alias("INCOMPFL"),
        pl.col("answered").alias("NANSWER"),
        pl.col("not_applicable").alias("NNOTAPPL"),
        pl.col("missing").alias("NMISSING"),
        pl.col("needed").alias("NNEEDED"),
        reason.alias("NSREASN"),
    ]


def _list_criteria(release: Release) -> pl.DataFrame:
    """Give each scale's threshold of clinical importance as a criterion on AVAL."""
    bounds = release.protocol.thresholds.clinical_importance.bounds
    columns = {
        "scale": list(bounds),
        "CRIT1": [f"AVAL {SIGNS[bound.side]} {bound.value:g}" for bound in bounds.values()],
    }
    return pl.DataFrame(columns, schema={"scale": pl.String(), "CRIT1": pl.String()})
