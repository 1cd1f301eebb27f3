"""A table of visits: the courses of everyone whose rows can be trusted, and why the others are left out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.scoring.csv_records import CsvRecord, list_csv_records
from pro_app.scoring.deterioration.course import Course
from pro_app.scoring.deterioration.visit_columns import (
    DATE,
    DEATH,
    ID,
    VISIT,
    ScoreDirections,
    VisitColumns,
    parse_visit_columns,
)
from pro_app.scoring.deterioration.visit_rows import RejectedField, VisitRow, parse_visit_row

_LINE_ENDS = frozenset("\r\n")


@dataclass(frozen=True, slots=True)
class VisitTable:
    """What a table of visits holds, in the order in which people first appear.

    `people` has the id of each with a course for each score column. Everyone with a row that cannot be
    trusted is left out and stands in `rejected`, with each field that is wrong.
    """

    columns: VisitColumns
    people: tuple[tuple[str, tuple[Course, ...]], ...]
    rejected: tuple[tuple[RejectedField, ...], ...]


def parse_visit_table(lines: Iterable[str], directions: ScoreDirections, *, death_needed: bool) -> VisitTable:
    """Read a table with the columns id, visit, date, death and scores, rows in any order.

    Time zero of a person is the first dated visit, the baseline is visit 0. Raises InputRejected where
    there is no usable header, where a row does not say whose it is, and where nobody has a visit 0.
    """
    records = list_csv_records(lines)
    columns = _parse_header(next(records, None), directions, death_needed=death_needed)
    rows: dict[str, list[VisitRow]] = {}
    rejected: dict[str, list[RejectedField]] = {}
    for record in records:
        person, row = _parse_record(record, columns)
        readable = rows.setdefault(person, [])
        if isinstance(row, VisitRow):
            readable.append(row)
        else:
            rejected.setdefault(person, []).extend(row)
    days_are_civil = _are_days_civil(row for visits in rows.values() for row in visits)
    for person, visits in rows.items():
        visits.sort(key=lambda row: row.visit)
        for found in _check_person(person, visits, days_are_civil=days_are_civil):
            rejected.setdefault(person, []).append(found)
    _check_baselines(rows)
    trusted = {person: visits for person, visits in rows.items() if person not in rejected}
    return VisitTable(
        columns,
        people=tuple((person, _make_courses(visits, columns)) for person, visits in trusted.items()),
        rejected=tuple(tuple(rejected[person]) for person in rows if person in rejected),
    )


def _are_days_civil(rows: Iterable[VisitRow]) -> bool:
    """Say how the table writes days: the first one decides."""
    return next((day.civil for row in rows for day in (row.on, row.died) if day is not None), False)


def _parse_header(
    record: CsvRecord | None, directions: ScoreDirections, *, death_needed: bool
) -> VisitColumns:
    """Read the first record as the names of the columns."""
    if record is None:
        raise InputRejected((Problem(mark("The file is empty.")),))
    if record.fields is None:
        message = mark("The first line cannot be read as a list of column names separated by commas.")
        raise InputRejected((Problem(message, line=record.line),))
    return parse_visit_columns(record.fields, directions, death_needed=death_needed)


def _parse_record(
    record: CsvRecord, columns: VisitColumns
) -> tuple[str, VisitRow | tuple[RejectedField, ...]]:
    """Give whose row it is, and the row or everything that is wrong with it."""
    fields = record.fields or []
    person = fields[columns.id].strip() if columns.id < len(fields) else ""
    if record.fields is None:
        message = mark("This row cannot be read: a quotation mark or a line break is in the wrong place.")
        raise InputRejected((Problem(message, line=record.line),))
    if not person or _LINE_ENDS & set(person):
        message = mark("This row does not say whose it is: the id is empty or has a line break.")
        raise InputRejected((Problem(message, None, ID, record.line),))
    if len(fields) != columns.count:
        message = mark("This row has %(found)s fields instead of %(expected)s.")
        counts: dict[str, str | int] = {"found": len(fields), "expected": columns.count}
        return person, (RejectedField(person, "", Problem(message, counts, line=record.line)),)
    return person, parse_visit_row(record.line, fields, columns)


def _check_person(
    person: str, visits: Sequence[VisitRow], *, days_are_civil: bool
) -> Iterator[RejectedField]:
    """List what cannot be true together in the rows of one person, sorted by visit."""
    for row in visits:
        for column, day in ((DATE, row.on), (DEATH, row.died)):
            if day is not None and day.civil != days_are_civil:
                message = mark("The file has whole numbers of days and dates YYYY-MM-DD: use one of them.")
                yield row.reject(person, message, column=column)
        if row.on is None and row.has_score:
            yield row.reject(person, mark("There are scores, but no date."), column=DATE)
    yield from _check_order(person, visits)
    yield from _check_death(person, visits)


def _check_order(person: str, visits: Sequence[VisitRow]) -> Iterator[RejectedField]:
    """Check that no visit stands there twice, and that dates go forward with the visits."""
    for earlier, row in pairwise(visits):
        if earlier.visit == row.visit:
            yield row.reject(person, mark("This visit stands there twice."), column=VISIT)
    dated = [row for row in visits if row.on is not None]
    for earlier, row in pairwise(dated):
        if earlier.on and row.on and row.on.number < earlier.on.number:
            message = mark("This date lies before that of visit %(visit)s.")
            yield row.reject(person, message, column=DATE, visit=earlier.visit)


def _check_death(person: str, visits: Sequence[VisitRow]) -> Iterator[RejectedField]:
    """Check that a person dies once, and answers nothing afterwards."""
    died = next((row.died for row in visits if row.died is not None), None)
    if died is None:
        return
    for row in visits:
        if row.died not in {None, died}:
            message = mark("Another row of this person has another day of death.")
            yield row.reject(person, message, column=DEATH)
        if row.on is not None and row.has_score and row.on.number > died.number:
            yield row.reject(person, mark("There are scores after the day of death."), column=DATE)


def _check_baselines(rows: dict[str, list[VisitRow]]) -> None:
    """Refuse a table in which nobody has a baseline visit: it numbers its visits in another way."""
    read = [row for visits in rows.values() for row in visits]
    if read and all(row.visit != 0 for row in read):
        raise InputRejected((Problem(mark("No row has the visit 0, which is the baseline.")),))


def _make_courses(visits: Sequence[VisitRow], columns: VisitColumns) -> tuple[Course, ...]:
    """Give the course of each score column."""
    dated = [(row.on.number, row) for row in visits if row.on is not None]
    starts = dated[0][0] if dated else 0
    died = next((row.died.number for row in visits if row.died is not None), None)
    courses = []
    for place in range(len(columns.scores)):
        observed = [(day, row.visit, row.scores[place]) for day, row in dated]
        later = [(day, score) for day, visit, score in observed if visit > 0 and score is not None]
        baseline = next((score for _, visit, score in observed if visit == 0), None)
        courses.append(Course(starts, baseline, [day for day, _ in later], [s for _, s in later], died))
    return tuple(courses)
