"""Reading the cells of a workbook (XLSX, ECMA-376): texts only, no formulas, nothing outside the file."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import join, normpath

from lxml import etree

from pro_app.errors import Problem
from pro_app.language import mark

LARGEST_PART = 20 * 1024 * 1024
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_NOT_TRANSPORTED = ("{*}rPh", "{*}phoneticPr")


class WorkbookUnreadable(Exception):
    """The file is no workbook; `problem` says why."""

    def __init__(self, message: str, **values: str | int) -> None:
        super().__init__(message)
        self.problem = Problem(message, values or None)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows; `is_formula` where it is computed and not written."""

    text: str
    is_formula: bool = False


Row = Mapping[str, Cell]
"""Column letters -> the cells that hold something."""
Sheets = Mapping[str, Mapping[int, Row]]
"""Name of the sheet -> number of the row (from 1) -> its cells."""


UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    KeyError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What a damaged archive raises; the last one is an archive with a password."""


def parse_workbook(raw: bytes) -> Sheets:
    """Read every sheet; raises WorkbookUnreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            book = _read_part(archive, "xl/workbook.xml")
            targets = _read_targets(archive)
            strings = _read_strings(archive)
            sheets = {}
            for sheet in book.iterfind("{*}sheets/{*}sheet"):
                key = sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or ""
                page = _read_part(archive, targets.get(key, ""))
                sheets[str(sheet.get("name"))] = dict(_list_rows(page, strings))
            return sheets
    except UNREADABLE as error:
        message = mark("The file is not a readable XLSX workbook (%(detail)s).")
        raise WorkbookUnreadable(message, detail=str(error).strip("'\"")[:100]) from error


def _read_part(archive: zipfile.ZipFile, name: str) -> etree._Element:
    """Read one XML part, of a size that a pack can have; entities are never resolved."""
    if archive.getinfo(name).file_size > LARGEST_PART:
        raise WorkbookUnreadable(mark("The workbook is too large."))
    with archive.open(name) as part:
        # What the directory says of the size may be untrue.
        raw = part.read(LARGEST_PART + 1)
    if len(raw) > LARGEST_PART:
        raise WorkbookUnreadable(mark("The workbook is too large."))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(raw, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise WorkbookUnreadable(mark("The workbook holds a document type, which none has."))
    return root


def _read_targets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Give the part behind each relation of the workbook."""
    relations = _read_part(archive, "xl/_rels/workbook.xml.rels")
    return {
        str(relation.get("Id")): normpath(join("/xl", str(relation.get("Target")))).lstrip("/")
        for relation in relations.iterfind("{*}Relationship")
    }


def _read_strings(archive: zipfile.ZipFile) -> list[str]:
    """Give the texts that the cells share."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    part = _read_part(archive, "xl/sharedStrings.xml")
    return [_read_text(item) for item in part.iterfind("{*}si")]


def _read_text(item: etree._Element) -> str:
    """Put the runs of a text together, as they are written; what only helps to pronounce them is left out."""
    for name in _NOT_TRANSPORTED:
        for other in item.findall(name):
            item.remove(other)
    text = "".join(part.text or "" for part in item.iter("{*}t"))
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _list_rows(page: etree._Element, strings: list[str]) -> Iterator[tuple[int, Row]]:
    """Give the rows with something in them."""
    for row in page.iterfind("{*}sheetData/{*}row"):
        cells: dict[str, Cell] = {}
        number = 0
        for part in row.iterfind("{*}c"):
            place = _PLACE.fullmatch(str(part.get("r")))
            if place is None:
                raise ValueError("a cell without its place")
            number = int(place[2])
            cell = _read_cell(part, strings)
            if cell.text or cell.is_formula:
                cells[place[1]] = cell
        if cells:
            yield number, cells


def _read_cell(part: etree._Element, strings: list[str]) -> Cell:
    value = part.findtext("{*}v") or ""
    match part.get("t"):
        case "s":
            text = strings[int(value)] if value and int(value) < len(strings) else ""
        case "inlineStr":
            inline = part.find("{*}is")
            text = "" if inline is None else _read_text(inline)
        case "b":
            text = "true" if value == "1" else "false"
        case "str":
            text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
        case _:
            text = value
    return Cell(text, is_formula=part.find("{*}f") is not None)
