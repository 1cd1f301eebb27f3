"""What a CDISC dataset is: its variables, how its rows are derived, and what define.xml says about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.column import Column, ColumnType, TableDefinition

Standard = Literal["SDTM", "ADaM"]

DataType = Literal["text", "integer", "float", "date", "datetime", "durationDatetime"]
"""The data types of define.xml; the last three are ISO 8601 text in a frame."""

Origin = Literal["Collected", "Derived", "Assigned", "Protocol", "Predecessor"]
Source = Literal["Subject", "Investigator", "Sponsor", "Vendor", ""]

DATE_FORMAT = "DATE9."
MOMENT_FORMAT = "DATETIME20."

Derive = Callable[[Tables, Release], pl.DataFrame]
"""Tables of a batch of whole participants -> rows with exactly the dataset's variables."""

FindRemarks = Callable[[pl.DataFrame, Release], Iterable[Remark]]
"""Derived rows of one batch -> what could not be said in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable. `codelist` names a list of `codelist.py` or of the caller's own.

    Numeric dates of ADaM are integers with `display_format` DATE_FORMAT (in a frame: dates) or
    MOMENT_FORMAT (in a frame: UTC moments). Text is as long as its longest value in the data. `method`
    says in one sentence how a derived value is computed; `predecessor` names the variable it is copied
    from, as in "DM.ARM".
    """

    name: str
    label: str
    data_type: DataType = "text"
    origin: Origin = "Derived"
    source: Source = "Sponsor"
    role: str = ""
    mandatory: bool = False
    codelist: str = ""
    method: str = ""
    comment: str = ""
    predecessor: str = ""
    display_format: str = ""
    significant_digits: int | None = None

    @property
    def column_type(self) -> ColumnType:
        """The type of its column in a frame."""
        if self.display_format == DATE_FORMAT:
            return "date"
        if self.display_format == MOMENT_FORMAT:
            return "datetime"
        numbers: dict[DataType, ColumnType] = {"integer": "integer", "float": "number"}
        return numbers.get(self.data_type, "text")

    @property
    def is_text(self) -> bool:
        """Say whether it is text in SAS; what is not is a number."""
        return self.column_type == "text"


@dataclass(frozen=True, kw_only=True)
class CdiscDataset:
    """One dataset. `keys` are the names of the variables that tell its rows apart, in the order of sorting.

    `class_name` and `sub_class` are terms of define.xml 2.1. A `reference` dataset describes the trial
    and no person: its rows come from the release alone, and `derive` is called once. `find_remarks` is
    asked after each batch; the same remark twice is one. `value_levels` says what a variable holds
    depending on another one.
    """

    name: str
    label: str
    standard: Standard
    class_name: str
    structure: str
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    derive: Derive
    sub_class: str = ""
    reference: bool = False
    comment: str = ""
    find_remarks: FindRemarks | None = None
    value_levels: Callable[[Release], tuple[ValueLevel, ...]] | None = None

    @cached_property
    def table(self) -> TableDefinition:
        """Its columns as those of a table: what a spool keeps and `check_frame` checks."""
        columns = tuple(Column(v.name, v.column_type, v.label, v.label) for v in self.variables)
        return TableDefinition(self.name, self.label, self.label, columns)

    @cached_property
    def variables_by_name(self) -> dict[str, Variable]:
        """The variables by name."""
        return {variable.name: variable for variable in self.variables}
