"""DM: one row for each subject, with the dates that the other domains count from."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.cdisc.sdtm.frames import iso_date, shape_rows
from pro_app.exports.cdisc.sdtm.subjects import make_subjects
from pro_app.exports.cdisc.sdtm.variables import (
    assigned,
    derived,
    identifiers,
    mandatory,
    told_date,
)
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

COUNTRIES = {"FR": "FRA"}
"""ISO 3166-1 alpha-3 by the alpha-2 code of the country whose public holidays the trial keeps."""

_NOT_ASSIGNED, _NOT_TREATED = "NOT ASSIGNED", "ASSIGNED, NOT TREATED"


def derive_dm(tables: Tables, release: Release) -> pl.DataFrame:
    """Derive the subjects of one batch."""
    subjects = make_subjects(tables, release).join(
        _list_demographics(release), on="participant_code", how="left", maintain_order="left"
    )
    dates = {
        "RFSTDTC": "randomised_on",
        "RFENDTC": "treatment_ended_on",
        "RFXSTDTC": "first_infusion_on",
        "RFXENDTC": "last_infusion_on",
        "RFICDTC": "consented_on",
        "RFPENDTC": "ended_on",
        "DTHDTC": "died_on",
    }
    rows = subjects.with_columns(
        pl.lit("DM").alias("DOMAIN"),
        pl.col("participant_code").alias("SUBJID"),
        pl.col("site").alias("SITEID"),
        pl.when(pl.col("died_on").is_not_null()).then(pl.lit("Y")).alias("DTHFL"),
        pl.when(pl.col("AGE").is_not_null()).then(pl.lit("YEARS")).alias("AGEU"),
        pl.lit(_find_country(release), dtype=pl.String).alias("COUNTRY"),
        *_list_arm_expressions(release),
        *(iso_date(column).alias(name) for name, column in dates.items()),
    )
    return shape_rows(DM.table, rows)


def list_treated_arms(release: Release) -> tuple[str, ...]:
    """List the codes of the arms in which an infusion may be recorded."""
    kind = release.protocol.event_kinds_by_code.get("infusion")
    codes = tuple(arm.code for arm in release.protocol.arms)
    return (kind.arms or codes) if kind else ()


def _list_arm_expressions(release: Release) -> list[pl.Expr]:
    """Give planned and actual arm; somebody in an arm with infusions who had none has no actual arm."""
    labels = {arm.code: arm.label.text("en") for arm in release.protocol.arms}
    arm = pl.col("arm")
    label = arm.replace_strict(labels, default=arm, return_dtype=pl.String)
    treated = ~arm.is_in(list_treated_arms(release)) | pl.col("first_infusion_on").is_not_null()
    unassigned = pl.when(arm.is_null()).then(pl.lit(_NOT_ASSIGNED))
    return [
        arm.alias("ARMCD"),
        label.alias("ARM"),
        pl.when(treated).then(arm).alias("ACTARMCD"),
        pl.when(treated).then(label).alias("ACTARM"),
        unassigned.when(~treated).then(pl.lit(_NOT_TREATED)).alias("ARMNRS"),
    ]


def _find_country(release: Release) -> str | None:
    return COUNTRIES.get(release.protocol.messages.public_holidays_of or "")


def _list_demographics(release: Release) -> pl.DataFrame:
    rows = [
        {"participant_code": code, "AGE": known.age, "SEX": known.sex}
        for code, known in sorted(release.demographics.items())
    ]
    schema = {"participant_code": pl.String(), "AGE": pl.Int64(), "SEX": pl.String()}
    return pl.DataFrame(rows, schema=schema)


def find_dm_remarks(rows: pl.DataFrame, release: Release) -> Iterator[Remark]:
    """Say whose age or sex is unknown, and where the country is."""
    if rows.height and not release.demographics:
        yield Remark(
            "dm_no_demographics",
            "AGE et SEX sont vides : aucun fichier de la base principale de l’étude n’a été fourni.",
            "AGE and SEX are empty: no file of the trial's main database was given.",
            "DM",
        )
    elif release.demographics:
        for row in rows.filter(pl.col("AGE").is_null() | pl.col("SEX").is_null()).iter_rows(named=True):
            yield Remark(
                "dm_demographics_missing",
                "AGE ou SEX est vide : absent du fichier de la base principale de l’étude.",
                "AGE or SEX is empty: not in the file of the trial's main database.",
                "DM",
                row["SITEID"],
                row["SUBJID"],
            )
    if rows.height and _find_country(release) is None:
        yield Remark(
            "dm_no_country",
            "COUNTRY est vide : le protocole ne nomme pas de pays connu ici.",
            "COUNTRY is empty: the protocol names no country known here.",
            "DM",
        )


_DATABASE = "Merged by SUBJID from a file of the trial's main database, if one was given with the release."


def _merged(name: str, label: str, *, codelist: str = "") -> Variable:
    return Variable(
        name=name,
        label=label,
        data_type="integer" if name == "AGE" else "text",
        origin="Collected",
        source="Investigator",
        role="Record Qualifier",
        codelist=codelist,
        comment=_DATABASE,
    )


DM = CdiscDataset(
    name="DM",
    label="Demographics",
    standard="SDTM",
    class_name="SPECIAL PURPOSE",
    structure="One record per subject",
    keys=("STUDYID", "USUBJID"),
    variables=(
        *identifiers("DM"),
        mandatory(assigned("SUBJID", "Subject Identifier for the Study", "Topic")),
        derived(
            "RFSTDTC",
            "Subject Reference Start Date/Time",
            "Record Qualifier",
            data_type="date",
            method="The day of randomisation, in every arm: not every arm has an exposure.",
        ),
        derived(
            "RFENDTC",
            "Subject Reference End Date/Time",
            "Record Qualifier",
            data_type="date",
            method="The recorded end of treatment or of the surveillance period.",
        ),
        derived(
            "RFXSTDTC",
            "Date/Time of First Study Treatment",
            "Record Qualifier",
            data_type="date",
            method="Earliest EX.EXSTDTC.",
        ),
        derived(
            "RFXENDTC",
            "Date/Time of Last Study Treatment",
            "Record Qualifier",
            data_type="date",
            method="Latest EX.EXENDTC.",
        ),
        told_date("RFICDTC", "Date/Time of Informed Consent", role="Record Qualifier"),
        derived(
            "RFPENDTC",
            "Date/Time of End of Participation",
            "Record Qualifier",
            data_type="date",
            method=(
                "Empty while none of death, leaving the trial and loss to follow-up is recorded. The day of "
                "death; else the last known day of contact: the latest of these, of answers, infusions and "
                "the events recorded by the site."
            ),
        ),
        told_date("DTHDTC", "Date/Time of Death", role="Record Qualifier"),
        derived(
            "DTHFL",
            "Subject Death Flag",
            "Record Qualifier",
            codelist="Y",
            method="Y where DTHDTC is known.",
        ),
        mandatory(assigned("SITEID", "Study Site Identifier", "Record Qualifier")),
        _merged("AGE", "Age"),
        assigned("AGEU", "Age Units", "Variable Qualifier", codelist="AGEU"),
        _merged("SEX", "Sex", codelist="SEX"),
        assigned("RACE", "Race", "Record Qualifier", comment="Not collected."),
        assigned("ARMCD", "Planned Arm Code", "Record Qualifier", codelist="ARMCD"),
        assigned("ARM", "Description of Planned Arm", "Synonym Qualifier", codelist="ARM"),
        derived(
            "ACTARMCD",
            "Actual Arm Code",
            "Record Qualifier",
            codelist="ARMCD",
            method="ARMCD; in an arm with infusions only once one is recorded.",
        ),
        derived(
            "ACTARM",
            "Description of Actual Arm",
            "Synonym Qualifier",
            codelist="ARM",
            method="ARM; in an arm with infusions only once one is recorded.",
        ),
        derived(
            "ARMNRS",
            "Reason Arm and/or Actual Arm is Null",
            "Record Qualifier",
            codelist="ARMNRS",
            method="NOT ASSIGNED before randomisation; ASSIGNED, NOT TREATED before the first infusion.",
        ),
        assigned(
            "ACTARMUD", "Description of Unplanned Actual Arm", "Record Qualifier", comment="Always empty."
        ),
        assigned("COUNTRY", "Country", "Record Qualifier", codelist="COUNTRY"),
    ),
    derive=derive_dm,
    find_remarks=find_dm_remarks,
)
