"""ADQS: scores and completion by planned visit and by time since randomisation, with change from baseline."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.adam.adqs_variables import ADQS_VARIABLES
from pro_app.exports.cdisc.adam.adsl import add_subjects, yes
from pro_app.exports.cdisc.adam.completion_rows import list_completion_rows
from pro_app.exports.cdisc.adam.days import analysis_day, days_between
from pro_app.exports.cdisc.adam.parameters import COMPLETION_GROUP, remark_on_unknown
from pro_app.exports.cdisc.adam.score_rows import list_score_rows
from pro_app.exports.cdisc.adam.sources import add_qs_sources
from pro_app.exports.cdisc.adam.value_levels import list_score_levels
from pro_app.exports.cdisc.adam.visits import add_visits
from pro_app.exports.cdisc.adam.windows import add_windows
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.frames import Tables, schema_of
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tidy.windows import flag_closest

_IS_SCORE = pl.col("PARCAT2") != COMPLETION_GROUP
_IS_SENT_SCORE = _IS_SCORE & pl.col("AVAL").is_not_null() & pl.col("INCOMPFL").is_null()
_IS_ANALYSED = _IS_SENT_SCORE & pl.col("AFTRNDFL").is_null() & pl.col("AFTDTHFL").is_null()


def derive_adqs(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the records of one batch, sorted by USUBJID, PARAMN and VISITNUM."""
    rows = add_qs_sources(list_analysis_rows(tables, release), tables, release)
    return rows.select(ADQS.table.column_names).cast(schema_of(ADQS.table))


def list_analysis_rows(tables: Tables, release: Release) -> pl.DataFrame:
    """Give the records of ADQS, all but their sources, with the columns of the tables they come from."""
    parts = [list_score_rows(tables, release), list_completion_rows(tables, release)]
    rows = add_subjects(pl.concat(parts, how="diagonal"), tables, release)
    rows = (
        add_visits(rows, tables, release)
        .sort("USUBJID", "PARAMN", "PARAMCD", "VISITNUM", nulls_last=True, maintain_order=True)
        .with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64()).over("USUBJID").alias("ASEQ"),
            pl.when(_IS_SCORE).then(days_between("RANDDT", "ADT")).alias("days"),
            analysis_day(days_between("RANDDT", "ADT")).alias("ADY"),
        )
    )
    rows = add_windows(rows, release.protocol.analysis.time_windows)
    closest = flag_closest(rows, within=("USUBJID", "PARAMCD", "AWINDOWN"), eligible=_IS_ANALYSED)
    return rows.with_columns(
        yes(pl.lit(closest)).alias("ANL01FL"),
        yes(pl.col("AVISIT").is_not_null() & (_IS_ANALYSED | ~_IS_SCORE)).alias("ANL02FL"),
    )


def find_adqs_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:
    """Name the scales that the definitions of the release do not know."""
    del release
    return remark_on_unknown(rows, "ADQS")


ADQS = CdiscDataset(
    name="ADQS",
    label="Questionnaires Analysis Dataset",
    standard="ADaM",
    class_name="BASIC DATA STRUCTURE",
    structure="One record per subject, parameter and visit",
    keys=("STUDYID", "USUBJID", "PARAMCD", "VISITNUM"),
    variables=ADQS_VARIABLES,
    derive=derive_adqs,
    find_remarks=find_adqs_remarks,
    comment=(
        "Latest version of each form. Two windowings: AVISIT by the plan of the protocol (ANL02FL), AWINDOW "
        "by time since randomisation (ANL01FL). No imputed rows. Items are in QS. Forms that someone else "
        "answered in the subject's place are not scored and have completion records only."
    ),
    value_levels=list_score_levels,
)
"""The dataset with what define.xml says about it."""
