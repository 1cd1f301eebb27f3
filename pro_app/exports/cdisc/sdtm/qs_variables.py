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
    mandatory(assigned("QSTESTCD", "Question Short Name", "Topic", codelist="QSTESTCD")),
    mandatory(
        assigned(
            "QSTEST",
            "Question Name",
            "Synonym Qualifier",
            codelist="QSTEST",
            comment="Names of items come from the wording of the release and may be cut to 40 characters.",
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
            "Y on the last result of each question up to the day of the first infusion, or, without an "
            "infusion, up to the day of randomisation."
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
