"""Small CDISC datasets for tests, and the rows that the real ones have in the small release."""

from typing import Any

import polars as pl
from release_world import small_release

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.frames import Tables, schema_of
from pro_app.exports.release import Release


def make_dataset(*variables: Variable, label: str = "Odds and ends") -> CdiscDataset:
    """Make a dataset of these variables; its rows are given to the writer and never derived."""
    return CdiscDataset(
        name="XX",
        label=label,
        standard="SDTM",
        class_name="FINDINGS",
        structure="One record per row",
        keys=(),
        variables=variables,
        derive=_have_none,
    )


def one_text_dataset() -> CdiscDataset:
    """Make a dataset with the variable TEXT."""
    return make_dataset(Variable(name="TEXT", label="Text"))


def rows_of(dataset: CdiscDataset, **wanted: object) -> list[dict[str, Any]]:
    """Derive a dataset of the small release and give the rows with the values wanted."""
    release, tables = small_release()
    return list_rows(dataset, tables, release, **wanted)


def list_rows(
    dataset: CdiscDataset, tables: Tables, release: Release, **wanted: object
) -> list[dict[str, Any]]:
    """Derive a dataset and give the rows with the values wanted."""
    frame = dataset.derive(tables, release)
    assert frame.schema == schema_of(dataset.table)
    return [row for row in frame.to_dicts() if all(row[name] == value for name, value in wanted.items())]


def _have_none(_tables: Tables, _release: Release) -> pl.DataFrame:
    raise AssertionError("the rows of this dataset are given")
