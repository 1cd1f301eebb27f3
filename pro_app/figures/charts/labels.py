"""Words in place of the codes that a table of estimates holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Categories:
    """The values of one axis in their order, each with its words."""

    codes: Sequence[str]
    labels: Labels

    @property
    def words(self) -> list[str]:
        """The words in the order of the axis."""
        return [self.labels.get(code, code) for code in self.codes]


def put_into_words(frame: pl.DataFrame, column: str, labels: Labels) -> pl.DataFrame:
    """Replace the codes of a column by their words; a code without words stays."""
    return frame.with_columns(pl.col(column).replace(dict(labels)))


def make_categories(frame: pl.DataFrame, column: str, labels: Labels) -> Categories:
    """Take the codes of a column in the order of `labels`, then those without words as they first come."""
    present = frame[column].unique(maintain_order=True).to_list()
    named = [code for code in labels if code in present]
    return Categories(named + [code for code in present if code not in labels], labels)
