"""What became of one person's score: deterioration or the cause of censoring, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DAYS_PER_MONTH = 30.4375
"""The mean length of a month (365.25 / 12)."""

OutcomeCode = Literal[
    "deteriorated",
    "died",
    "last_score",
    "last_score_before_death",
    "no_follow_up",
    "no_baseline",
    "no_score",
    "excluded",
]


@dataclass(frozen=True, slots=True)
class OutcomeWords:
    """What an outcome means; `censoring_number` is its CNSR in ADTTE where it is not an event."""

    fr: str
    en: str
    censoring_number: int | None


OUTCOMES: Mapping[OutcomeCode, OutcomeWords] = {
    "deteriorated": OutcomeWords("Détérioration", "Deterioration", None),
    "died": OutcomeWords("Décès", "Death", None),
    "last_score": OutcomeWords(
        "Pas de détérioration jusqu’au dernier score", "No deterioration up to the last score", 1
    ),
    "last_score_before_death": OutcomeWords(
        "Pas de détérioration jusqu’au dernier score avant le décès",
        "No deterioration up to the last score before death",
        2,
    ),
    "no_follow_up": OutcomeWords("Pas de score après le score initial", "No score after the baseline", 3),
    "no_baseline": OutcomeWords("Pas de score initial", "No baseline score", 4),
    "no_score": OutcomeWords(
        "Aucun score sur cette échelle : ni évènement ni délai",
        "No score at all on this scale: neither event nor time",
        None,
    ),
    "excluded": OutcomeWords(
        "Exclu par la définition, faute de score initial",
        "Excluded by the definition for want of a baseline score",
        None,
    ),
}
"""Every outcome with its words, in a fixed order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One time to deterioration; `days` and `months` count from time zero.

    `event` is None, as is the time, where the score plays no part in the analysis. `reference` is the
    score that `value` deteriorated from, `position` the place of that score among the follow-up; all
    three are None without a deterioration, but for the reference of someone who never deteriorated from
    the baseline.
    """

    code: OutcomeCode
    event: bool | None
    days: int | None
    reference: float | None = None
    value: float | None = None
    position: int | None = None

    @property
    def months(self) -> float | None:
        """The time in months."""
        return None if self.days is None else self.days / DAYS_PER_MONTH
