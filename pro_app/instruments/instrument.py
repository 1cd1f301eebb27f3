"""The published questionnaire as frozen values, read from `instrument.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

ScaleKind = Literal["functional", "symptom", "global"]
"""How raw scores become 0–100: functional scales are inverted, the two others are not."""


@dataclass(frozen=True, slots=True)
class ResponseSet:
    """The codes that an item offers, in printed order; `layout` is how they are laid out.

    `row` is the one-row scale on which only the two ends carry a label.
    """

    code: str
    values: tuple[int, ...]
    layout: Literal["list", "row"]

    @property
    def item_range(self) -> int:
        """Highest minus lowest code."""
        return max(self.values) - min(self.values)


@dataclass(frozen=True, slots=True)
class RecallBlock:
    """Consecutive items under one instruction; `recall_period` is an ISO 8601 duration or None."""

    code: str
    items: tuple[int, ...]
    recall_period: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """One question by its printed number. `cdisc_testcd` is None where no code is published.

    There `sponsor_testcd` may hold a code of the sponsor's own; never both.
    """

    number: int
    response_set: str
    na_allowed: bool
    cdisc_testcd: str | None
    sponsor_testcd: str | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Items scored together. `item_range` is highest minus lowest response code; codes as for items."""

    code: str
    items: tuple[int, ...]
    kind: ScaleKind
    item_range: int
    cdisc_testcd: str | None
    sponsor_testcd: str | None = None

    @property
    def needed(self) -> int:
        """How many items must carry a number: half of them, rounded up (half rule)."""
        return (len(self.items) + 1) // 2


@dataclass(frozen=True, slots=True)
class SummaryScale:
    """Mean of scale scores, all of which must exist; those in `reversed_scales` enter as 100 - s."""

    code: str
    scales: tuple[str, ...]
    reversed_scales: tuple[str, ...]
    sponsor_testcd: str | None = None


@dataclass(frozen=True, slots=True)
class ScoringDefinition:
    """One published way to score the instrument; `manual` names the module in scoring/manuals."""

    name: str
    manual: str
    scales: tuple[Scale, ...]
    summary: SummaryScale | None

    @property
    def scale_codes(self) -> tuple[str, ...]:
        """All score columns in their published order, the summary last."""
        return tuple(s.code for s in self.scales) + ((self.summary.code,) if self.summary else ())


@dataclass(frozen=True, slots=True)
class UncertainFact:
    """Something in the definition that no licensed document has confirmed yet.

    `against` is the document that would settle it; `concerns` are the places in the file, as dotted keys.
    """

    fact: str
    why: str
    against: str
    concerns: tuple[str, ...]


@dataclass(frozen=True)
class Instrument:
    """One version of an instrument. `sha256` is that of the file it was read from.

    The category is the instrument's name in CDISC terminology, or the sponsor's own; never both.
    """

    code: str
    version: str
    title: str
    items: tuple[Item, ...]
    response_sets: Mapping[str, ResponseSet]
    blocks: tuple[RecallBlock, ...]
    scoring_definitions: Mapping[str, ScoringDefinition]
    default_scoring: str
    sha256: str
    cdisc_category: str | None = None
    sponsor_category: str | None = None
    to_confirm: tuple[UncertainFact, ...] = ()

    @cached_property
    def items_by_number(self) -> Mapping[int, Item]:
        """The items by printed number."""
        return {item.number: item for item in self.items}

    def scoring(self, name: str | None = None) -> ScoringDefinition:
        """Give the scoring definition `name`, or the default one."""
        return self.scoring_definitions[name or self.default_scoring]

    def response_values(self, item_number: int) -> tuple[int, ...]:
        """Give the codes that `item_number` offers."""
        return self.response_sets[self.items_by_number[item_number].response_set].values

    def block_of(self, item_number: int) -> RecallBlock:
        """Give the recall block that `item_number` stands in."""
        return next(block for block in self.blocks if item_number in block.items)
