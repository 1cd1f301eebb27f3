"""The variables of ADQS: what each one is, and how it is derived."""

from pro_app.exports.cdisc.adam.subject_variables import SUBJECT
from pro_app.exports.cdisc.dataset import DATE_FORMAT, Variable


def _count(name: str, label: str, words: str) -> Variable:
    method = f"{words}; scales, in place of items, for the summary score, which needs all of them."
    return Variable(name=name, label=label, data_type="integer", method=method)


_PARAMETER = (
    Variable(
        name="ASEQ",
        label="Analysis Sequence Number",
        data_type="integer",
        mandatory=True,
        method="Number of the record of the subject in the order of PARAMN and VISITNUM, from 1.",
    ),
    Variable(
        name="PARAM",
        label="Parameter",
        origin="Assigned",
        mandatory=True,
        comment="The instrument, the code of the scale and its kind; no text of an item.",
    ),
    Variable(
        name="PARAMCD", label="Parameter Code", origin="Assigned", mandatory=True, codelist="ADQS.PARAMCD"
    ),
    Variable(name="PARAMN", label="Parameter (N)", data_type="integer", origin="Assigned"),
    Variable(name="PARCAT1", label="Parameter Category 1", origin="Assigned", comment="The instrument."),
    Variable(name="PARCAT2", label="Parameter Category 2", origin="Assigned", codelist="PARCAT2"),
    Variable(
        name="INSTVER",
        label="Version of the Instrument",
        origin="Assigned",
        comment="The version that was answered; it may change during the trial.",
    ),
    Variable(
        name="SCOREDEF",
        label="Scoring Definition",
        origin="Assigned",
        comment="Name of the published way of scoring in the definition of the instrument.",
    ),
)

_VALUE = (
    Variable(
        name="AVAL",
        label="Analysis Value",
        data_type="float",
        method=(
            "Scales: mean of the answered items, transformed to 0-100 as the scoring definition says; empty "
            "where fewer than half of the items were answered (NSREASN). Completion: 1 yes, 0 no."
        ),
        comment="No value is imputed; the dataset has no DTYPE because no row is derived from other rows.",
    ),
    Variable(
        name="AVALC",
        label="Analysis Value (C)",
        codelist="NY",
        method="Completion parameters only: Y where AVAL is 1, N where it is 0.",
    ),
    Variable(
        name="RAWSCORE",
        label="Raw Score",
        data_type="float",
        method="Mean of the answered items before the transformation; empty for the summary score.",
    ),
    Variable(
        name="BASE",
        label="Baseline Value",
        data_type="float",
        method="AVAL of the record of the same subject and parameter with ABLFL = Y.",
    ),
    Variable(
        name="CHG",
        label="Change from Baseline",
        data_type="float",
        method="AVAL - BASE; only on records after the day of the baseline record.",
    ),
    Variable(
        name="PCHG",
        label="Percent Change from Baseline",
        data_type="float",
        method="100 * CHG / BASE; empty where BASE = 0, since nothing can be divided by it.",
    ),
    Variable(
        name="ABLFL",
        label="Baseline Record Flag",
        codelist="Y",
        method=(
            "Y on the last scored record of the visits that the protocol names as baseline, answered on or "
            "before the day of randomisation."
        ),
    ),
    Variable(
        name="MINDIFF",
        label="Minimal Difference",
        data_type="float",
        origin="Protocol",
        comment="Change of the scale that counts as a change, as the protocol declares it.",
    ),
    Variable(
        name="CHGCAT1",
        label="Change from Baseline Category 1",
        codelist="CHGCAT1",
        method=(
            "Improved or Worsened where CHG reaches MINDIFF in the direction that is better or worse for the "
            "scale, compared exactly; No change otherwise."
        ),
    ),
    Variable(
        name="CRIT1",
        label="Analysis Criterion 1",
        origin="Assigned",
        comment="The scale's threshold of clinical importance in the protocol; empty for scales without one.",
    ),
    Variable(
        name="CRIT1FL",
        label="Criterion 1 Evaluation Result Flag",
        codelist="NY",
        method="Y where AVAL meets CRIT1, N where it does not; NANSWER says on how many items.",
    ),
)

_TIME = (
    Variable(
        name="ADT",
        label="Analysis Date",
        data_type="integer",
        display_format=DATE_FORMAT,
        method="Civil day of the last answer, in the subject's time zone.",
    ),
    Variable(
        name="ADY",
        label="Analysis Relative Day",
        data_type="integer",
        method="ADT - RANDDT, plus 1 from the day of randomisation on; there is no day 0.",
        comment="Relative to randomisation in both arms, since one of them has no treatment.",
    ),
    Variable(name="VISIT", label="Visit Name", origin="Assigned", comment="Planned visit, as in SV."),
    Variable(
        name="VISITNUM",
        label="Visit Number",
        data_type="float",
        origin="Assigned",
        mandatory=True,
        comment="As in SV; decimal for unscheduled forms.",
    ),
    Variable(
        name="AVISIT",
        label="Analysis Visit",
        method="The planned visit, empty for unscheduled forms: the first windowing, by the protocol's plan.",
    ),
    Variable(
        name="AVISITN",
        label="Analysis Visit (N)",
        data_type="integer",
        method="VISITNUM of a planned visit, empty for unscheduled forms.",
    ),
    Variable(
        name="AWINDOW",
        label="Analysis Window since Randomisation",
        method="The protocol's window of time since randomisation that holds ADT: the second windowing.",
        comment="AWTARGET, AWLO, AWHI, AWTDIFF, AWU and ANL01FL describe this window and not AVISIT.",
    ),
    Variable(
        name="AWINDOWN",
        label="Analysis Window since Randomisation (N)",
        data_type="integer",
        method="Number of AWINDOW in the order of the protocol's windows, from 1.",
    ),
    Variable(
        name="AWTARGET",
        label="Analysis Window Target",
        data_type="integer",
        origin="Protocol",
        comment="As relative day, like ADY.",
    ),
    Variable(
        name="AWLO",
        label="Analysis Window Beginning Timepoint",
        data_type="integer",
        origin="Protocol",
        comment="First relative day of the window, included.",
    ),
    Variable(
        name="AWHI",
        label="Analysis Window Ending Timepoint",
        data_type="integer",
        origin="Protocol",
        comment="Last relative day of the window, included.",
    ),
    Variable(
        name="AWTDIFF",
        label="Analysis Window Diff from Target",
        data_type="integer",
        method="Days between ADT and the target day of the window, always positive, counted on the calendar.",
    ),
    Variable(name="AWU", label="Analysis Window Unit", origin="Assigned", codelist="AWU"),
)

_FLAGS = (
    Variable(
        name="ANL01FL",
        label="Analysis Flag 01",
        codelist="Y",
        method=(
            "One record for each subject, parameter and AWINDOW: Y on the one closest to the target, of two "
            "as close on the earlier one (by day, then by receipt of the form, visit and number of it); in "
            "the window of the day of randomisation on the record with ABLFL = Y where it has one. Only "
            "records with AVAL whose form was sent and neither AFTRNDFL nor AFTDTHFL is Y."
        ),
    ),
    Variable(
        name="ANL02FL",
        label="Analysis Flag 02",
        codelist="Y",
        method=(
            "Y on records of a planned visit (AVISIT) with AVAL whose form was sent and neither AFTRNDFL nor "
            "AFTDTHFL is Y, and on completion records."
        ),
    ),
    Variable(
        name="LATEFL",
        label="Form Received Late Flag",
        codelist="Y",
        method="Y where the form was received after its window.",
    ),
    Variable(
        name="AFTRNDFL",
        label="Baseline Form after Randomisation Flag",
        codelist="Y",
        method="Y where the form of the baseline visit was given after randomisation: it is in no mean.",
    ),
    Variable(
        name="AFTDTHFL",
        label="Answered after Death Flag",
        codelist="Y",
        method="Y on scores whose ADT lies after DTHDT of ADSL; such records are in no analysis.",
    ),
    Variable(
        name="INCOMPFL",
        label="Form Begun and Never Sent Flag",
        codelist="Y",
        method="Y where the form was begun and never sent; it does not count as received.",
    ),
)

_DETAILS = (
    _count("NANSWER", "Number of Items Answered", "Items answered with a number"),
    _count("NNOTAPPL", "Number of Items Not Applicable", "Items answered as not applicable"),
    _count("NMISSING", "Number of Items Missing", "Items without an answer"),
    _count("NNEEDED", "Number of Items Needed for a Score", "Half of the items, rounded up"),
    Variable(
        name="NSREASN",
        label="Reason Not Scored",
        codelist="NSREASN",
        method="Why AVAL is empty on a record of a scale whose form was answered.",
    ),
    Variable(
        name="SRCDOM",
        label="Source Data",
        origin="Assigned",
        comment="QS for scores; empty for completion parameters, which come from the plan of visits.",
    ),
    Variable(name="SRCVAR", label="Source Variable", origin="Assigned"),
    Variable(
        name="SRCSEQ",
        label="Source Sequence Number",
        data_type="integer",
        origin="Predecessor",
        source="",
        predecessor="QS.QSSEQ",
    ),
)

ADQS_VARIABLES = (*SUBJECT, *_PARAMETER, *_VALUE, *_TIME, *_FLAGS, *_DETAILS)
"""In the order of the dataset."""
