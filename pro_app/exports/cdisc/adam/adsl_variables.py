"""The variables of ADSL: what each one is, and how it is derived."""

from pro_app.exports.cdisc.adam.subject_variables import copied
from pro_app.exports.cdisc.dataset import DATE_FORMAT, Variable


def _day(name: str, label: str, method: str) -> Variable:
    return Variable(name=name, label=label, data_type="integer", display_format=DATE_FORMAT, method=method)


def _flag(name: str, label: str, method: str, *, codelist: str = "NY") -> Variable:
    return Variable(name=name, label=label, codelist=codelist, method=method)


def _treatment(letter: str, word: str, method: str) -> tuple[Variable, Variable]:
    label = f"{word} Treatment for Period 01"
    number = "Number of the arm in the order of the protocol, from 1."
    return (
        Variable(name=f"TRT01{letter}", label=label, method=method),
        Variable(name=f"TRT01{letter}N", label=f"{label} (N)", data_type="integer", method=number),
    )


_IDENTITY = (
    copied("STUDYID", "Study Identifier", predecessor="DM.STUDYID", mandatory=True),
    copied("USUBJID", "Unique Subject Identifier", predecessor="DM.USUBJID", mandatory=True),
    copied("SUBJID", "Subject Identifier for the Study", predecessor="DM.SUBJID", mandatory=True),
    copied("SITEID", "Study Site Identifier", predecessor="DM.SITEID", mandatory=True),
    Variable(
        name="AGE",
        label="Age",
        data_type="integer",
        origin="Predecessor",
        source="",
        predecessor="DM.AGE",
        comment="From the trial's main database; empty where it was not given.",
    ),
    Variable(
        name="AGEU",
        label="Age Units",
        origin="Predecessor",
        source="",
        predecessor="DM.AGEU",
        codelist="AGEU",
    ),
    Variable(
        name="SEX",
        label="Sex",
        origin="Predecessor",
        source="",
        predecessor="DM.SEX",
        codelist="SEX",
        comment="From the trial's main database; empty where it was not given.",
    ),
    copied("ARM", "Description of Planned Arm", predecessor="DM.ARM"),
    copied("ARMCD", "Planned Arm Code", predecessor="DM.ARMCD"),
    copied("ACTARM", "Description of Actual Arm", predecessor="DM.ACTARM"),
    copied("ACTARMCD", "Actual Arm Code", predecessor="DM.ACTARMCD"),
    *_treatment("P", "Planned", "DM.ARM; empty for subjects in no arm."),
    *_treatment("A", "Actual", "DM.ACTARM; in an arm with infusions empty until one is recorded."),
)

_POPULATIONS = (
    _flag("ENRLFL", "Enrolled Population Flag", "Y for everybody who consented."),
    _flag("RANDFL", "Randomized Population Flag", "Y where RANDDT is known, else N."),
    _flag(
        "ITTFL",
        "Intent-To-Treat Population Flag",
        "Y for everybody randomised (enrolled, if the trial randomises nobody), else N.",
    ),
    _flag(
        "PROFL",
        "PRO Population Flag",
        "Y for subjects with ITTFL Y who have a baseline score on at least one scale, else N.",
    ),
)

_DATES = (
    _day("RFICDT", "Date of Informed Consent", "Date of the consent."),
    _day("RANDDT", "Date of Randomization", "Date of the randomisation."),
    _day(
        "TRTSDT",
        "Date of First Exposure to Treatment",
        "Date of the first infusion, if there was one.",
    ),
    _day(
        "TRTEDT",
        "Date of Last Exposure to Treatment",
        "Date of the last infusion, if there was one.",
    ),
    Variable(
        name="NINFUS",
        label="Number of Infusions",
        data_type="integer",
        method="Number of infusions recorded.",
    ),
    _day(
        "EOTDT",
        "Date of End of Treatment",
        "Date of the end of treatment or surveillance, from which the follow-up visits are counted.",
    ),
    _day("PROGDT", "Date of First Progression", "Date of the first progression."),
    _day("NEWTRTDT", "Date of First New Antitumour Treatment", "Date of the first new antitumour treatment."),
    _day("QSSTOPDT", "Date of Questionnaires Stopped", "Day from which no more questionnaires are wanted."),
    _day(
        "OBJECTDT",
        "Date of Objection to Use of Data",
        "Date of the objection to the use of data already collected, to be handled by the sponsor.",
    ),
    _day("DTHDT", "Date of Death", "Date of death."),
    _flag("DTHFL", "Subject Death Flag", "Y where DTHDT is known, else empty.", codelist="Y"),
)

_STATUS = (
    _day(
        "EOSDT",
        "Date of End of Study",
        "Earliest of the dates of death, of leaving the trial and of being lost to follow-up; where "
        "EOSSTT is COMPLETED the last day of the last planned window.",
    ),
    Variable(
        name="EOSSTT",
        label="End of Study Status",
        codelist="EOSSTT",
        method=(
            "DISCONTINUED where a date of death, of leaving the trial or of being lost to follow-up is in "
            "force; COMPLETED where ITTFL is Y and every planned window is final and over; "
            "else ONGOING."
        ),
    ),
    Variable(
        name="DCSREAS",
        label="Reason for Discontinuation from Study",
        codelist="DCSREAS",
        method="What gave EOSDT where EOSSTT is DISCONTINUED; on the same day death, then leaving the trial.",
    ),
)

ADSL_VARIABLES = (*_IDENTITY, *_POPULATIONS, *_DATES, *_STATUS)
"""In the order of the dataset."""
