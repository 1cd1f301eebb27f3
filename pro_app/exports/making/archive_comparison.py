"""Comparing two archives of the same release: byte by byte, or by what their tables say."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import polars as pl
import pyreadstat

from pro_app.exports.making.layout import FIRST_PAGE, MANIFEST

Difference = Literal["missing", "additional", "bytes", "values"]
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file that is not the same: not there any more, new, other bytes, or other values."""

    name: str
    what: Difference


def list_file_differences(stored: Path, rebuilt: Path, *, by_values: bool) -> list[FileDifference]:
    """List what differs between two ZIPs, by name; none where every file has the same bytes.

    With `by_values`, for another version of the software, tables are equal where their values are, whatever
    the bytes; of files that are no tables, and of the page and the manifest that speak of them, only the
    presence counts.
    """
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(rebuilt) as new:
        before, after = set(old.namelist()), set(new.namelist())
        found = [FileDifference(name, "missing") for name in before - after]
        found += [FileDifference(name, "additional") for name in after - before]
        for name in before & after:
            if _have_same_bytes(old, new, name):
                continue
            if not by_values:
                found.append(FileDifference(name, "bytes"))
            elif _say_other_things(old, new, name):
                found.append(FileDifference(name, "values"))
    return sorted(found, key=lambda difference: difference.name)


def _have_same_bytes(old: zipfile.ZipFile, new: zipfile.ZipFile, name: str) -> bool:
    first, second = old.getinfo(name), new.getinfo(name)
    if (first.file_size, first.CRC) != (second.file_size, second.CRC):
        return False
    with old.open(first) as one, new.open(second) as other:
        return all(a == b for a, b in zip(_blocks(one.read), _blocks(other.read), strict=True))


def _blocks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while block := read(_BLOCK):
        yield block


def _say_other_things(old: zipfile.ZipFile, new: zipfile.ZipFile, name: str) -> bool:
    """Tell whether a table says something else; a file that no reader is for never does."""
    read = _READERS.get(PurePosixPath(name).suffix)
    if read is None or name in {FIRST_PAGE, MANIFEST}:
        return False
    with tempfile.TemporaryDirectory() as folder:
        first = read(Path(old.extract(name, Path(folder) / "old")))
        second = read(Path(new.extract(name, Path(folder) / "new")))
    return not (first.schema == second.schema and first.equals(second))


def _read_csv(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def _read_json(path: Path) -> pl.DataFrame:
    """Read the columns and rows of a Dataset-JSON file; of any other JSON the whole as one text."""
    said = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(said, dict) and "rows" in said:
        said = {"columns": said.get("columns"), "rows": said["rows"]}
    return pl.DataFrame({"json": [json.dumps(said, sort_keys=True)]})


def _read_xpt(path: Path) -> pl.DataFrame:
    return _frame(pyreadstat.read_xport(path, output_format="polars")[0])


def _read_sav(path: Path) -> pl.DataFrame:
    return _frame(pyreadstat.read_sav(path, output_format="polars", user_missing=True)[0])


def _read_dta(path: Path) -> pl.DataFrame:
    return _frame(pyreadstat.read_dta(path, output_format="polars", user_missing=True)[0])


def _frame(read: object) -> pl.DataFrame:
    if not isinstance(read, pl.DataFrame):
        raise TypeError(type(read).__name__)
    return read


_READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": pl.read_parquet,
    ".json": _read_json,
    ".xpt": _read_xpt,
    ".sav": _read_sav,
    ".dta": _read_dta,
}
