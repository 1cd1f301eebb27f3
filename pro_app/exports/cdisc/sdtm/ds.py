"""DS: the milestones of each subject and what ended their treatment and their time in the trial."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.frames import PERSON, iso_date, number_rows, shape_rows
from pro_app.exports.cdisc.sdtm.subjects import EPOCH_DATES, epoch_of, make_subjects, study_day
from pro_app.exports.cdisc.sdtm.treatment_ends import COMPLETED, ENDING_EVENTS, NOT_SAID, find_treatment_ends
from pro_app.exports.cdisc.sdtm.variables import (
    assigned,
    collected,
    derived,
    epoch,
    identifiers,
    mandatory,
    sequence,
    told_date,
)
from pro_app.exports.cdisc.sdtm.variables import study_day as study_day_variable
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

MILESTONE, DISPOSITION, OTHER = "PROTOCOL MILESTONE", "DISPOSITION EVENT", "OTHER EVENT"
_TREATMENT, _STUDY = "STUDY TREATMENT", "STUDY PARTICIPATION"
_SCHEMA = pl.Schema(dict.fromkeys(("column", "kind", "DSDECOD", "DSCAT", "DSSCAT"), pl.String()))

_EVENTS = (
    ("consented_on", "enrolled", "INFORMED CONSENT OBTAINED", MILESTONE, None),
    ("randomised_on", "randomised", "RANDOMIZED", MILESTONE, None),
    ("progressed_on", "progressed", ENDING_EVENTS["progressed"], OTHER, None),
    ("new_treatment_on", "new_treatment", ENDING_EVENTS["new_treatment"], OTHER, None),
    ("treatment_ended_on", "treatment_ended", COMPLETED, DISPOSITION, _TREATMENT),
    ("questionnaires_stopped_on", "questionnaires_stopped", "QUESTIONNAIRES STOPPED", OTHER, None),
    ("lost_on", "lost", "LOST TO FOLLOW-UP", DISPOSITION, _STUDY),
    ("left_on", "left", "WITHDRAWAL BY SUBJECT", DISPOSITION, _STUDY),
    ("died_on", "died", "DEATH", DISPOSITION, _STUDY),
    ("data_objection_on", "data_objection", "OBJECTION TO DATA USE", OTHER, None),
)
"""Column of `participants`, kind of event, DSDECOD, DSCAT, DSSCAT; events of the same day in this order."""

TERMS = tuple(dict.fromkeys((*(event[2] for event in _EVENTS), NOT_SAID)))
CATEGORIES = (MILESTONE, DISPOSITION, OTHER)
SUBCATEGORIES = (_TREATMENT, _STUDY)


_LISTS = {MILESTONE: "PROTMLST", DISPOSITION: "NCOMPLT", OTHER: "DSOTHER"}
"""The list that DSDECOD is from, by DSCAT; the first two are CDISC's."""


def list_decodes() -> dict[str, tuple[str, ...]]:
    """Give the values of DSDECOD by the code of their list."""
    terms = {code: [e[2] for e in _EVENTS if e[3] == category] for category, code in _LISTS.items()}
    terms["NCOMPLT"] += [NOT_SAID, *ENDING_EVENTS.values()]
    return {code: tuple(dict.fromkeys(values)) for code, values in terms.items()}


def list_ds_levels(release: Release) -> tuple[ValueLevel, ...]:  # noqa: ARG001 -- the form of all value levels
    """Say which list DSDECOD is from, by DSCAT."""
    return tuple(
        ValueLevel(
            variable="DSDECOD",
            where="DSCAT",
            values=(category,),
            data_type="text",
            origin="Assigned",
            source="Sponsor",
            codelist=code,
        )
        for category, code in _LISTS.items()
    )


def derive_ds(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive what happened to the subjects of one batch, each by day."""
    subjects = make_subjects(tables, release)
    kinds = pl.DataFrame(_EVENTS, schema=_SCHEMA, orient="row").with_row_index("rank")
    order = subjects.select("USUBJID").with_row_index("place")
    ends = find_treatment_ends(subjects, tables, release)
    happened = (
        subjects.unpivot(
            on=[event[0] for event in _EVENTS],
            index=["STUDYID", "USUBJID", *PERSON, "arm"],
            variable_name="column",
            value_name="on",
        )
        .drop_nulls("on")
        .join(subjects.select("USUBJID", *EPOCH_DATES), on="USUBJID", how="left")
        .join(ends, on=PERSON, how="left")
        .join(kinds, on="column", how="left")
        .join(order, on="USUBJID", how="left")
        .sort("place", "on", "rank")
    )
    rows = happened.with_columns(
        pl.lit("DS").alias("DOMAIN"),
        number_rows("DSSEQ"),
        _term(release).alias("DSTERM"),
        pl.when(pl.col("column") == "treatment_ended_on")
        .then("ended_as")
        .otherwise("DSDECOD")
        .alias("DSDECOD"),
        epoch_of("on").alias("EPOCH"),
        iso_date("on").alias("DSSTDTC"),
        study_day("on").alias("DSSTDY"),
    )
    return shape_rows(DS.table, rows)


def _term(release: Release) -> pl.Expr:
    """Give the words of the protocol for the event, those of the arm where it has its own."""
    protocol = release.protocol
    arms = ("", *(arm.code for arm in protocol.arms))
    words = {
        f"{event[1]}|{arm}": protocol.event_label(event[1], "en", arm).upper()
        for event in _EVENTS
        for arm in arms
    }
    key = pl.format("{}|{}", "kind", pl.col("arm").fill_null(""))
    return key.replace_strict(words, default=pl.col("DSDECOD"), return_dtype=pl.String)


def find_ds_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:  # noqa: ARG001 -- the form that every dataset's remarks have
    """Say that nobody recorded why treatment ended before what the protocol plans."""
    if rows.filter(DSSCAT=_TREATMENT, DSDECOD=NOT_SAID).height:
        yield Remark(
            "ds_end_not_said",
            "DSDECOD vaut OTHER : traitement ou surveillance finis avant le terme, motif non recueilli.",
            "DSDECOD is OTHER: treatment or surveillance ended before its plan, reason not collected.",
            "DS",
        )


DS = CdiscDataset(
    name="DS",
    label="Disposition",
    standard="SDTM",
    class_name="EVENTS",
    structure="One record per disposition status or protocol milestone per subject",
    keys=("STUDYID", "USUBJID", "DSSTDTC", "DSDECOD", "DSCAT"),
    variables=(
        *identifiers("DS"),
        sequence("DS"),
        mandatory(
            collected("DSTERM", "Reported Term for the Disposition Event", "Topic", by="Investigator"),
        ),
        mandatory(
            derived(
                "DSDECOD",
                "Standardized Disposition Term",
                "Synonym Qualifier",
                codelist="DSDECOD",
                method=(
                    "By the kind of event. The end of treatment or surveillance is recorded without a "
                    "reason: COMPLETED where the infusions that the protocol plans had been given or the "
                    "planned period was over; PROGRESSIVE DISEASE or NEW ANTITUMOR TREATMENT where the "
                    "protocol ends the arm's period with that event and it ended that very day; else OTHER. "
                    "Leaving the trial is recorded without a reason: WITHDRAWAL BY SUBJECT."
                ),
            )
        ),
        assigned("DSCAT", "Category for Disposition Event", "Grouping Qualifier", codelist="DSCAT"),
        assigned("DSSCAT", "Subcategory for Disposition Event", "Grouping Qualifier", codelist="DSSCAT"),
        epoch(),
        told_date("DSSTDTC", "Start Date/Time of Disposition Event"),
        study_day_variable("DSSTDY", "Study Day of Start of Disposition Event", date_name="DSSTDTC"),
    ),
    derive=derive_ds,
    find_remarks=find_ds_remarks,
    value_levels=list_ds_levels,
    comment="An event that was corrected stands with its corrected date; one that was retracted is absent.",
)
