"""The empty pack as a workbook, whose yellow cells are to be filled in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter

from pro_app.instruments.instrument import Instrument
from pro_app.instruments.pack_files.template import labelled_values, make_template, offers_not_applicable
from pro_app.instruments.pack_files.workbook_form import BLOCKS, ITEMS, OPTIONS, PACK

_WIDTHS = {"instruction": 80, "recall_line": 40, "text": 80, "label": 40, "value": 50, "note": 60}
_MADE_AT = datetime(2000, 1, 1)  # noqa: DTZ001 -- XLSX has no zone; a fixed time makes equal templates equal bytes
_TO_FILL = frozenset({"instruction", "recall_line", "text", "label", "value"})
_NOTES = {
    "pack": "name of this text: small letters, digits, hyphens; a new name for each new text",
    "placeholder": "false for a licensed text",
    "licence_reference": "reference of the licence that permits the electronic version",
    "copyright_line": "the line that the licence asks for; it ends the questionnaire",
}


def write_workbook_template(
    path: Path, instrument: Instrument, language: str, *, advice: Sequence[str] = ()
) -> None:
    """Write the workbook; `advice` are sentences on its first sheet."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": f"{instrument.title} {instrument.version}", "created": _MADE_AT})
        if advice:
            page = book.add_worksheet("readme")
            page.set_column(0, 0, 100)
            for row, sentence in enumerate(advice):
                page.write_string(row, 0, sentence, book.add_format({"text_wrap": True}))
        for name, (columns, rows) in _list_sheets(instrument, language).items():
            _write_sheet(book, name, columns=columns, rows=rows)


def _write_sheet(
    book: xlsxwriter.Workbook, name: str, *, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    page = book.add_worksheet(name)
    header = book.add_format({"bold": True, "bg_color": "#E3F0F1", "border": 1})
    # As text, so that no program turns a number or a word of the questionnaire into something else.
    given = book.add_format({"num_format": "@", "valign": "top", "font_color": "#3F4C58"})
    to_fill = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True, "bg_color": "#FFF8DC"})
    page.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        page.set_column(place, place, _WIDTHS.get(column, 18))
        page.write_string(0, place, column, header)
        look = to_fill if column in _TO_FILL else given
        for row, cells in enumerate(rows, start=1):
            if cells[place]:
                page.write_string(row, place, cells[place], look)
            else:
                page.write_blank(row, place, None, look)


def _list_sheets(
    instrument: Instrument, language: str
) -> Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]]:
    """Give the columns and the rows of each sheet."""
    empty = make_template(instrument, language)
    na_note = "needed: some items offer it" if offers_not_applicable(instrument) else "leave empty"
    head: dict[str, str] = {
        "pack": empty["pack"],
        "instrument_code": instrument.code,
        "instrument_version": instrument.version,
        "language": language,
        "placeholder": "false",
    }
    head |= dict.fromkeys(("licence_reference", "title", "not_applicable_label", "copyright_line"), "")
    notes = _NOTES | {"not_applicable_label": na_note}
    return {
        PACK: (("key", "value", "note"), [(key, value, notes.get(key, "")) for key, value in head.items()]),
        BLOCKS: (
            ("block", "items", "recall_period", "instruction", "recall_line"),
            [
                (b.code, f"{b.items[0]}–{b.items[-1]}", b.recall_period or "", "", "")
                for b in instrument.blocks
            ],
        ),
        ITEMS: (("number", "block", "response_set", "not_applicable", "text"), _list_items(instrument)),
        OPTIONS: (
            ("response_set", "layout", "code", "label"),
            [
                (code, response_set.layout, str(value), "")
                for code, response_set in instrument.response_sets.items()
                for value in labelled_values(response_set)
            ],
        ),
    }


def _list_items(instrument: Instrument) -> list[tuple[str, ...]]:
    return [
        (
            str(item.number),
            instrument.block_of(item.number).code,
            item.response_set,
            "x" if item.na_allowed else "",
            "",
        )
        for item in instrument.items
    ]
