"""Measuring two things in turn, so that whatever else the machine does falls on both alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds that one unit of work took in each round, ours and the floor's beside it."""

    ours: list[float]
    floor: list[float]

    def write_line(self, name: str, *, ours: str, floor: str) -> str:
        """Say both medians and the median of the rounds' ratios with its quartiles, in one line.

        `ours` and `floor` name what was measured; above 1 the ratio says how many times longer ours takes.
        """
        ratios = [mine / bare for mine, bare in zip(self.ours, self.floor, strict=True)]
        low, _, high = quantiles(ratios, n=4)
        return (
            f"{name}: ratio {median(ratios):.2f} (quartiles {low:.2f}-{high:.2f}, {len(ratios)} rounds); "
            f"{ours} {_unit(median(self.ours))}, {floor} {_unit(median(self.floor))}"
        )


def measure_in_turn(
    ours: Work, floor: Work, *, rounds: int, units: int, before: Work = lambda: None
) -> Measured:
    """Let both do `units` units of work a round, changing who begins; a first round is not counted.

    Nor is the time that `before` takes, which lays out the work of each round.
    """
    taken: dict[Work, list[float]] = {ours: [], floor: []}
    for number in range(rounds + 1):
        before()
        for work in (ours, floor) if number % 2 else (floor, ours):
            started = time.perf_counter()
            work()
            taken[work].append((time.perf_counter() - started) / units)
    return Measured(taken[ours][1:], taken[floor][1:])


def _unit(seconds: float) -> str:
    """Write the time of one unit, and how many that is a second."""
    return f"{seconds * 1000:.3f} ms ({1 / seconds:,.0f}/s)"
