"""What an SPSS or Stata file says about its columns: labels within the limits of the package, and widths."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl

from pro_app.exports.formats.labels import (
    FLAG_LABELS,
    list_value_labels,
    write_column_label,
    write_file_label,
)
from pro_app.exports.formats.limits import Limits, cut_column, cut_text, remark_on_label, remark_on_text
from pro_app.exports.formats.records import Extent
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.column import TableDefinition

ValueLabels = dict[str | int, str]


@dataclass(frozen=True)
class FileDictionary:
    """The words of a file; `value_labels` has texts as keys for columns of text, else integers.

    `cut` names the columns whose texts are too long for the package; `remarks` says what was shortened.
    """

    file_label: str
    column_labels: dict[str, str | None] = field(default_factory=dict)
    value_labels: dict[str, ValueLabels] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    remarks: list[Remark] = field(default_factory=list)

    def text_width(self, name: str, extent: Extent, *, most: int) -> int:
        """Give the width in bytes that a column of text needs for its values and for its labelled codes."""
        codes = (len(str(code).encode()) for code in self.value_labels.get(name, ()))
        return max(1, min(extent.longest[name], most), *codes)


def describe_file(
    table: TableDefinition, extent: Extent, release: Release, *, limits: Limits
) -> FileDictionary:
    """Put together the words of a file; what is longer than the package allows is cut, with a remark."""
    remarks: list[Remark] = []

    def fit(text: str, most: int, place: str) -> str:
        fitting = cut_text(text, most, limits.size)
        if fitting != text:
            remarks.append(remark_on_label(table, place, program=limits.program))
        return fitting

    labels: dict[str, str | None] = {
        c.name: fit(write_column_label(c), limits.column_label, c.name) for c in table.columns
    }
    values = {
        name: {key: fit(text, limits.value_label, f"{name} = {key}") for key, text in found.items()}
        for name, found in _list_value_labels(table, extent, release)
    }
    cut = tuple(name for name, longest in extent.longest.items() if longest > limits.text)
    remarks += [remark_on_text(table, name, limits=limits) for name in cut]
    file_label = cut_text(write_file_label(table, release), limits.file_label, limits.size)
    return FileDictionary(file_label, labels, values, cut, remarks)


def cut_frames(
    frames: Iterable[pl.DataFrame], dictionary: FileDictionary, *, limits: Limits
) -> Iterator[pl.DataFrame]:
    """Give frames whose texts fit into the package's columns."""
    for frame in frames:
        fitting = frame
        for name in dictionary.cut:
            fitting = cut_column(fitting, name, limits.text)
        yield fitting


def _list_value_labels(
    table: TableDefinition, extent: Extent, release: Release
) -> Iterator[tuple[str, ValueLabels]]:
    """Give the labels of each column that has some: Non and Oui, or the words of its codes."""
    coded = list_value_labels(table, release, sorted(extent.visit_codes))
    for column in table.columns:
        if column.type == "flag":
            yield column.name, dict(FLAG_LABELS)
        elif column.name in coded:
            labels = coded[column.name]
            whole = column.type == "integer"
            yield column.name, {int(code) if whole else code: text for code, text in labels.items()}
