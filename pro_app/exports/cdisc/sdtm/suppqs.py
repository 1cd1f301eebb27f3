"""SUPPQS: what is known of the rows of QS beyond its variables: mode, who answered, late, wording."""

import polars as pl

from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.frames import VISIT, shape_rows
from pro_app.exports.cdisc.sdtm.qs import group_id, list_forms, make_qs_rows
from pro_app.exports.cdisc.sdtm.subjects import make_subjects
from pro_app.exports.cdisc.sdtm.variables import assigned, identifiers, mandatory
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

QUALIFIERS = {
    "QSMODE": "Mode of Administration",
    "QSENTBY": "Who Entered the Answer",
    "QSWORDNG": "SHA-256 of the Wording Shown",
    "QSRESPVN": "Version of the Answers",
    "QSRESPDT": "Who Answered",
    "QSLATE": "Received after the Window",
    "QSINCOMP": "Begun and Never Sent",
    "QSAFTRND": "Baseline Given after Randomisation",
}
"""QLABEL by QNAM, in the order of the rows."""

_OF_ITEMS = {"QSMODE": "mode", "QSENTBY": "entered_by", "QSWORDNG": "wording_sha256"}
_OF_FLAGS = {"QSLATE": "late", "QSINCOMP": "incomplete", "QSAFTRND": "after_randomisation"}
_ORIGINS = {"QSRESPDT": "CRF", "QSMODE": "CRF"}
_FORM = (*VISIT, "instrument")
_COLUMNS = ("STUDYID", "USUBJID", "QNAM", "QVAL", "IDVAR", "IDVARVAL", "visit_rank", "group_rank", "QSSEQ")


def derive_suppqs(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the qualifiers of one batch.

    What is the same for a whole questionnaire is said once, by QSGRPID; where it differs between items
    (two modes, a language changed on the way) it is said of each row, by QSSEQ.
    """
    groups = _list_groups(tables, release)
    parts = [_of_groups(groups)]
    for name, column in _OF_ITEMS.items():
        differs = groups.filter(pl.col(f"{column}_values") > 1)
        if differs.height:
            parts.append(_of_rows(tables, release, differs, name=name))
    names = list(QUALIFIERS)
    known = pl.concat(part.select(_COLUMNS) for part in parts).with_columns(
        pl.lit("QS").alias("RDOMAIN"),
        pl.col("QNAM").replace_strict(QUALIFIERS).alias("QLABEL"),
        pl.col("QNAM").replace_strict(_ORIGINS, default="ASSIGNED", return_dtype=pl.String).alias("QORIG"),
        pl.col("QNAM").replace_strict(names, range(len(names))).alias("name_rank"),
    )
    order = ("visit_rank", "group_rank", "IDVAR", "QSSEQ", "name_rank")
    return shape_rows(SUPPQS.table, known.sort(order))


def _list_groups(tables: Tables, release: Release) -> pl.DataFrame:
    """Give the questionnaires of forms that were begun, each item column with how many values it has."""
    subjects = make_subjects(tables, release).with_row_index("place")
    forms = list_forms(tables, release, subjects).filter(pl.col("observed_on").is_not_null())
    flags = tables["assessments"].select(*VISIT, "respondent", *_OF_FLAGS.values())
    of_items: list[pl.Expr] = [pl.col("response_version").drop_nulls().first()]
    for column in _OF_ITEMS.values():
        values = pl.col(column).drop_nulls()
        of_items += [values.first(), values.n_unique().alias(f"{column}_values")]
    items = tables["items"].filter(pl.col("is_current") & (pl.col("state") != "not_expected"))
    groups = items.group_by(_FORM, maintain_order=True).agg(of_items).with_row_index("group_rank")
    told = groups.join(forms, on=VISIT, how="inner").join(flags, on=VISIT, how="left")
    return told.with_columns(group_id().alias("QSGRPID"))


def _of_groups(groups: pl.DataFrame) -> pl.DataFrame:
    """Give what holds for a whole questionnaire; a flag only where it is set."""
    told = groups.select(
        "STUDYID",
        "USUBJID",
        "visit_rank",
        "group_rank",
        "QSGRPID",
        *(pl.when(pl.col(f"{c}_values") == 1).then(c).alias(name) for name, c in _OF_ITEMS.items()),
        pl.col("response_version").cast(pl.String).alias("QSRESPVN"),
        pl.col("respondent").str.to_uppercase().alias("QSRESPDT"),
        *(pl.when(pl.col(c)).then(pl.lit("Y")).alias(name) for name, c in _OF_FLAGS.items()),
    )
    index = ["STUDYID", "USUBJID", "visit_rank", "group_rank", "QSGRPID"]
    long = told.unpivot(on=list(QUALIFIERS), index=index, variable_name="QNAM", value_name="QVAL")
    return long.drop_nulls("QVAL").with_columns(
        pl.lit("QSGRPID").alias("IDVAR"),
        pl.col("QSGRPID").alias("IDVARVAL"),
        pl.lit(0, dtype=pl.Int64).alias("QSSEQ"),
    )


def _of_rows(tables: Tables, release: Release, groups: pl.DataFrame, *, name: str) -> pl.DataFrame:
    """Give what differs between the items of these questionnaires, row by row of QS."""
    column = _OF_ITEMS[name]
    rows = make_qs_rows(tables, release).drop_nulls(column)
    told = rows.join(groups.select(*_FORM, "group_rank"), on=_FORM, how="inner")
    return told.with_columns(
        pl.lit(name).alias("QNAM"),
        pl.col(column).alias("QVAL"),
        pl.lit("QSSEQ").alias("IDVAR"),
        pl.col("QSSEQ").cast(pl.String).alias("IDVARVAL"),
    )


def list_suppqs_levels(release: Release) -> tuple[ValueLevel, ...]:  # noqa: ARG001 -- the form of all value levels
    """List what QVAL holds by QNAM."""
    collected = {"QSMODE", "QSENTBY", "QSRESPDT"}
    return tuple(
        ValueLevel(
            variable="QVAL",
            where="QNAM",
            values=(name,),
            data_type="text",
            origin="Collected" if name in collected else "Assigned",
            source="Subject" if name in collected else "Sponsor",
            comment=label,
        )
        for name, label in QUALIFIERS.items()
    )


SUPPQS = CdiscDataset(
    name="SUPPQS",
    label="Supplemental Qualifiers for QS",
    standard="SDTM",
    class_name="RELATIONSHIP",
    structure="One record per supplemental qualifier per questionnaire or question",
    keys=("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM"),
    variables=(
        identifiers("QS")[0],
        mandatory(assigned("RDOMAIN", "Related Domain Abbreviation", "Identifier", codelist="DOMAIN.QS")),
        identifiers("QS")[2],
        assigned("IDVAR", "Identifying Variable", "Identifier"),
        assigned("IDVARVAL", "Identifying Variable Value", "Identifier"),
        mandatory(assigned("QNAM", "Qualifier Variable Name", "Topic", codelist="QNAM")),
        mandatory(assigned("QLABEL", "Qualifier Variable Label", "Synonym Qualifier")),
        mandatory(assigned("QVAL", "Data Value", "Result Qualifier")),
        mandatory(assigned("QORIG", "Origin", "Record Qualifier")),
        assigned("QEVAL", "Evaluator", "Record Qualifier", comment="Always empty."),
    ),
    derive=derive_suppqs,
    value_levels=list_suppqs_levels,
)
