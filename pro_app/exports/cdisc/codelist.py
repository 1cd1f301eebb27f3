"""Lists of the values that a variable may have, and what a value means depending on another variable."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Term:
    """One value of a list with its meaning; `extended`: the sponsor's own, not in CDISC's list.

    `nci_code` is the term's code in the NCI Thesaurus, empty where it is not known for certain.
    """

    value: str
    decode: str = ""
    extended: bool = False
    nci_code: str = ""


@dataclass(frozen=True, slots=True)
class Codelist:
    """A list of values. `nci_code` is that of CDISC's published list, empty for a list of the sponsor's."""

    code: str
    label: str
    data_type: Literal["text", "integer", "float"]
    terms: tuple[Term, ...]
    nci_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLevel:
    """What `variable` holds in the rows in which `where` has one of the `values`.

    The other fields are as those of a `Variable` of the dataset.
    """

    variable: str
    where: str
    values: tuple[str, ...]
    data_type: Literal["text", "integer", "float"]
    origin: Literal["Collected", "Derived", "Assigned"] = "Collected"
    source: Literal["Subject", "Investigator", "Sponsor"] = "Subject"
    codelist: str = ""
    method: str = ""
    comment: str = ""
    significant_digits: int | None = None
