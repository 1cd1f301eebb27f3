"""The variables by which every row of an analysis dataset knows its subject."""

from pro_app.exports.cdisc.dataset import DATE_FORMAT, Variable


def copied(name: str, label: str, *, predecessor: str, mandatory: bool = False) -> Variable:
    """Make a text variable that is copied from another dataset as it is."""
    return Variable(
        name=name,
        label=label,
        origin="Predecessor",
        source="",
        predecessor=predecessor,
        mandatory=mandatory,
    )


SUBJECT = (
    copied("STUDYID", "Study Identifier", predecessor="ADSL.STUDYID", mandatory=True),
    copied("USUBJID", "Unique Subject Identifier", predecessor="ADSL.USUBJID", mandatory=True),
    copied("SUBJID", "Subject Identifier for the Study", predecessor="ADSL.SUBJID"),
    copied("SITEID", "Study Site Identifier", predecessor="ADSL.SITEID"),
    copied("TRTP", "Planned Treatment", predecessor="ADSL.TRT01P"),
    Variable(
        name="TRTPN",
        label="Planned Treatment (N)",
        data_type="integer",
        origin="Predecessor",
        source="",
        predecessor="ADSL.TRT01PN",
    ),
    copied("ITTFL", "Intent-To-Treat Population Flag", predecessor="ADSL.ITTFL"),
    copied("PROFL", "PRO Population Flag", predecessor="ADSL.PROFL"),
    Variable(
        name="RANDDT",
        label="Date of Randomization",
        data_type="integer",
        origin="Predecessor",
        source="",
        predecessor="ADSL.RANDDT",
        display_format=DATE_FORMAT,
    ),
)
"""What ADQS and ADTTE carry over from ADSL."""

SUBJECT_NAMES = tuple(variable.name for variable in SUBJECT)
