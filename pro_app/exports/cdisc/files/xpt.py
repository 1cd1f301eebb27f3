"""A CDISC dataset as a SAS transport file, version 5.

Written here and not by a library: pyreadstat writes cell by cell (ten times slower), needs all rows in
memory, puts the present time into the file and cuts what is too long without saying so. The layout is that
of SAS Technical Support paper TS-140; R (haven, foreign) and pyreadstat read the files back in the tests.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.cdisc.files.xpt_header import RECORD, XptColumn, render_header
from pro_app.exports.cdisc.files.xpt_values import (
    NUMBER_BYTES,
    Bytes,
    cut_to_bytes,
    to_fixed_text,
    to_ibm,
    to_numbers,
)
from pro_app.exports.cdisc.measure import Measure
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
LABEL_BYTES = 40
TEXT_BYTES = 200
LARGEST = 16.0**62
"""What is larger has no place in IBM's floating point; it becomes a missing value with a remark."""


def write_xpt(
    path: Path,
    dataset: CdiscDataset,
    frames: Iterable[pl.DataFrame],
    *,
    release: Release,
    measure: Measure,
) -> list[Remark]:
    """Write the frames one after the other; `measure` is that of all of them together.

    Gives a remark for each thing that the format cannot hold: longer labels and texts are cut before a
    character, numbers beyond its range are missing, text outside ASCII is UTF-8, which the file cannot
    say. Raises ValueError where a name is no name of SAS.
    """
    remarks = [*_check_labels(dataset), *_check_texts(dataset, measure)]
    columns = [_column(variable, measure) for variable in dataset.variables]
    label = cut_to_bytes(dataset.label, LABEL_BYTES)
    too_large: set[str] = set()
    with path.open("wb") as file:
        file.write(render_header(dataset.name, label, columns, made_at=release.provenance.made_at))
        size = sum(file.write(_rows(frame, columns, too_large)) for frame in frames)
        file.write(b" " * (-size % RECORD))
    return [*remarks, *(_too_large(dataset, name) for name in sorted(too_large))]


def _column(variable: Variable, measure: Measure) -> XptColumn:
    if not NAME.fullmatch(variable.name):
        raise ValueError(f"{variable.name} is no name of SAS version 5")
    width = min(measure.length_of(variable.name), TEXT_BYTES) if variable.is_text else NUMBER_BYTES
    label = cut_to_bytes(variable.label, LABEL_BYTES)
    return XptColumn(variable.name, label, variable.is_text, width, variable.display_format)


def _rows(frame: pl.DataFrame, columns: list[XptColumn], too_large: set[str]) -> memoryview:
    """Lay out the rows of a frame; names of variables with a number too large are added to the set."""
    rows: Bytes = np.empty((frame.height, sum(column.width for column in columns)), np.uint8)
    start = 0
    for column in columns:
        end = start + column.width
        series = frame[column.name]
        if column.is_text:
            rows[:, start:end] = to_fixed_text(series, column.width)
        else:
            rows[:, start:end] = to_ibm(_in_range(series, too_large))
        start = end
    return rows.reshape(-1).data


def _in_range(series: pl.Series, too_large: set[str]) -> npt.NDArray[np.float64]:
    numbers = to_numbers(series)
    beyond = np.abs(numbers) > LARGEST
    if beyond.any():
        too_large.add(series.name)
        numbers = np.where(beyond, np.nan, numbers)
    return numbers


def _check_labels(dataset: CdiscDataset) -> list[Remark]:
    labels = {dataset.name: dataset.label} | {v.name: v.label for v in dataset.variables}
    return [
        Remark(
            "xpt_label_cut",
            f"{name} : le libellé dépasse {LABEL_BYTES} octets et est coupé dans le fichier XPT.",
            f"{name}: the label is longer than {LABEL_BYTES} bytes and is cut in the XPT file.",
            dataset.name,
        )
        for name, label in labels.items()
        if len(label.encode()) > LABEL_BYTES
    ]


def _check_texts(dataset: CdiscDataset, measure: Measure) -> list[Remark]:
    remarks = [
        Remark(
            "xpt_text_cut",
            f"{v.name} : des textes dépassent {TEXT_BYTES} octets (jusqu’à {measure.length_of(v.name)}) "
            "et sont coupés dans le fichier XPT.",
            f"{v.name}: texts longer than {TEXT_BYTES} bytes (up to {measure.length_of(v.name)}) are cut "
            "in the XPT file.",
            dataset.name,
        )
        for v in dataset.variables
        if v.is_text and measure.length_of(v.name) > TEXT_BYTES
    ]
    if measure.not_ascii:
        names = ", ".join(sorted(measure.not_ascii))
        remarks.append(
            Remark(
                "xpt_not_ascii",
                f"{names} : des caractères hors ASCII ; le fichier XPT ne peut pas le dire, à lire en UTF-8.",
                f"{names}: characters outside ASCII; the XPT file cannot say so, read it as UTF-8.",
                dataset.name,
            )
        )
    return remarks


def _too_large(dataset: CdiscDataset, name: str) -> Remark:
    return Remark(
        "xpt_number_too_large",
        f"{name} : des nombres trop grands pour le format XPT y sont manquants.",
        f"{name}: numbers too large for the XPT format are missing in it.",
        dataset.name,
    )
