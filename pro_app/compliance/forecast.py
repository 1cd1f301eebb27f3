"""How many forms will probably be missing at the end of the trial, visit by visit.

The forms still to come are taken to go missing as often as those of the same visit did so far. Few forms say
little, so that the share of a visit is drawn towards that of all visits as if `PRIOR_FORMS` further forms had
come back as all visits do: the m-estimate of Cestnik B., "Estimating probabilities: a crucial task in machine
learning", Proc. ECAI 1990, 147–149, which is the mean of a beta distribution. How many of those to come will
be missing is then beta-binomial (Skellam J.G., J R Stat Soc B 1948;10:257–261), which gives the interval.

It says nothing about people still to be enrolled, and takes nobody off who will die or leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import betabinom

PRIOR_FORMS = 10
"""So many forms at the rate of all visits are added to those of each visit."""
COVERAGE = 0.95
"""How often the number of missing forms lies in the interval, if the assumptions hold."""
_JEFFREYS = 0.5
"""Keeps the rate of all visits off 0 and 1, where nothing more could ever change it."""


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """The expected forms of one visit by what is known of them.

    `closed` ones can no longer come, since their window is over; `completed` of them came and are valid.
    Where the window is not over, `to_come` forms can still come, as can those opened again; `arrived` ones
    came and are valid, and `lost` ones came without anything to score or were closed by an event. These last
    two are certain, but say nothing yet about how often forms go missing: who has not answered is not known
    before the window is over.
    """

    visit_code: str
    closed: int
    completed: int
    to_come: int
    arrived: int = 0
    lost: int = 0

    @property
    def missing(self) -> int:
        """Forms that are missing for certain."""
        return self.closed - self.completed + self.lost


@dataclass(frozen=True, slots=True)
class VisitForecast:
    """What will probably be missing of one visit at the end of the trial, in forms.

    `further` is the mean number of those to come that will be missing; `lowest` and `highest` enclose the
    whole number missing, past and to come, with `COVERAGE`.
    """

    counts: VisitCounts
    further: float
    lowest: int
    highest: int

    @property
    def missing(self) -> float:
        """Missing already and still to come together."""
        return self.counts.missing + self.further

    @property
    def expected(self) -> int:
        """Every form that should exist in the end."""
        counts = self.counts
        return counts.closed + counts.arrived + counts.lost + counts.to_come

    @property
    def completion_rate(self) -> float | None:
        """The completion rate in the end, 0–1; None where no form is expected."""
        return 1 - self.missing / self.expected if self.expected else None


def forecast_missing(visits: Sequence[VisitCounts]) -> tuple[VisitForecast, ...]:
    """Forecast each visit in the order given; empty as long as no window of any visit has closed."""
    closed = sum(visit.closed for visit in visits)
    if not closed:
        return ()
    completed = sum(visit.completed for visit in visits)
    share_missing = (closed - completed + _JEFFREYS) / (closed + 2 * _JEFFREYS)
    return tuple(_forecast_visit(visit, share_missing) for visit in visits)


def _forecast_visit(visit: VisitCounts, share_missing: float) -> VisitForecast:
    """Forecast one visit, drawn towards the share of forms that are missing over all visits."""
    alpha = visit.closed - visit.completed + PRIOR_FORMS * share_missing
    beta = visit.completed + PRIOR_FORMS * (1 - share_missing)
    if not visit.to_come:
        return VisitForecast(visit, 0.0, visit.missing, visit.missing)
    # The whole distribution at once takes milliseconds where looking for each bound takes a moment.
    cumulated = np.cumsum(betabinom.pmf(np.arange(visit.to_come), visit.to_come, alpha, beta))
    tail = (1 - COVERAGE) / 2
    lowest, highest = np.searchsorted(cumulated, [tail, 1 - tail])
    return VisitForecast(
        counts=visit,
        further=visit.to_come * alpha / (alpha + beta),
        lowest=visit.missing + int(lowest),
        highest=visit.missing + int(highest),
    )
