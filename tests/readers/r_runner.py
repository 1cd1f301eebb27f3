"""Running R, and reading a file with it."""

import csv
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from readers.install_r import find_rscript

HERE = Path(__file__).parent
Reader = Literal["sav", "dta", "xpt", "spss", "csv"]
"""haven's readers, foreign's `spss`, and base R's `csv`."""


@dataclass
class ReadTable:
    """What R sees of a file: cells as text by variable, and the words about them.

    A number has 17 digits, a date is YYYY-MM-DD, a moment seconds since 1970; `NA` is a missing number,
    date or moment, `.a` an extended missing value of Stata. `said` is by kind of word: `format.spss`, …
    """

    cells: Mapping[str, list[str]]
    file_label: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    said: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)


def run_r(script: Path, *arguments: str | Path, folder: Path | None = None) -> str:
    """Run a script in `folder` and give what it printed; fails with R's own words."""
    command = [_rscript(), "--vanilla", str(script), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_with_r(path: Path, reader: Reader) -> ReadTable:
    """Read a file with R."""
    return read_all_with_r([path], reader)[path.stem]


def read_all_with_r(paths: Sequence[Path], reader: Reader) -> dict[str, ReadTable]:
    """Read files with one run of R; gives what it sees by the name of the file without its ending."""
    with TemporaryDirectory() as name:
        out = Path(name)
        run_r(HERE / "dump.R", reader, out, *paths)
        return {path.stem: _parse(out, path.stem) for path in paths}


@cache
def _rscript() -> str:
    path = find_rscript()
    assert path, "R is missing: run tests/readers/install_r.py"
    return path


def _parse(out: Path, stem: str) -> ReadTable:
    with (out / f"{stem}.cells.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (out / f"{stem}.words.csv").open(encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    table = ReadTable({name: [_text(row[place]) for row in rows] for place, name in enumerate(header)})
    for word in words:
        variable, kind, key, text = word["variable"], word["kind"], _text(word["key"]), _text(word["text"])
        if kind == "file":
            table.file_label = text
        elif kind == "label":
            table.labels[variable] = text
        elif kind == "value":
            table.value_labels.setdefault(variable, {})[key] = text
        else:
            table.said.setdefault(kind, {}).setdefault(variable, {})[key] = text
    return table


def _text(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal).decode("utf-8")
