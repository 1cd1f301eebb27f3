"""Variables that many SDTM datasets share, and short ways to write the others down."""

from typing import Literal

from pro_app.exports.cdisc.dataset import DataType, Variable

Role = Literal[
    "Identifier",
    "Topic",
    "Grouping Qualifier",
    "Record Qualifier",
    "Result Qualifier",
    "Synonym Qualifier",
    "Variable Qualifier",
    "Rule",
    "Timing",
]


def collected(name: str, label: str, role: Role, *, by: Literal["Subject", "Investigator"]) -> Variable:
    """Make a text variable that the subject or the site told."""
    return Variable(name=name, label=label, origin="Collected", source=by, role=role)


def assigned(name: str, label: str, role: Role, *, codelist: str = "", comment: str = "") -> Variable:
    """Make a text variable that follows from how the trial is set up."""
    return Variable(name=name, label=label, origin="Assigned", role=role, codelist=codelist, comment=comment)


def planned(name: str, label: str, role: Role, *, data_type: DataType = "text") -> Variable:
    """Make a variable that stands in the protocol."""
    return Variable(name=name, label=label, data_type=data_type, origin="Protocol", role=role)


def derived(
    name: str, label: str, role: Role, *, method: str, data_type: DataType = "text", codelist: str = ""
) -> Variable:
    """Make a variable that is computed as `method` says."""
    return Variable(name=name, label=label, data_type=data_type, role=role, method=method, codelist=codelist)


def told_date(name: str, label: str, *, role: Role = "Timing") -> Variable:
    """Make a civil date that the site recorded."""
    return Variable(
        name=name, label=label, data_type="date", origin="Collected", source="Investigator", role=role
    )


def identifiers(domain: str) -> tuple[Variable, Variable, Variable]:
    """Give STUDYID, DOMAIN and USUBJID."""
    study, own = trial_identifiers(domain)
    subject = assigned("USUBJID", "Unique Subject Identifier", "Identifier", comment="STUDYID-SUBJID")
    return study, own, mandatory(subject)


def trial_identifiers(domain: str) -> tuple[Variable, Variable]:
    """Give STUDYID and DOMAIN."""
    return (
        mandatory(assigned("STUDYID", "Study Identifier", "Identifier")),
        mandatory(assigned("DOMAIN", "Domain Abbreviation", "Identifier", codelist=f"DOMAIN.{domain}")),
    )


def sequence(domain: str) -> Variable:
    """Give the sequence number of a domain."""
    method = "1, 2, 3 … within each subject, in the order of the rows."
    number = derived(f"{domain}SEQ", "Sequence Number", "Identifier", method=method, data_type="integer")
    return mandatory(number)


def epoch() -> Variable:
    """Give EPOCH."""
    method = (
        "SCREENING up to the day of randomisation, TREATMENT after it up to the recorded end of treatment or "
        "surveillance, FOLLOW-UP after that; empty before consent and after the end of participation "
        "(DM.RFPENDTC), where there is no element. An infusion on the day of randomisation is TREATMENT."
    )
    return derived("EPOCH", "Epoch", "Timing", method=method, codelist="EPOCH")


def study_day(name: str, label: str, *, date_name: str) -> Variable:
    """Give a study day: counted from RFSTDTC, which is day 1; there is no day 0."""
    method = f"{date_name} minus DM.RFSTDTC in days, plus 1 from RFSTDTC on."
    return derived(name, label, "Timing", method=method, data_type="integer")


def visit_variables() -> tuple[Variable, Variable, Variable]:
    """Give VISITNUM, VISIT and VISITDY."""
    number_method = (
        "The place of the visit's rule in the protocol times a hundred, plus its week or month for a visit "
        "of a series; unscheduled: the number of the planned visit before it plus hundredths."
    )
    day_method = "Days planned from randomisation, plus 1; empty for visits that count from another event."
    return (
        derived("VISITNUM", "Visit Number", "Timing", method=number_method, data_type="float"),
        planned("VISIT", "Visit Name", "Timing"),
        derived("VISITDY", "Planned Study Day of Visit", "Timing", method=day_method, data_type="integer"),
    )


def mandatory(variable: Variable) -> Variable:
    """Give the same variable, now with a value in every row."""
    fields = {name: getattr(variable, name) for name in Variable.__dataclass_fields__}
    return Variable(**fields | {"mandatory": True})
