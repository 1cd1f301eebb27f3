"""The variables of ADTTE: what each one is, and how it is derived."""

from pro_app.exports.cdisc.adam.subject_variables import SUBJECT
from pro_app.exports.cdisc.dataset import DATE_FORMAT, Variable

_PARAMETER = (
    Variable(
        name="PARAM",
        label="Parameter",
        origin="Assigned",
        mandatory=True,
        comment="The definition of deterioration that the protocol declares, and the scale.",
    ),
    Variable(
        name="PARAMCD",
        label="Parameter Code",
        origin="Assigned",
        mandatory=True,
        codelist="ADTTE.PARAMCD",
        comment=(
            "Sponsor's own: T, the number of the definition in the protocol, the code of the scale; cut to 8 "
            "characters."
        ),
    ),
    Variable(name="PARAMN", label="Parameter (N)", data_type="integer", origin="Assigned"),
    Variable(name="PARCAT1", label="Parameter Category 1", origin="Assigned", comment="The instrument."),
    Variable(
        name="PARCAT2",
        label="Parameter Category 2",
        origin="Assigned",
        comment="The definition of deterioration.",
    ),
    Variable(
        name="SCALECD",
        label="Code of the Scale",
        origin="Assigned",
        comment="As PARAMCD of ADQS.",
    ),
)

_TIME = (
    Variable(
        name="AVAL",
        label="Analysis Value",
        data_type="float",
        mandatory=True,
        method="AVALDY / 30.4375.",
    ),
    Variable(name="AVALU", label="Analysis Value Unit", origin="Assigned", codelist="AVALU"),
    Variable(
        name="AVALDY",
        label="Analysis Value in Days",
        data_type="integer",
        method="ADT - STARTDT; the day of origin itself is day 0, so that no baseline means a time of 0.",
    ),
    Variable(
        name="STARTDT",
        label="Time-to-Event Origin Date for Subject",
        data_type="integer",
        display_format=DATE_FORMAT,
        method="Time zero of the definition: the day of randomisation, or of the first record.",
    ),
    Variable(
        name="ADT",
        label="Analysis Date",
        data_type="integer",
        display_format=DATE_FORMAT,
        method="Day of the event or of censoring.",
    ),
    Variable(
        name="CNSR",
        label="Censor",
        data_type="integer",
        codelist="CNSR",
        mandatory=True,
        method="0 for an event; 1 and more for censoring, one number for each cause.",
    ),
    Variable(
        name="EVNTDESC",
        label="Event or Censoring Description",
        codelist="EVNTDESC",
        method="What ended the time: the event, or the cause of censoring.",
    ),
    Variable(
        name="CNSDTDSC",
        label="Censor Date Description",
        codelist="CNSDTDSC",
        method="Which day ADT is where CNSR is 1 or more.",
    ),
)

_DETAILS = (
    Variable(
        name="MINDIFF",
        label="Minimal Difference",
        data_type="float",
        origin="Protocol",
        comment="Change of the scale that counts as a deterioration.",
    ),
    Variable(
        name="REFVAL",
        label="Reference Value",
        data_type="float",
        method="Score that the deterioration is measured against, as the definition says.",
    ),
    Variable(
        name="EVNTVAL", label="Value at Deterioration", data_type="float", method="AVAL of ADQS at the event."
    ),
    Variable(
        name="SRCDOM",
        label="Source Data",
        origin="Assigned",
        method="ADQS where a score gave ADT, else ADSL.",
    ),
    Variable(
        name="SRCVAR",
        label="Source Variable",
        origin="Assigned",
        method="ADT of ADQS, or the variable of ADSL that gave ADT.",
    ),
    Variable(
        name="SRCSEQ",
        label="Source Sequence Number",
        data_type="integer",
        method=(
            "ADQS.ASEQ of the record that gave ADT; where ADT counts from a time zero that is the first "
            "record, that record (ADQS.ADT = STARTDT)."
        ),
    ),
)

ADTTE_VARIABLES = (*SUBJECT, *_PARAMETER, *_TIME, *_DETAILS)
"""In the order of the dataset."""
