"""How a virtual person feels over the years (pure), and the answers that follow from it."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from pro_app.instruments.instrument import Instrument

DrawnAnswer = tuple[Literal["answered", "declined", "not_applicable"], int | None]
"""The state of an answer and its value, if it has one."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Burden on a scale from 0 (none) to 1 (heavy): where it begins, its drift per year, how it wavers."""

    burden: float
    drift_per_year: float
    wavering: float

    def burden_after(self, years: float, random: Random) -> float:
        """Give the burden after `years`, between 0 and 1."""
        return min(1.0, max(0.0, self.burden + self.drift_per_year * years + random.gauss(0, self.wavering)))


def draw_trajectory(random: Random) -> Trajectory:
    """Draw one person's trajectory."""
    return Trajectory(
        burden=random.betavariate(2.2, 4.5), drift_per_year=random.gauss(0.015, 0.04), wavering=0.06
    )


def draw_answers(
    instrument: Instrument, *, burden: float, on_treatment: bool, random: Random
) -> dict[int, DrawnAnswer]:
    """Draw the state and value of every item of `instrument`, by item number.

    High codes mean more trouble, except on items of global scales, where they mean better health.
    """
    global_items = {
        number for scale in instrument.scoring().scales if scale.kind == "global" for number in scale.items
    }
    answers: dict[int, DrawnAnswer] = {}
    for item in instrument.items:
        if item.na_allowed and random.random() < (0.15 if on_treatment else 0.7):
            answers[item.number] = ("not_applicable", None)
        elif random.random() < 0.006:
            answers[item.number] = ("declined", None)
        else:
            values = instrument.response_values(item.number)
            level = (1 - burden if item.number in global_items else burden) + random.gauss(0, 0.16)
            index = round(min(1.0, max(0.0, level)) * (len(values) - 1))
            answers[item.number] = ("answered", values[index])
    return answers
