"""One row of a table of visits, typed: every field is what it must be, or a problem says what it is not."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.scoring.deterioration.visit_columns import DATE, DEATH, VISIT, VisitColumns
from pro_app.scoring.exact_comparison import TOLERANCE

_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:\.0{0,9})?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MISSING_IN_OTHER_PROGRAMS = {"na", "n/a", "nan", "null", "none", "."}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Day:
    """A day as a number; `civil` ones came as YYYY-MM-DD and are counted from the year 1."""

    number: int
    civil: bool

    def __str__(self) -> str:
        """Write the day the way the file has it."""
        return date.fromordinal(self.number).isoformat() if self.civil else str(self.number)


@dataclass(frozen=True, slots=True)
class RejectedField:
    """Why a person is left out: `problem` says where and why, `value` is what stands there."""

    person: str
    value: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit of one person: `scores` stand in the order of the columns, None where there is none."""

    line: int
    visit: int
    on: Day | None
    died: Day | None
    scores: tuple[float | None, ...]

    @property
    def has_score(self) -> bool:
        """Whether there is any score."""
        return any(score is not None for score in self.scores)

    def reject(self, person: str, message: str, *, column: str, **values: str | int) -> RejectedField:
        """Say what is wrong with the visit or one of the days of this row."""
        shown = {VISIT: self.visit, DATE: self.on, DEATH: self.died}[column]
        problem = Problem(message, values or None, column, self.line)
        return RejectedField(person, "" if shown is None else str(shown), problem)


class _NotReadable(ValueError):
    """A field that is not what it must be; its text is the message id."""


def parse_visit_row(
    line: int, fields: Sequence[str], columns: VisitColumns
) -> VisitRow | tuple[RejectedField, ...]:
    """Read the fields of a row that has as many as the header; gives every problem if there is any."""
    row = _FieldReader(fields[columns.id].strip(), line)
    visit = row.read(_parse_visit, VISIT, fields[columns.visit])
    on = row.read(_parse_day, DATE, fields[columns.date])
    died = None if columns.death is None else row.read(_parse_day, DEATH, fields[columns.death])
    scores = tuple(row.read(_parse_score, name, fields[position]) for position, name, _ in columns.scores)
    if row.rejected or visit is None:
        return tuple(row.rejected)
    return VisitRow(line, visit, on, died, scores)


class _FieldReader:
    """Reads the fields of one row and gathers what cannot be read."""

    def __init__(self, person: str, line: int) -> None:
        self._person = person
        self._line = line
        self.rejected: list[RejectedField] = []

    def read(self, parse: Callable[[str], _T], column: str, text: str) -> _T | None:
        """Read one field; None where it cannot be read."""
        try:
            return parse(text.strip())
        except _NotReadable as refused:
            problem = Problem(str(refused), None, column, self._line)
            self.rejected.append(RejectedField(self._person, text, problem))
            return None


def _parse_visit(text: str) -> int:
    """Read the number of a visit."""
    whole = _WHOLE.fullmatch(text)
    if whole is None or int(whole[1]) < 0:
        raise _NotReadable(mark("Not a visit: a whole number is expected, 0 for the baseline."))
    return int(whole[1])


def _parse_day(text: str) -> Day | None:
    """Read a day; blank is no day."""
    if not text:
        return None
    if whole := _WHOLE.fullmatch(text):
        return Day(int(whole[1]), civil=False)
    try:
        return Day(date.fromisoformat(text if _ISO_DATE.fullmatch(text) else "").toordinal(), civil=True)
    except ValueError as wrong:
        message = mark("Not a day: a whole number of days or a date YYYY-MM-DD is expected, or nothing.")
        raise _NotReadable(message) from wrong


def _parse_score(text: str) -> float | None:
    """Read a score; blank is no score, and the missing marks of other programs are refused."""
    if not text:
        return None
    if text.lower() in _MISSING_IN_OTHER_PROGRAMS:
        raise _NotReadable(mark("Unclear: leave the field empty if there is no score."))
    score = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not -TOLERANCE <= score <= 100 + TOLERANCE:
        raise _NotReadable(mark("Not a score: a number from 0 to 100 is expected."))
    return score
