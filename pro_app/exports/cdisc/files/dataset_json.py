"""A CDISC dataset as Dataset-JSON 1.1, as one document or, with the suffix `.ndjson`, line by line.

Source: CDISC Dataset-JSON Specification 1.1 (2024-12-05).
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, DataType, Variable
from pro_app.exports.cdisc.identifiers import group_oid, item_oid, metadata_oid, study_id, study_oid
from pro_app.exports.cdisc.measure import Measure
from pro_app.exports.release import Release
from pro_app.exports.times import render_time

SYSTEM = "pro_app"
_TYPES: Mapping[DataType, str] = {
    "integer": "integer",
    "float": "double",
    "date": "date",
    "datetime": "datetime",
}


def write_dataset_json(
    path: Path,
    dataset: CdiscDataset,
    frames: Iterable[pl.DataFrame],
    *,
    release: Release,
    measure: Measure,
) -> None:
    """Write the frames one after the other; `measure` is that of all of them together.

    A missing value is null, numbers have full precision, and define.xml lies beside the file.
    """
    head = json.dumps(_describe(dataset, release, measure), ensure_ascii=False)
    lines = path.suffix == ".ndjson"
    with path.open("wb") as file:
        file.write((f"{head}\n" if lines else f'{head[:-1]}, "rows": [\n').encode())
        for number, frame in enumerate(part for part in frames if part.height):
            file.write(b"" if number == 0 or lines else b",\n")
            _write_rows(file, dataset, frame, between="]\n[" if lines else "],\n[")
            file.write(b"\n" if lines else b"")
        file.write(b"" if lines else b"\n]}\n")


def _describe(dataset: CdiscDataset, release: Release, measure: Measure) -> dict[str, object]:
    made_at = render_time(release.provenance.made_at)
    study = study_oid(release)
    return {
        "datasetJSONCreationDateTime": made_at,
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"{study}.{made_at}.{dataset.name}",
        "dbLastModifiedDateTime": made_at,
        "originator": release.protocol.trial.sponsor or study_id(release),
        "sourceSystem": {"name": SYSTEM, "version": release.provenance.app_version},
        "studyOID": study,
        "metaDataVersionOID": metadata_oid(release, dataset.standard),
        "metaDataRef": "define.xml",
        "itemGroupOID": group_oid(dataset.name),
        "records": measure.rows,
        "name": dataset.name,
        "label": dataset.label,
        "columns": [_describe_column(dataset, variable, measure) for variable in dataset.variables],
    }


def _describe_column(dataset: CdiscDataset, variable: Variable, measure: Measure) -> dict[str, object]:
    column: dict[str, object] = {
        "itemOID": item_oid(dataset.name, variable.name),
        "name": variable.name,
        "label": variable.label,
        "dataType": _TYPES.get(variable.data_type, "string"),
    }
    if variable.column_type in {"date", "datetime"}:
        column |= {"dataType": variable.column_type, "targetDataType": "integer"}
    elif variable.data_type == "text":
        column["length"] = measure.length_of(variable.name)
    if variable.display_format:
        column["displayFormat"] = variable.display_format
    if variable.name in dataset.keys:
        column["keySequence"] = dataset.keys.index(variable.name) + 1
    return column


def _write_rows(file: BinaryIO, dataset: CdiscDataset, frame: pl.DataFrame, *, between: str) -> None:
    """Write each row as a JSON array, `between` after its last cell and before the first of the next one."""
    cells = pl.DataFrame([_render_cells(frame[variable.name]) for variable in dataset.variables])
    file.write(b"[")
    cells.write_csv(
        file, include_header=False, quote_style="never", null_value="null", line_terminator=between
    )
    # After the last row stands what comes between two rows; only its first bracket belongs there.
    file.seek(1 - len(between), os.SEEK_CUR)
    file.truncate()


def _render_cells(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return _render_texts(column)
    if column.dtype == pl.Date:
        return column.dt.strftime('"%Y-%m-%d"')
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.strftime('"%Y-%m-%dT%H:%M:%S"')
    # NaN and the infinite are no numbers of JSON.
    return column if column.dtype.is_integer() else column.set(~column.is_finite(), None)


def _render_texts(column: pl.Series) -> pl.Series:
    """Write each distinct text as JSON once."""
    distinct = column.drop_nulls().unique(maintain_order=True)
    rendered = pl.Series([json.dumps(text, ensure_ascii=False) for text in distinct], dtype=pl.String)
    return rendered.gather(column.cast(pl.Enum(distinct)).to_physical()).alias(column.name)
