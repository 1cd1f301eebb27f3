"""Scores of many responses as lines of CSV text, without writing the same number twice.

A scale has few possible scores. Their texts, and those of several scales side by side, are written once;
a line is then put together from a handful of pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pro_app.scoring.vectorised.linear import LinearScorer
from pro_app.scoring.vectorised.score_arrays import Codes, Floats

LARGEST_GROUP = 4096
"""Texts written in advance for some scales side by side."""
MOST_SUMMARIES = 100_000
"""Summary scores whose texts are remembered; those of QLQ-C30 are 2,341."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Some scales side by side: `steps` lead from the keys of each to the place of the text."""

    first: int
    steps: list[NDArray[np.intp]]
    texts: NDArray[Any]


class ScoreTexts:
    """Writes the scores of one scoring definition: a comma before each, in full precision, empty for none."""

    def __init__(self, scorer: LinearScorer) -> None:
        self._scorer = scorer
        self._groups = _plan_groups(scorer.values)
        self._summaries = _NumberTexts()

    def render_lines(self, others: Sequence[str], codes: Codes) -> str:
        """Give a line for each response: the text of the other columns, then the scores."""
        keys = self._scorer.find_keys(codes)
        cells = np.empty((len(others), len(self._groups) + 3), dtype=object)
        cells[:, 0] = others
        for column, group in enumerate(self._groups, start=1):
            place = group.steps[0][keys[group.first]]
            for scale, steps in enumerate(group.steps[1:], start=group.first + 1):
                place = place + steps[keys[scale]]
            cells[:, column] = group.texts[place]
        summaries = self._scorer.score_summary(keys)
        cells[:, -2] = "" if summaries is None else self._summaries.list_texts(summaries)
        cells[:, -1] = "\n"
        return "".join(cells.reshape(-1).tolist())


class _NumberTexts(dict[float, str]):
    """The texts of numbers that come again and again, each with a comma before it."""

    def list_texts(self, numbers: Floats) -> list[str]:
        """Give the text of each number, that of NaN empty."""
        if len(self) > MOST_SUMMARIES:
            self.clear()
        # NaN is equal to nothing, itself included, and so cannot be looked up.
        return [self[number] for number in np.where(np.isnan(numbers), -1.0, numbers).tolist()]

    def __missing__(self, number: float) -> str:
        text = self[number] = f",{number!r}" if number >= 0 else ","
        return text


def _plan_groups(tables: Sequence[Floats]) -> list[_Group]:
    """Put neighbouring scales together as long as there are not too many texts."""
    groups: list[_Group] = []
    for scale, table in enumerate(tables):
        numbers, places = np.unique(table, return_inverse=True)
        own = np.array([f",{number!r}" if number >= 0 else "," for number in numbers.tolist()], dtype=object)
        if groups and len(groups[-1].texts) * len(own) <= LARGEST_GROUP:
            last = groups.pop()
            steps = [known * len(own) for known in last.steps]
            texts = np.add.outer(last.texts, own).reshape(-1)
            groups.append(_Group(last.first, [*steps, places], texts))
        else:
            groups.append(_Group(scale, [places], own))
    return groups
