"""What the columns of an import say: whose form, which visit, which day, and one column an item (pure)."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.paper.marks import EMPTY, Cell, clean_mark

PARTICIPANT, VISIT, DAY, RESPONDENT = "participant_code", "visit_code", "source_on", "respondent"
NEEDED = (PARTICIPANT, VISIT, DAY, RESPONDENT)
LATE_REASON = "late_reason"
REJECTED_COLUMN, REJECTED_WHY = "rejected_column", "rejected_why"
"""What a table of rejected rows adds; it can be handed in again as it is once its rows are mended."""
_ITEM = re.compile(r"[a-z][a-z0-9.-]*:[1-9][0-9]*")
_DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")
_SERIAL = re.compile(r"[1-9][0-9]{4}(\.0+)?")
_SERIAL_ORIGIN = date(1899, 12, 30)
"""The day zero of a spreadsheet's dates (ECMA-376 part 1, 18.17.4.1; it counts a leap day 1900 had not)."""


def check_columns(columns: Sequence[str]) -> None:
    """Raise InputRejected naming the columns that nothing here is called.

    A misspelt column would else be a question left empty on every form.
    """
    known = {*NEEDED, LATE_REASON, REJECTED_COLUMN, REJECTED_WHY, ""}
    unknown = [name for name in columns if name not in known and not _ITEM.fullmatch(name)]
    if unknown:
        message = mark("The file has columns that are not known here: %(columns)s.")
        values: dict[str, str | int] = {"columns": ", ".join(name[:40] for name in unknown[:10])}
        raise InputRejected((Problem(message, values, place="file"),))


def read_day(text: str) -> date:
    """Give the day on a sheet: 2026-03-12, 12/03/2026 or a spreadsheet's own date; raises InputRejected."""
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    if _SERIAL.fullmatch(text):
        return _SERIAL_ORIGIN + timedelta(days=int(float(text)))
    message = mark("“%(text)s” is no day; write 2026-03-12 or 12/03/2026.")
    raise InputRejected((Problem(message, {"text": text[:40]}, place=DAY),))


def read_marks(cells: Collection[Cell], values: Mapping[str, str]) -> dict[str, str]:
    """Give the marks of a row by item, an empty field as an empty box.

    Raises InputRejected where a question has no column, where something is answered that the visit does not
    ask, or where nothing at all is answered: such a row is a form that nobody filled in.
    """
    missing = [cell.key for cell in cells if cell.key not in values]
    if missing:
        message = mark("The file has no column %(columns)s, which this visit asks.")
        named: dict[str, str | int] = {"columns": ", ".join(missing[:5])}
        raise InputRejected((Problem(message, named, place=missing[0]),))
    keys = {cell.key for cell in cells}
    strange = [name for name, text in values.items() if text and _ITEM.fullmatch(name) and name not in keys]
    if strange:
        message = mark("This visit does not ask %(columns)s, and the row has an answer there.")
        named = {"columns": ", ".join(strange[:5])}
        raise InputRejected((Problem(message, named, place=strange[0]),))
    marks = {cell.key: _read_mark(values[cell.key]) for cell in cells}
    if set(marks.values()) == {EMPTY}:
        raise InputRejected((Problem(mark("No question is answered in this row."), place=VISIT),))
    return marks


def _read_mark(text: str) -> str:
    # A spreadsheet may have made a decimal of the number of a box.
    return clean_mark(text.removesuffix(".0")) or EMPTY


def list_columns(item_keys: Sequence[str]) -> tuple[str, ...]:
    """List the columns of a table that asks these items."""
    return (*NEEDED, LATE_REASON, *item_keys)
