"""SV: the visits of each subject, those that took place and those that were missed."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.frames import VISIT, iso_date, shape_rows
from pro_app.exports.cdisc.sdtm.reasons import reason_words
from pro_app.exports.cdisc.sdtm.subjects import make_subjects, study_day, with_subjects
from pro_app.exports.cdisc.sdtm.variables import derived, identifiers, visit_variables
from pro_app.exports.cdisc.sdtm.variables import study_day as study_day_variable
from pro_app.exports.cdisc.sdtm.visits import describe_visits, place_visits
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.schedule import list_visit_codes
from pro_app.protocol.state import AssessmentState


def derive_sv(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the visits of one batch: those with answers, and those that are missed for good."""
    assessments = tables["assessments"]
    took_place = pl.col("observed_on").is_not_null()
    # A form that the site has reopened is neither done nor missed, though its window is over.
    missed = ~took_place & pl.col("expected") & pl.col("window_closed") & pl.col("state").is_in(_FINAL)
    is_planned = pl.col("visit_code") != UNSCHEDULED
    subjects = make_subjects(tables, release)
    order = subjects.select("USUBJID").with_row_index("place")
    rows = (
        with_subjects(assessments.filter(took_place | missed), subjects)
        .join(order, on="USUBJID", how="left")
        .join(place_visits(assessments, release.protocol), on=VISIT, how="left", maintain_order="left")
        .with_columns(
            pl.lit("SV").alias("DOMAIN"),
            pl.when(is_planned).then(pl.lit("Y")).alias("SVPRESP"),
            pl.when(is_planned & took_place)
            .then(pl.lit("Y"))
            .when(is_planned)
            .then(pl.lit("N"))
            .alias("SVOCCUR"),
            pl.when(missed).then(reason_words(release)).alias("SVREASOC"),
            pl.when(~is_planned).then(reason_words(release)).alias("SVUPDES"),
            iso_date("observed_on").alias("SVSTDTC"),
            iso_date("observed_on").alias("SVENDTC"),
            study_day("observed_on").alias("SVSTDY"),
            study_day("observed_on").alias("SVENDY"),
        )
        .sort("place", "VISITNUM", "visit_code")
    )
    return shape_rows(SV.table, rows)


def find_sv_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:
    """Name the visits that the trial design in TV does not hold."""
    protocol = release.protocol
    designed = describe_visits(protocol, list_visit_codes(protocol))["VISITNUM"]
    known = pl.col("VISITNUM").is_in(designed.to_list()) & pl.col("VISITNUM").is_not_null()
    extra = rows.filter(pl.col("SVPRESP").is_not_null() & ~known.fill_null(value=False))
    for visit in extra["VISIT"].unique().sort():
        yield Remark(
            "sv_visit_outside_tv",
            f"La visite {visit} ne figure pas dans TV : série prolongée, ou autre version du protocole.",
            f"The visit {visit} is not in TV: a series that went on, or another version of the protocol.",
            "SV",
        )


_FINAL = (AssessmentState.MISSED.value, AssessmentState.INCOMPLETE.value)
"""The states of forms that can no longer come in, whose visit did not take place without any answer."""

_DAY = "The civil day of the last answer in the subject's time zone; empty for a missed visit."

SV = CdiscDataset(
    name="SV",
    label="Subject Visits",
    standard="SDTM",
    class_name="SPECIAL PURPOSE",
    structure="One record per actual or missed visit per subject",
    keys=("STUDYID", "USUBJID", "VISITNUM"),
    variables=(
        *identifiers("SV"),
        *visit_variables()[:2],
        derived(
            "SVPRESP",
            "Pre-specified",
            "Variable Qualifier",
            codelist="Y",
            method="Y for a visit of the protocol, empty for an unscheduled one.",
        ),
        derived(
            "SVOCCUR",
            "Occurrence",
            "Record Qualifier",
            codelist="NY",
            method=(
                "Y with answers; N where it was expected, its window is over and it was not reopened; empty "
                "if unscheduled."
            ),
        ),
        derived(
            "SVREASOC",
            "Reason for Occur Value",
            "Record Qualifier",
            method="Why the form is missing, as recorded; else why the visit was closed.",
        ),
        visit_variables()[2],
        derived("SVSTDTC", "Start Date/Time of Observation", "Timing", data_type="date", method=_DAY),
        derived("SVENDTC", "End Date/Time of Observation", "Timing", data_type="date", method=_DAY),
        study_day_variable("SVSTDY", "Study Day of Start of Observation", date_name="SVSTDTC"),
        study_day_variable("SVENDY", "Study Day of End of Observation", date_name="SVENDTC"),
        derived(
            "SVUPDES",
            "Description of Unplanned Visit",
            "Record Qualifier",
            method="Why answers stand outside the calendar.",
        ),
    ),
    derive=derive_sv,
    find_remarks=find_sv_remarks,
    comment="Visits that are planned, open or reopened, and those no longer expected, have no row.",
)
