"""SE: which elements of the trial each subject went through, and when."""

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.elements import AFTER, BEFORE, Element, list_arm_elements
from pro_app.exports.cdisc.sdtm.frames import iso_date, number_rows, shape_rows
from pro_app.exports.cdisc.sdtm.subjects import make_subjects, study_day
from pro_app.exports.cdisc.sdtm.variables import assigned, derived, identifiers, mandatory, sequence
from pro_app.exports.cdisc.sdtm.variables import study_day as study_day_variable
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release


def derive_se(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the elements of the subjects of one batch, each subject's by day; one not begun is absent."""
    subjects = make_subjects(tables, release).with_row_index("place")
    parts = [_spans(subjects, BEFORE, order=1, start="consented_on", end="randomised_on")]
    for arm, element in list_arm_elements(release.protocol).items():
        members = subjects.filter(pl.col("arm") == arm)
        parts.append(_spans(members, element, order=2, start="randomised_on", end="treatment_ended_on"))
    parts.append(_spans(subjects, AFTER, order=3, start="treatment_ended_on", end="ended_on"))
    rows = (
        pl.concat(parts)
        .sort("place", "TAETORD")
        .with_columns(
            pl.lit("SE").alias("DOMAIN"),
            number_rows("SESEQ"),
            iso_date("starts_on").alias("SESTDTC"),
            iso_date("until_on").alias("SEENDTC"),
            study_day("starts_on").alias("SESTDY"),
            study_day("until_on").alias("SEENDY"),
        )
    )
    return shape_rows(SE.table, rows)


def _spans(subjects: pl.DataFrame, element: Element, *, order: int, start: str, end: str) -> pl.DataFrame:
    """Give one element of the subjects who began it before their participation ended, where it ends, too."""
    over = (pl.col(start) > pl.col("ended_on")).fill_null(value=False)
    began = subjects.filter(pl.col(start).is_not_null() & ~over)
    return began.select(
        "STUDYID",
        "USUBJID",
        "place",
        "randomised_on",
        pl.lit(element.code).alias("ETCD"),
        pl.lit(element.name).alias("ELEMENT"),
        pl.lit(element.epoch).alias("EPOCH"),
        pl.lit(order).alias("TAETORD"),
        pl.col(start).alias("starts_on"),
        pl.min_horizontal(end, "ended_on").alias("until_on"),
    )


_END_METHOD = (
    "Start of the next element, or the end of participation (DM.RFPENDTC) where that comes first; "
    "empty while the element goes on."
)

SE = CdiscDataset(
    name="SE",
    label="Subject Elements",
    standard="SDTM",
    class_name="SPECIAL PURPOSE",
    structure="One record per actual element per subject",
    keys=("STUDYID", "USUBJID", "SESTDTC", "TAETORD"),
    variables=(
        *identifiers("SE"),
        sequence("SE"),
        mandatory(assigned("ETCD", "Element Code", "Topic")),
        assigned("ELEMENT", "Description of Element", "Synonym Qualifier"),
        assigned("EPOCH", "Epoch", "Timing", codelist="EPOCH"),
        mandatory(
            derived(
                "SESTDTC",
                "Start Date/Time of Element",
                "Timing",
                data_type="date",
                method="The day of consent, of randomisation, or of the end of treatment or surveillance.",
            )
        ),
        derived("SEENDTC", "End Date/Time of Element", "Timing", data_type="date", method=_END_METHOD),
        derived(
            "TAETORD",
            "Planned Order of Element within Arm",
            "Timing",
            data_type="integer",
            method="As in TA.",
        ),
        study_day_variable("SESTDY", "Study Day of Start of Element", date_name="SESTDTC"),
        study_day_variable("SEENDY", "Study Day of End of Element", date_name="SEENDTC"),
    ),
    derive=derive_se,
    comment="An element that would begin after the end of participation is absent.",
)
