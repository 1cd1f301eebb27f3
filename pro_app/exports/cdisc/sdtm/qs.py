"""QS: one row for each question of each form that is final: items as answered, and the scores."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.frames import PERSON, VISIT, iso_date, number_rows, shape_rows
from pro_app.exports.cdisc.sdtm.qs_levels import list_qs_levels
from pro_app.exports.cdisc.sdtm.qs_rows import list_rows
from pro_app.exports.cdisc.sdtm.qs_variables import QS_VARIABLES
from pro_app.exports.cdisc.sdtm.questions import list_questions
from pro_app.exports.cdisc.sdtm.subjects import epoch_of, make_subjects, study_day, with_subjects
from pro_app.exports.cdisc.sdtm.visits import place_visits
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark


def derive_qs(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the questions of one batch, each subject's by visit, then in the order of the questionnaires."""
    return shape_rows(QS.table, make_qs_rows(tables, release))


def make_qs_rows(tables: Tables, release: Release) -> pl.DataFrame:
    """Give the rows of QS with the columns of the tidy tables that they came from still beside them."""
    subjects = make_subjects(tables, release).with_row_index("place")
    forms = list_forms(tables, release, subjects)
    rows = list_rows(tables, release).join(forms, on=VISIT, how="left").sort("place", "visit_rank", "rank")
    rows = rows.with_columns(
        pl.lit("QS").alias("DOMAIN"),
        number_rows("QSSEQ"),
        group_id().alias("QSGRPID"),
    )
    return rows.with_columns(_last_before_exposure().alias("QSLOBXFL"))


def group_id() -> pl.Expr:
    """Give QSGRPID: the code of the visit and the instrument."""
    return pl.format("{}.{}", "visit_group", pl.col("instrument").str.to_uppercase())


def list_forms(tables: Tables, release: Release, subjects: pl.DataFrame) -> pl.DataFrame:
    """Give what is the same for all questions of a visit: subject, visit, day, epoch.

    `subjects` are numbered by `place`; `visit_rank` numbers the visits of all of them.
    """
    assessments = tables["assessments"]
    visits = place_visits(assessments, release.protocol)
    # Flags that begin with an underscore stay out of the way of the same facts in SUPPQS.
    flags = (_is_own_and_sent(release).alias("_own_and_sent"),)
    forms = with_subjects(assessments.select(*VISIT, "observed_on", *flags), subjects)
    forms = forms.join(visits, on=VISIT, how="left", maintain_order="left")
    forms = forms.join(subjects.select(*PERSON, "place"), on=PERSON, how="left", maintain_order="left")
    ordinal = pl.when(pl.col("ordinal") > 0).then(pl.format("{}-{}", "visit_code", "ordinal"))
    forms = forms.sort("place", "VISITNUM", "visit_code").with_row_index("visit_rank")
    return forms.select(
        *VISIT,
        "place",
        "visit_rank",
        "STUDYID",
        "USUBJID",
        "VISITNUM",
        "VISIT",
        "VISITDY",
        ordinal.otherwise("visit_code").alias("visit_group"),
        "first_infusion_on",
        "_own_and_sent",
        "observed_on",
        iso_date("observed_on").alias("QSDTC"),
        study_day("observed_on").alias("QSDY"),
        epoch_of("observed_on").alias("EPOCH"),
    )


def _is_own_and_sent(release: Release) -> pl.Expr:
    """Say whether a form was sent, and answered by the subject and not by a relative in their place."""
    others = [respondent.code for respondent in release.protocol.respondents if not respondent.scored]
    return ~pl.col("incomplete") & ~pl.col("respondent").is_in(others).fill_null(value=False)


def _last_before_exposure() -> pl.Expr:
    """Say Y on the last result of each question up to the first infusion, the last row on the same day."""
    counts = pl.col("QSSTRESC").is_not_null() & pl.col("_own_and_sent")
    counts &= pl.col("observed_on") <= pl.col("first_infusion_on")
    # A later version of an instrument asks the same question under the same code.
    stamp = pl.when(counts).then(pl.col("observed_on").cast(pl.Int64) * _ROWS + pl.col("QSSEQ"))
    last = stamp == stamp.max().over("place", "QSCAT", "QSTESTCD")
    return pl.when(last).then(pl.lit("Y"))


_ROWS = 1 << 32
"""More rows than any subject has."""


def find_qs_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:
    """Say which names of questions are cut, and which questions have no code."""
    questions = list_questions(release) if rows.height else ()
    cut = ", ".join(question.test_code for question in questions if question.is_cut)
    unnamed = ", ".join(question.test_code for question in questions if question.has_no_code)
    if cut:
        yield Remark(
            "qs_test_cut",
            f"QSTEST coupé à 40 caractères : {cut}.",
            f"QSTEST cut to 40 characters: {cut}.",
            "QS",
        )
    if unnamed:
        yield Remark(
            "qs_no_code",
            f"Ni CDISC ni le promoteur n’ont donné de code à ces questions : {unnamed}.",
            f"Neither CDISC nor the sponsor has given these questions a code: {unnamed}.",
            "QS",
        )


QS = CdiscDataset(
    name="QS",
    label="Questionnaires",
    standard="SDTM",
    class_name="FINDINGS",
    structure="One record per question per visit per subject",
    keys=("STUDYID", "USUBJID", "VISITNUM", "QSCAT", "QSTESTCD"),
    variables=QS_VARIABLES,
    derive=derive_qs,
    find_remarks=find_qs_remarks,
    value_levels=list_qs_levels,
    comment=(
        "The latest version of the answers to each form that was sent or whose period is over. Forms no "
        "longer expected have no row. Answers given by a relative in the subject's place have items and no "
        "scores."
    ),
)
