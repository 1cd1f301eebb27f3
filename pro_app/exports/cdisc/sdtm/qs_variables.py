"""The variables of QS."""

from pro_app.exports.cdisc.dataset import Variable
from pro_app.exports.cdisc.sdtm.variables import (
    assigned,
    collected,
    derived,
    epoch,
    identifiers,
    mandatory,
    planned,
    sequence,
    study_day,
    visit_variables,
)

QS_VARIABLES: tuple[Variable, ...] = (
    *identifiers("QS"),
    sequence("QS"),
    derived(
        "QSGRPID",
        "Group ID",
        "Identifier",
        method="Visit code (with its ordinal if unscheduled) and instrument: the rows of one questionnaire.",
    ),
    assigned(
        "QSSPID",
        "Sponsor-Defined Identifier",
        "Identifier",
        comment="The number printed before the item, or the code of the scale.",
    ),
    mandatory(
        assigned(
            "QSTESTCD",
            "Question Short Name",
            "Topic",
            codelist="QSTESTCD",
            comment="The decodes are the values of QSTEST here and not those that CDISC has published.",
        )
    ),
    mandatory(
        assigned(
            "QSTEST",
            "Question Name",
            "Synonym Qualifier",
            codelist="QSTEST",
            comment=(
                "The sponsor's wording throughout, also for codes of CDISC, so marked as extending the "
                "published list: names of items come from the wording of the release, cut to 40 characters, "
                "names of scales from this application. The published names have to be put in by QSTESTCD."
            ),
        )
    ),
    mandatory(assigned("QSCAT", "Category of Question", "Grouping Qualifier", codelist="QSCAT")),
    collected("QSORRES", "Finding in Original Units", "Result Qualifier", by="Subject"),
    derived(
        "QSSTRESC",
        "Character Result/Finding in Std Format",
        "Result Qualifier",
        method="The code of the answer, or NOT APPLICABLE; for scores QSSTRESN as text.",
    ),
    derived(
        "QSSTRESN",
        "Numeric Finding in Standard Units",
        "Result Qualifier",
        data_type="float",
        method="The code of the answer; for scores the score from 0 to 100, in full precision.",
    ),
    derived(
        "QSSTAT",
        "Completion Status",
        "Record Qualifier",
        codelist="ND",
        method=(
            "NOT DONE where an item was shown or due and has no answer, where a scale cannot be scored, and "
            "on QSALL where nothing of a questionnaire was answered."
        ),
    ),
    derived(
        "QSREASND",
        "Reason Not Performed",
        "Record Qualifier",
        method=(
            "What the subject did with the item; why there is no score; on QSALL why the form is missing as "
            "the site or the subject said, else why the visit was closed."
        ),
    ),
    derived(
        "QSLOBXFL",
        "Last Observation Before Exposure Flag",
        "Record Qualifier",
        codelist="Y",
        method=(
            "Y on the last result of each question, NOT APPLICABLE among them, up to the day of the first "
            "infusion (DM.RFXSTDTC; times of day are not compared). Forms never sent and those that a "
            "relative answered in the subject's place are passed over. Empty without RFXSTDTC, as SDTMIG "
            "3.4 has it, so in an arm without infusions; the baselines of the analysis are in ADQS.ABLFL."
        ),
    ),
    derived(
        "QSDRVFL",
        "Derived Flag",
        "Record Qualifier",
        codelist="Y",
        method="Y for scores; the metadata of QSSTRESN say how they are computed from the items.",
    ),
    *visit_variables(),
    epoch(),
    derived(
        "QSDTC",
        "Date/Time of Finding",
        "Timing",
        data_type="date",
        method="The civil day of the last answer of the form in the subject's time zone.",
    ),
    study_day("QSDY", "Study Day of Finding", date_name="QSDTC"),
    planned("QSEVLINT", "Evaluation Interval", "Timing", data_type="durationDatetime"),
)
