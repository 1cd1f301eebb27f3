"""ADTTE: time to deterioration of each scale under each definition that the protocol declares."""

from collections.abc import Iterator, Mapping

import polars as pl

from pro_app.exports.cdisc.adam.adqs import list_analysis_rows
from pro_app.exports.cdisc.adam.adsl import add_subjects
from pro_app.exports.cdisc.adam.adtte_variables import ADTTE_VARIABLES
from pro_app.exports.cdisc.adam.parameters import (
    list_event_parameters,
    list_scale_parameters,
    make_parameter_table,
    name_unknown,
    remark_on_unknown,
)
from pro_app.exports.cdisc.adam.value_levels import list_event_levels
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.frames import Tables, schema_of
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.scoring.deterioration.outcome import OUTCOMES, OutcomeCode

CENSORING_DATES: Mapping[str, str] = {
    "last_score": "Last score",
    "last_score_before_death": "Last score before death",
    "no_follow_up": "Day after time zero",
    "no_baseline": "Time zero",
}
"""What may end a time without an event, and which day ADT is then."""

EVENTS: tuple[OutcomeCode, ...] = ("deteriorated", "died", "no_follow_up", "no_baseline")
"""What may end a time with an event; the last two only where a definition says so."""

_AT_START = ("no_follow_up", "no_baseline")
"""Outcomes whose ADT counts from time zero: the day itself, or the day after it."""

TIME_UNIT = "MONTHS"
UNKNOWN_DEFINITION = "T0"
_KEYS = ("instrument", "scale", "definition")


def derive_adtte(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the times of one batch, sorted by USUBJID and PARAMN.

    A subject without any score on a scale, or whom the definition excludes, has no time and no row.
    """
    parameters = make_parameter_table(list_event_parameters(release)).rename({"source": "scale"})
    codes = make_parameter_table(list_scale_parameters(release)).select(
        "instrument", scale="source", SCALECD="PARAMCD"
    )
    rows = (
        tables["deterioration"]
        .filter(pl.col("event").is_not_null())
        .drop("arm")
        .join(parameters, on=_KEYS, how="left", maintain_order="left")
        .pipe(name_unknown, prefix=UNKNOWN_DEFINITION)
        .join(codes, on=_KEYS[:2], how="left", maintain_order="left")
        .with_columns(*_list_expressions(release))
    )
    rows = _add_sequence(add_subjects(rows, tables, release), list_analysis_rows(tables, release))
    ordered = rows.sort("USUBJID", "PARAMN", "PARAMCD", nulls_last=True, maintain_order=True)
    return ordered.select(ADTTE.table.column_names).cast(schema_of(ADTTE.table))


def _list_expressions(release: Release) -> list[pl.Expr]:
    """Give the variables that follow from the columns of one outcome."""
    words = {code: outcome.en for code, outcome in OUTCOMES.items()}
    numbers = {code: outcome.censoring_number for code, outcome in OUTCOMES.items()}
    outcome, censored = pl.col("outcome"), ~pl.col("event")
    number = outcome.replace_strict(numbers, return_dtype=pl.Int64())
    return [
        pl.col("time_months").alias("AVAL"),
        pl.lit(TIME_UNIT).alias("AVALU"),
        pl.col("time_days").alias("AVALDY"),
        pl.col("starts_on").alias("STARTDT"),
        pl.col("ends_on").alias("ADT"),
        pl.when(outcome.is_in(_AT_START)).then("starts_on").otherwise("ends_on").alias("source_on"),
        pl.when(censored).then(number).otherwise(0).alias("CNSR"),
        outcome.replace_strict(words, return_dtype=pl.String()).alias("EVNTDESC"),
        pl.when(censored)
        .then(outcome.replace_strict(CENSORING_DATES, default=None, return_dtype=pl.String()))
        .alias("CNSDTDSC"),
        pl.col("minimal_difference").alias("MINDIFF"),
        pl.col("reference").alias("REFVAL"),
        pl.col("value").alias("EVNTVAL"),
        *_name_sources(release),
    ]


def _name_sources(release: Release) -> list[pl.Expr]:
    """Give the dataset and the variable that ADT comes from: death, time zero, or a score."""
    from_randomisation = [
        definition.code
        for definition in release.protocol.analysis.deterioration
        if definition.rule.time_zero == "randomisation"
    ]
    at_start = pl.col("outcome").is_in(_AT_START)
    variable = (
        pl.when(pl.col("outcome") == "died")
        .then(pl.lit("DTHDT"))
        .when(at_start & pl.col("definition").is_in(from_randomisation))
        .then(pl.lit("RANDDT"))
        .otherwise(pl.lit("ADT"))
    )
    domain = pl.when(variable == "ADT").then(pl.lit("ADQS")).otherwise(pl.lit("ADSL"))
    return [domain.alias("SRCDOM"), variable.alias("SRCVAR")]


def _add_sequence(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Add SRCSEQ: the record of ADQS that gave ADT, by its visit where that is known, else by its day.

    `source_on` is the day of that record: ADT, or time zero where ADT counts from it.
    """
    day = ["USUBJID", "instrument", "scale", "source_on", "SRCDOM"]
    known = (
        records.filter(pl.col("scale").is_not_null() & pl.col("INCOMPFL").is_null())
        .sort(pl.col("AVAL").is_not_null(), "submitted_at", "ordinal", "visit_code", maintain_order=True)
        .with_columns(pl.lit("ADQS").alias("SRCDOM"), pl.col("ADT").alias("source_on"))
    )
    # The first record of a subject may lack this scale; then another one of that day has the date.
    keys = {"of_visit": [*day, "visit_code"], "of_day": day, "of_any": ["USUBJID", "source_on", "SRCDOM"]}
    for name, key in keys.items():
        found = known.unique(key, keep="last", maintain_order=True)
        rows = rows.join(
            found.select(*key, pl.col("ASEQ").alias(name)), on=key, how="left", maintain_order="left"
        )
    return rows.with_columns(pl.coalesce(*keys).alias("SRCSEQ"))


def find_adtte_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:
    """Name the definitions and scales that the release does not know."""
    del release
    return remark_on_unknown(rows, "ADTTE")


ADTTE = CdiscDataset(
    name="ADTTE",
    label="Time to Deterioration Analysis Dataset",
    standard="ADaM",
    class_name="BASIC DATA STRUCTURE",
    sub_class="TIME-TO-EVENT",
    structure="One record per subject and parameter",
    keys=("STUDYID", "USUBJID", "PARAMCD"),
    variables=ADTTE_VARIABLES,
    derive=derive_adtte,
    find_remarks=find_adtte_remarks,
    value_levels=list_event_levels,
    comment=(
        "Only the definitions that the protocol declares. A subject without any score on a scale has no "
        "record for it, nor one whom the definition excludes."
    ),
)
"""The dataset with what define.xml says about it."""
