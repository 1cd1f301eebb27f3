"""How a trial's scores are to be read, as frozen values: baseline, time windows, deterioration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pro_app.protocol.rules import Label

BoundSide = Literal["below", "above"]
ReferenceScore = Literal["baseline", "best", "previous"]
DeteriorationKind = Literal["first", "definitive_1", "definitive_2", "definitive_3"]
DeathRule = Literal["censored", "event"]
NoBaselineRule = Literal["censored_day_0", "event", "excluded"]
NoFollowUpRule = Literal["censored_day_1", "event"]
TimeZero = Literal["randomisation", "first_record"]


@dataclass(frozen=True, slots=True)
class ImportanceBound:
    """A score (0–100) on whose `side` a problem is clinically important; the bound itself is not."""

    side: BoundSide
    value: float


@dataclass(frozen=True, slots=True)
class ClinicalImportance:
    """Published thresholds of clinical importance by scale code; scales that have none are absent."""

    source: str
    bounds: Mapping[str, ImportanceBound]


@dataclass(frozen=True, slots=True)
class BaselineRule:
    """Which form is the baseline: of each scale the last scored one that qualifies.

    With a date of randomisation these are the forms of `visits` answered on or before that day; without
    one, those of `visits_before_randomisation`.
    """

    visits: tuple[str, ...]
    visits_before_randomisation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Days since randomisation (day 0) that count as one point of time; both ends are included."""

    code: str
    label: Label
    target_day: int
    from_day: int
    to_day: int


@dataclass(frozen=True, slots=True)
class DeteriorationRule:
    """All choices of a time to deterioration (Charton 2022, Comput Methods Programs Biomed 214:106537).

    `kind` is the first deterioration, or the one that is definitive in one of three senses: no later
    improvement over the reference (1), worse at all later visits (2), no later improvement over the
    score that deteriorated (3).
    """

    reference: ReferenceScore = "baseline"
    kind: DeteriorationKind = "first"
    death: DeathRule = "censored"
    no_baseline: NoBaselineRule = "censored_day_0"
    no_follow_up: NoFollowUpRule = "censored_day_1"
    time_zero: TimeZero = "randomisation"


@dataclass(frozen=True, slots=True)
class DeteriorationDefinition:
    """One time to deterioration that the protocol declares; `scales` is None where it is for all."""

    code: str
    label: Label
    rule: DeteriorationRule
    scales: tuple[str, ...] | None

    def covers(self, scale_code: str) -> bool:
        """Say whether the definition is meant for a scale."""
        return self.scales is None or scale_code in self.scales


@dataclass(frozen=True, slots=True)
class Analysis:
    """The section `analysis` of a protocol; windows stand in the order of their days."""

    baseline: BaselineRule
    time_windows: tuple[TimeWindow, ...]
    deterioration: tuple[DeteriorationDefinition, ...]

    def find_window(self, day: int) -> TimeWindow | None:
        """Find the window of a day since randomisation; None outside of all."""
        return next((w for w in self.time_windows if w.from_day <= day <= w.to_day), None)
