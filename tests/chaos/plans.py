"""What one session of the chaos does, drawn from a seed: who answers where, and what comes between.

The same seed and number give the same plan. How the moments of a browser, a proxy and a killed server fall
together is drawn by nobody, so a session that is run again resembles the first one, and need not equal it.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

Companion = Literal["", "device", "tab"]

FEWEST_TAPS, MOST_TAPS = 4, 10
TAPPING = {"answer": 44, "change": 12, "decline": 7, "blank": 4, "kept_crash": 6, "crash": 5}
BETWEEN = {
    "next": 5,
    "previous": 9,
    "jump": 4,
    "wait": 14,
    "close": 4,
    "reload": 3,
    "offline": 6,
    "online": 6,
    "skew": 6,
    "expire": 3,
}
"""How often each action is drawn, among those that tap and those that come between."""

SKEWS = (-3 * 86_400, -86_400, -7_200, -600, -45, 45, 600, 7_200, 86_400, 3 * 86_400, 3 * 365 * 86_400)
"""By how many seconds a phone's clock can be wrong."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that happens on one device; `dice` (0 to 1) decides what the page leaves open."""

    kind: str
    device: int
    dice: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One session: a patient with a questionnaire, perhaps on two devices or in two tabs at once.

    `late_weather`: the network is good until the questionnaire is open. `skews` are the seconds by which each
    device's clock is wrong at first.
    """

    number: int
    study: Literal["tiny", "real"]
    companion: Companion
    late_weather: bool
    from_home: bool
    submits: bool
    skews: tuple[int, int]
    actions: tuple[Action, ...]
    network_seed: str


def draw_plan(seed: int, number: int) -> Plan:
    """Draw the plan of session `number`."""
    random = Random(f"{seed}:{number}")  # noqa: S311 -- no secret
    companion: Companion = random.choices(("", "device", "tab"), (65, 22, 13))[0]
    taps = random.randint(FEWEST_TAPS, MOST_TAPS)
    actions = []
    while taps:
        tapping = random.random() < 0.62
        weights = TAPPING if tapping else BETWEEN
        kind = random.choices([*weights], [*weights.values()])[0]
        if kind == "skew" and companion:
            kind = "answer"  # whose answer is later is then told by clocks that nobody may touch meanwhile
            tapping = True
        device = 1 if companion and random.random() < 0.4 else 0
        actions.append(Action(kind, device, random.random()))
        taps -= tapping
    if companion and not any(action.device for action in actions):
        actions.append(Action("answer", 1, random.random()))
    return Plan(
        number=number,
        study=random.choices(("tiny", "real"), (70, 30))[0],
        companion=companion,
        late_weather=random.random() < 0.92,
        from_home=random.random() < 0.3,
        submits=random.random() < 0.55,
        skews=(_draw_skew(random), _draw_skew(random)),
        actions=tuple(actions),
        network_seed=f"{seed}:{number}:network",
    )


def _draw_skew(random: Random) -> int:
    return random.choice(SKEWS) if random.random() < 0.4 else 0
