"""Importing a table of paper forms: each row whole or not at all, and a list of those that were rejected."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.answer_import.columns import NEEDED, PARTICIPANT, VISIT, check_columns
from pro_app.services.answer_import.rows import ImportTask, RowOutcome, file_row
from pro_app.services.table_files import LARGEST_FILE, TableFile, TableRow, read_table

RowTransaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not filed, and everything that is wrong with it; `place` names the column."""

    row: TableRow
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class ImportReport:
    """What came of the rows of a table, in their order."""

    filed: int = 0
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the table had."""
        return self.filed + self.unchanged + len(self.rejected)


class _NotKept(Exception):
    """Takes back a row that was only tried."""


def read_import(content: bytes, *, most_rows: int, largest: int = LARGEST_FILE) -> TableFile:
    """Read a table of paper forms; raises InputRejected where it is none, has no row or too many."""
    table = read_table(content, needed=NEEDED, place="file", largest=largest)
    check_columns(table.columns)
    if not table.rows:
        raise InputRejected((Problem(mark("The file has no row."), place="file"),))
    if len(table.rows) > most_rows:
        message = mark("The file has %(rows)s rows; at most %(most)s are taken at once.")
        values: dict[str, str | int] = {"rows": len(table.rows), "most": most_rows}
        raise InputRejected((Problem(message, values, place="file"),))
    return table


def import_rows(
    table: TableFile,
    task: ImportTask,
    *,
    open_row: RowTransaction,
    keeps: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> ImportReport:
    """File the rows one by one, each in what `open_row` opens; without `keeps` they are only tried.

    A row is filed whole or not at all, whatever becomes of the others. `advance` is called after each.
    """
    report = ImportReport()
    lines: dict[tuple[str, str], int] = {}
    for row in table.rows:
        try:
            _require_whole(row)
            _require_first(row, lines)
            outcome = _file_one(row.values, task, open_row=open_row, keeps=keeps)
        except InputRejected as refused:
            report.rejected.append(RejectedRow(row, refused.problems))
        else:
            report.filed += outcome is RowOutcome.FILED
            report.unchanged += outcome is RowOutcome.UNCHANGED
        advance()
    return report


def _file_one(
    values: Mapping[str, str], task: ImportTask, *, open_row: RowTransaction, keeps: bool
) -> RowOutcome:
    outcome = RowOutcome.FILED
    with suppress(_NotKept), open_row() as session:
        outcome = file_row(session, values, task)
        _keep_or_take_back(keeps=keeps)
    return outcome


def _keep_or_take_back(*, keeps: bool) -> None:
    """End the row's transaction: leaving it by an exception takes back what was written."""
    if not keeps:
        raise _NotKept


def _require_whole(row: TableRow) -> None:
    """Refuse a row that has not as many fields as the table: everything behind the gap would be shifted."""
    if row.is_misfit:
        message = mark("This row has more or fewer fields than the first line: a separator is amiss.")
        raise InputRejected((Problem(message, place=PARTICIPANT),))


def _require_first(row: TableRow, lines: dict[tuple[str, str], int]) -> None:
    """Refuse a second row about the same form: which of the two would be right is for people to say."""
    about = (row.values[PARTICIPANT], row.values[VISIT])
    before = lines.setdefault(about, row.line)
    if before != row.line:
        message = mark("The same visit of the same patient stands in line %(line)s.")
        raise InputRejected((Problem(message, {"line": before}, place=VISIT),))
