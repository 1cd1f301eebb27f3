"""The header records of a SAS transport file, version 5 (SAS Technical Support paper TS-140)."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

RECORD = 80
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAMESTR = struct.Struct(">hhhh8s40s8shhh2s8shhl52x")
_FORMAT = re.compile(r"([A-Z]*)(\d*)\.(\d*)")
_NUMBER, _TEXT = 1, 2


@dataclass(frozen=True, slots=True)
class XptColumn:
    """One variable as the header describes it; the label is in UTF-8, `width` in bytes."""

    name: str
    label: bytes
    is_text: bool
    width: int
    display_format: str = ""


def render_header(name: str, label: bytes, columns: Sequence[XptColumn], *, made_at: datetime) -> bytes:
    """Give everything that stands before the rows of a file with one dataset."""
    stamp = _stamp(made_at)
    system = b"9.4".ljust(8) + b"".ljust(8) + b" " * 24
    parts = (
        _marker("LIBRARY HEADER RECORD!!!!!!!" + "0" * 30),
        b"SAS".ljust(8) + b"SAS".ljust(8) + b"SASLIB".ljust(8) + system + stamp,
        stamp.ljust(RECORD),
        _marker("MEMBER  HEADER RECORD!!!!!!!" + "0" * 17 + "16" + "0" * 8 + "140"),
        _marker("DSCRPTR HEADER RECORD!!!!!!!" + "0" * 30),
        b"SAS".ljust(8) + name.encode().ljust(8) + b"SASDATA".ljust(8) + system + stamp,
        stamp.ljust(16) + b" " * 16 + label.ljust(40) + b" " * 8,
        _marker(f"NAMESTR HEADER RECORD!!!!!!!000000{len(columns):04}" + "0" * 20),
        pad_record(_namestrs(columns)),
        _marker("OBS     HEADER RECORD!!!!!!!" + "0" * 30),
    )
    return b"".join(parts)


def pad_record(data: bytes) -> bytes:
    """Fill the last record of 80 bytes with blanks."""
    return data + b" " * (-len(data) % RECORD)


def _marker(text: str) -> bytes:
    return f"HEADER RECORD*******{text}".encode().ljust(RECORD)


def _stamp(moment: datetime) -> bytes:
    civil = moment.astimezone(UTC)
    return f"{civil:%d}{_MONTHS[civil.month - 1]}{civil:%y:%H:%M:%S}".encode()


def _namestrs(columns: Sequence[XptColumn]) -> bytes:
    position, parts = 0, []
    for number, column in enumerate(columns, start=1):
        parts.append(_namestr(column, number=number, position=position))
        position += column.width
    return b"".join(parts)


def _namestr(column: XptColumn, *, number: int, position: int) -> bytes:
    found = _FORMAT.fullmatch(column.display_format)
    name, width, decimals = found.groups() if found else ("", "", "")
    return _NAMESTR.pack(
        _TEXT if column.is_text else _NUMBER,
        0,
        column.width,
        number,
        column.name.encode().ljust(8),
        column.label.ljust(40),
        name.encode().ljust(8),
        int(width or 0),
        int(decimals or 0),
        0,
        b"",
        b" " * 8,
        0,
        0,
        position,
    )
