"""Rows of fixed width, as SPSS and Stata files hold them: what a table needs, and packing frames into it.

The well-kept writer (pyreadstat) puts in one Python value after the other; a trial's items would take it
several seconds a file. So it writes the dictionary of the file around a single row, and the rows are packed
here, column by column. The tests compare the result, byte by byte, with what the writer makes of the same
table alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from pro_app.exports.frames import check_frame
from pro_app.exports.row_limit import MOST_ROWS
from pro_app.exports.spool import Spool
from pro_app.exports.tables.column import TableDefinition

Bytes = npt.NDArray[np.uint8]
Texts = npt.NDArray[np.bytes_]

ROWS_AT_ONCE = 50_000
"""How many rows are packed at once, which bounds the memory."""


@dataclass(slots=True)
class Extent:
    """What a table holds: rows, longest text in bytes and extreme integers by column, and its visits."""

    rows: int = 0
    longest: dict[str, int] = field(default_factory=dict)
    lowest: dict[str, int] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)
    visit_codes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Field:
    """A column as it is stored; `width` is that of its text in bytes, 0 for numbers.

    `segmented` is how SPSS stores texts of more than 255 bytes.
    """

    name: str
    kind: np.dtype[np.generic]
    width: int = 0
    segmented: bool = False


def keep_frames(table: TableDefinition, frames: Iterable[pl.DataFrame], spool: Spool) -> Extent:
    """Put the rows of a table on disk, and say how wide its columns must be.

    Above `MOST_ROWS` rows are only counted. Raises ValueError for a frame of other columns.
    """
    extent = Extent(longest={column.name: 0 for column in table.columns if column.type == "text"})
    visits = [column.name for column in table.columns if column.codes == "visit_code"]
    for frame in frames:
        check_frame(table, frame)
        extent.rows += frame.height
        if extent.rows > MOST_ROWS:
            continue
        spool.add(table, frame)
        _measure_texts(frame, extent)
        _measure_integers(table, frame, extent)
        for name in visits:
            extent.visit_codes.update(frame[name].unique().drop_nulls())
    return extent


def _measure_texts(frame: pl.DataFrame, extent: Extent) -> None:
    for name, longest in extent.longest.items():
        here = frame.select(pl.col(name).str.len_bytes().max()).item()
        extent.longest[name] = max(longest, here or 0)


def _measure_integers(table: TableDefinition, frame: pl.DataFrame, extent: Extent) -> None:
    for name in (column.name for column in table.columns if column.type == "integer"):
        low, high = frame.select(pl.col(name).min().alias("low"), pl.col(name).max().alias("high")).row(0)
        if low is not None:
            extent.lowest[name] = min(low, extent.lowest.get(name, low))
            extent.highest[name] = max(high, extent.highest.get(name, high))


def pack_rows(frames: Iterable[pl.DataFrame], fields: Sequence[Field], *, fill: str) -> Iterator[bytes]:
    """Give the rows of frames as bytes, one after the other without gaps.

    Texts are filled up with `fill` to their width; the other columns hold the numbers that the file wants,
    with no empty cell.
    """
    row = np.dtype([(field.name, field.kind) for field in fields])
    for frame in frames:
        for part in frame.iter_slices(ROWS_AT_ONCE):
            records = np.empty(part.height, dtype=row)
            for one in fields:
                series = part[one.name]
                records[one.name] = _pack_text(series, one, fill) if one.width else series.to_numpy()
            yield records.tobytes()


def _pack_text(series: pl.Series, one: Field, fill: str) -> Texts:
    width = one.kind.itemsize
    blanks = pl.lit(fill * width)
    padded = pl.concat_str("text", blanks.str.slice(0, width - pl.col("text").str.len_bytes()))
    content = series.fill_null("").to_frame("text").select(padded.str.join("")).item().encode()
    if one.segmented:
        return _spread(np.frombuffer(content, dtype=np.uint8).reshape(-1, width), ord(fill)).view(one.kind)[
            :, 0
        ]
    return np.frombuffer(content, dtype=one.kind)


def _spread(content: Bytes, fill: int) -> Bytes:
    """Leave one byte free after each 255, as SPSS stores a text of more than 255 bytes."""
    spread = np.full_like(content, fill)
    for number in range(-(-content.shape[1] // 256)):
        piece = content[:, number * 255 : (number + 1) * 255]
        room = spread[:, number * 256 : number * 256 + 255]
        room[:] = piece[:, : room.shape[1]]
    return spread
