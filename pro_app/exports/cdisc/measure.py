"""How much a CDISC dataset holds: its rows, and how long the values of each text variable are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable


@dataclass
class Measure:
    """What has been seen of a dataset so far: rows, the longest value of each text variable in bytes.

    `not_ascii` names the text variables with a character outside ASCII, `filled` those of any type that
    hold a value.
    """

    rows: int = 0
    lengths: dict[str, int] = field(default_factory=dict)
    not_ascii: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)

    def add(self, dataset: CdiscDataset, frame: pl.DataFrame) -> None:
        """Take in the rows of one frame."""
        self.rows += frame.height
        seen = frame.select(expression for v in dataset.variables for expression in _look_at(v)).row(
            0, named=True
        )
        for name in (variable.name for variable in dataset.variables):
            if seen[f"{name}.filled"]:
                self.filled.add(name)
            if f"{name}.bytes" in seen:
                self.lengths[name] = max(self.lengths.get(name, 0), seen[f"{name}.bytes"] or 0)
                if seen[f"{name}.wide"]:
                    self.not_ascii.add(name)

    def length_of(self, name: str) -> int:
        """Give the length of a text variable in bytes, at least 1."""
        return max(self.lengths.get(name, 0), 1)


def _look_at(variable: Variable) -> Iterator[pl.Expr]:
    column = pl.col(variable.name)
    yield (column.count() > 0).alias(f"{variable.name}.filled")
    if variable.is_text:
        yield column.str.len_bytes().max().alias(f"{variable.name}.bytes")
        wide = column.str.len_bytes().sum() != column.str.len_chars().sum()
        yield wide.alias(f"{variable.name}.wide")


def measure_frame(dataset: CdiscDataset, frame: pl.DataFrame) -> Measure:
    """Measure a dataset that is one frame."""
    measure = Measure()
    measure.add(dataset, frame)
    return measure
