"""What goes wrong around a trial (pure): servers that are down, workers that are killed, clocks set back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

CLOCK_SET_BACK_BY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Spell:
    """A time from one moment up to another (aware UTC)."""

    from_at: datetime
    until_at: datetime

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.from_at <= at < self.until_at


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one run. Chances are for each message that is handed over.

    `killed`: the worker dies while it sends. `unconfirmed`: the server takes the message, and its reply is
    lost. `refused_for_now`: the server answers with a 4xx.
    """

    mail_down: tuple[Spell, ...] = ()
    worker_down: tuple[Spell, ...] = ()
    clock_set_back: tuple[Spell, ...] = ()
    killed: float = 0.0
    unconfirmed: float = 0.0
    refused_for_now: float = 0.0

    def is_mail_down(self, at: datetime) -> bool:
        """Say whether the mail server takes nothing at a moment."""
        return _is_within(self.mail_down, at)

    def next_awake(self, at: datetime) -> datetime:
        """Give the first moment from `at` on at which a worker runs."""
        return next((spell.until_at for spell in self.worker_down if spell.holds(at)), at)

    def worker_time(self, at: datetime) -> datetime:
        """Give what the worker's clock says at a moment."""
        return at - CLOCK_SET_BACK_BY if _is_within(self.clock_set_back, at) else at


NO_FAULTS = Faults()


def draw_faults(seed: int, from_at: datetime, until_at: datetime) -> Faults:
    """Draw the faults of a trial: each year one of the mail server, one of the worker, one of the clock."""
    random = Random(f"{seed}:faults")  # noqa: S311 -- play, not secrets
    years = max(1, round((until_at - from_at) / timedelta(days=365)))
    length = until_at - from_at

    def draw(hours: tuple[int, int]) -> tuple[Spell, ...]:
        starts = sorted(from_at + length * random.random() for _ in range(years))
        return tuple(
            Spell(start, start + timedelta(hours=random.randrange(*hours), minutes=7)) for start in starts
        )

    return Faults(
        mail_down=draw((5, 100)),
        worker_down=draw((5, 80)),
        clock_set_back=draw((2, 30)),
        killed=0.004,
        unconfirmed=0.004,
        refused_for_now=0.01,
    )


def _is_within(spells: Sequence[Spell], at: datetime) -> bool:
    return any(spell.holds(at) for spell in spells)
