"""A table of answers, one response a row: columns found by name, each value typed or rejected."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pro_app.errors import InputRejected, Problem
from pro_app.instruments.instrument import Instrument, Item, ScoringDefinition
from pro_app.language import mark
from pro_app.scoring.csv_records import CsvRecord
from pro_app.scoring.scale_score import NOT_APPLICABLE, ItemValue

ID_COLUMN = "id"
_INTEGRAL = re.compile(r"([0-9]{1,9})(?:\.0{0,9})?")
_MISSING_IN_OTHER_PROGRAMS = {"n", "na", "n/a", "nan", "null", "none", "."}


@dataclass(frozen=True, slots=True)
class ItemColumn:
    """Where one item stands in the table, and the answers it offers."""

    position: int
    item: Item
    values: tuple[int, ...]

    @property
    def name(self) -> str:
        """The column's name: `q` and the printed number of the item."""
        return f"q{self.item.number}"


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The columns of a table of answers; those that are no items are passed through in their order."""

    header: tuple[str, ...]
    id_position: int
    items: tuple[ItemColumn, ...]
    other_positions: tuple[int, ...]

    @property
    def other_names(self) -> list[str]:
        """The names of the columns that are passed through, as they are written in the table."""
        return [self.header[position] for position in self.other_positions]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One readable response: the fields to pass through, and its answers by printed item number."""

    line: int
    others: list[str]
    values: dict[int, ItemValue]


@dataclass(frozen=True, slots=True)
class RejectedValue:
    """Why a row is not scored: `problem` says where and why, `value` is what stands there."""

    row_id: str
    value: str
    problem: Problem


def read_columns(
    records: Iterator[CsvRecord], instrument: Instrument, scoring: ScoringDefinition
) -> AnswerColumns:
    """Read the first record as the header; raises InputRejected where it is none that can be used."""
    first = next(records, None)
    if first is None:
        raise InputRejected((Problem(mark("The file is empty.")),))
    if first.fields is None:
        message = mark("The first line cannot be read as a list of column names separated by commas.")
        raise InputRejected((Problem(message, line=first.line),))
    return parse_columns(first.fields, instrument, scoring)


def parse_columns(header: Sequence[str], instrument: Instrument, scoring: ScoringDefinition) -> AnswerColumns:
    """Find the columns by name, in any order; raises InputRejected with every problem of the header."""
    names = [name.strip() for name in header]
    items = {f"q{item.number}": item for item in instrument.items}
    problems = tuple(_check_header(names, [ID_COLUMN, *items], scoring.scale_codes))
    if problems:
        raise InputRejected(problems)
    return AnswerColumns(
        header=tuple(header),
        id_position=names.index(ID_COLUMN),
        items=tuple(
            ItemColumn(names.index(name), item, instrument.response_values(item.number))
            for name, item in items.items()
        ),
        other_positions=tuple(position for position, name in enumerate(names) if name not in items),
    )


def _check_header(names: list[str], required: list[str], scale_codes: Sequence[str]) -> Iterator[Problem]:
    """List what is wrong with the column names."""
    joined = ",".join(names)
    for separator, message in (
        (";", mark("The columns are separated by semicolons. Save the file with commas as separators.")),
        ("\t", mark("The columns are separated by tabs. Save the file with commas as separators.")),
    ):
        if joined.count(separator) > joined.count(","):
            yield Problem(message, line=1)
            return
    if missing := [name for name in required if name not in names]:
        yield Problem(mark("Missing columns: %(columns)s."), {"columns": ", ".join(missing)}, line=1)
    if double := [name for name, count in Counter(names).items() if name and count > 1]:
        yield Problem(mark("Columns that occur twice: %(columns)s."), {"columns": ", ".join(double)}, line=1)
    if taken := [name for name in scale_codes if name in names]:
        message = mark("Columns that are named like a score to be computed: %(columns)s. Rename them.")
        yield Problem(message, {"columns": ", ".join(taken)}, line=1)


def list_answer_rows(
    records: Iterable[CsvRecord], columns: AnswerColumns
) -> Iterator[AnswerRow | tuple[RejectedValue, ...]]:
    """Give each record as a typed row, or as everything that is wrong with it."""
    offered = [(c.position, c.item.number, _offered_texts(c)) for c in columns.items]
    for record in records:
        fields = record.fields
        if fields is None or len(fields) != len(columns.header) or not fields[columns.id_position].strip():
            yield (_rejected_row(record, columns),)
            continue
        try:
            values = {number: texts[fields[position]] for position, number, texts in offered}
        except KeyError:
            # Only now is it worth looking at the values one by one: most rows hold plain codes.
            yield _parse_slowly(record.line, fields, columns)
        else:
            yield AnswerRow(record.line, [fields[p] for p in columns.other_positions], values)


def _offered_texts(column: ItemColumn) -> dict[str, ItemValue]:
    """Map what usually stands in a field of this column to what it means."""
    texts: dict[str, ItemValue] = {"": None, **{str(value): value for value in column.values}}
    if column.item.na_allowed:
        texts[NOT_APPLICABLE] = NOT_APPLICABLE
    return texts


def _rejected_row(record: CsvRecord, columns: AnswerColumns) -> RejectedValue:
    """Say why a record cannot be a response at all."""
    fields = record.fields
    if fields is None:
        message = mark("This row cannot be read: a quotation mark or a line break is in the wrong place.")
        return RejectedValue("", "", Problem(message, line=record.line))
    row_id = fields[columns.id_position] if columns.id_position < len(fields) else ""
    if len(fields) != len(columns.header):
        message = mark("This row has %(found)s fields instead of %(expected)s.")
        counts: dict[str, str | int] = {"found": len(fields), "expected": len(columns.header)}
        return RejectedValue(row_id, "", Problem(message, counts, line=record.line))
    return RejectedValue(row_id, row_id, Problem(mark("The id is empty."), None, ID_COLUMN, record.line))


def _parse_slowly(
    line: int, fields: list[str], columns: AnswerColumns
) -> AnswerRow | tuple[RejectedValue, ...]:
    """Parse a row whose values are not all written in the usual way."""
    row_id = fields[columns.id_position]
    values: dict[int, ItemValue] = {}
    rejected: list[RejectedValue] = []
    for column in columns.items:
        text = fields[column.position]
        parsed = parse_item_value(text, column, line)
        if isinstance(parsed, Problem):
            rejected.append(RejectedValue(row_id, text, parsed))
        else:
            values[column.item.number] = parsed
    return tuple(rejected) or AnswerRow(line, [fields[p] for p in columns.other_positions], values)


def parse_item_value(text: str, column: ItemColumn, line: int) -> ItemValue | Problem:
    """Read one field: blank is missing, `N` not applicable, else a code that the item offers.

    Surrounding blanks are accepted, and `2.0` for 2, as programs write that keep answers as decimals.
    Missing marks of other programs (`NA`, `NaN`, `.`) are refused: nobody could tell them from `N`.
    """
    text = text.strip()
    if not text:
        return None
    if text == NOT_APPLICABLE and column.item.na_allowed:
        return NOT_APPLICABLE
    number = _INTEGRAL.fullmatch(text)
    if number and int(number[1]) in column.values:
        return int(number[1])
    return _refused_value(text, column, line)


def _refused_value(text: str, column: ItemColumn, line: int) -> Problem:
    """Say why a field holds no answer of its item."""
    if text == NOT_APPLICABLE:
        return Problem(mark("“Not applicable” (N) is not offered by this item."), None, column.name, line)
    if text.lower() in _MISSING_IN_OTHER_PROGRAMS:
        message = mark(
            "Unclear: leave the field empty if the answer is missing, or write N for “not applicable”."
        )
        return Problem(message, None, column.name, line)
    message = mark("Not an answer of this item: a whole number from %(lowest)s to %(highest)s is expected.")
    return Problem(message, {"lowest": column.values[0], "highest": column.values[-1]}, column.name, line)
