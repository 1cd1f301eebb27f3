"""EX: one row for each infusion."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.cdisc.sdtm.frames import iso_date, number_rows, shape_rows
from pro_app.exports.cdisc.sdtm.subjects import (
    TREATMENT,
    epoch_of,
    make_subjects,
    study_day,
    with_subjects,
)
from pro_app.exports.cdisc.sdtm.variables import assigned, epoch, identifiers, mandatory, sequence, told_date
from pro_app.exports.cdisc.sdtm.variables import study_day as study_day_variable
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

_NOT_COLLECTED = "Not collected by this application; it stands in the trial's main database."


def derive_ex(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the infusions of one batch, those of each subject by day."""
    subjects = make_subjects(tables, release)
    infusions = tables["events"].filter(pl.col("in_force") & (pl.col("kind") == "infusion")).drop("arm")
    order = subjects.select("USUBJID", "arm").with_row_index("place")
    rows = (
        with_subjects(infusions, subjects)
        .join(order, on="USUBJID", how="left")
        .sort("place", "occurred_on", "event")
        .with_columns(
            pl.lit("EX").alias("DOMAIN"),
            number_rows("EXSEQ"),
            pl.col("arm").fill_null("INFUSION").alias("EXTRT"),
            _epoch().alias("EPOCH"),
            iso_date("occurred_on").alias("EXSTDTC"),
            iso_date("occurred_on").alias("EXENDTC"),
            study_day("occurred_on").alias("EXSTDY"),
            study_day("occurred_on").alias("EXENDY"),
        )
    )
    return shape_rows(EX.table, rows)


def _epoch() -> pl.Expr:
    """Give the epoch of an infusion; one on the day of randomisation came after it."""
    on_the_day = pl.col("occurred_on") == pl.col("randomised_on")
    return pl.when(on_the_day).then(pl.lit(TREATMENT)).otherwise(epoch_of("occurred_on"))


def find_ex_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:  # noqa: ARG001 -- the form that every dataset's remarks have
    """Say that doses are not collected here."""
    if rows.height:
        yield Remark(
            "ex_no_dose",
            "EXDOSE, EXDOSU et EXDOSFRM sont vides : l’application ne recueille que la date des perfusions.",
            "EXDOSE, EXDOSU and EXDOSFRM are empty: the application only collects the date of infusions.",
            "EX",
        )


def _absent(name: str, label: str, *, number: bool = False) -> Variable:
    return Variable(
        name=name,
        label=label,
        data_type="float" if number else "text",
        origin="Collected",
        source="Investigator",
        role="Record Qualifier" if number else "Variable Qualifier",
        comment=_NOT_COLLECTED,
    )


EX = CdiscDataset(
    name="EX",
    label="Exposure",
    standard="SDTM",
    class_name="INTERVENTIONS",
    structure="One record per infusion per subject",
    keys=("STUDYID", "USUBJID", "EXTRT", "EXSTDTC", "EXSEQ"),
    variables=(
        *identifiers("EX"),
        sequence("EX"),
        mandatory(assigned("EXTRT", "Name of Treatment", "Topic", comment="The code of the subject's arm.")),
        _absent("EXDOSE", "Dose", number=True),
        _absent("EXDOSU", "Dose Units"),
        _absent("EXDOSFRM", "Dose Form"),
        epoch(),
        told_date("EXSTDTC", "Start Date/Time of Treatment"),
        told_date("EXENDTC", "End Date/Time of Treatment"),
        study_day_variable("EXSTDY", "Study Day of Start of Treatment", date_name="EXSTDTC"),
        study_day_variable("EXENDY", "Study Day of End of Treatment", date_name="EXENDTC"),
    ),
    derive=derive_ex,
    find_remarks=find_ex_remarks,
)
