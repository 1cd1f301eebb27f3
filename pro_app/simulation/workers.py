"""Several workers sending side by side on one simulated clock: the real tick, killed and woken as drawn."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.simulation.faults import Faults
from pro_app.simulation.receiving import Mailboxes, WorkerKilled
from pro_app.worker import tick

WOKEN_AFTER = timedelta(minutes=11)
"""When a killed worker is back: its claim has run out by then."""


@dataclass
class Workers:
    """`count` workers. While one of them has a message on its way, another one may claim and send the next.

    `wake` schedules a look at a moment; `happened` counts what became of them.
    """

    office: PostOffice
    mailboxes: Mailboxes
    faults: Faults
    count: int
    wake: Callable[[datetime, Callable[[datetime], None]], None] = lambda _at, _look: None
    happened: "Counter[str]" = field(default_factory=Counter)
    _busy: int = 0
    _at: datetime | None = None

    def __post_init__(self) -> None:
        self.mailboxes.meanwhile = self._let_another_send
        self.mailboxes.clock = self._true_time

    def look(self, at: datetime) -> None:
        """Let every worker look once for what is due, as each does every minute."""
        self._at = at
        for number in range(self.count):
            self._run(partial(tick, self.office, clock=self._clock, holder=f"worker-{number}"))

    def _true_time(self) -> datetime:
        if self._at is None:
            raise RuntimeError("no worker runs before the first look")
        return self._at

    def _clock(self) -> datetime:
        return self.faults.worker_time(self._true_time())

    def _run(self, work: Callable[[], object]) -> None:
        """Let one worker work until it has done, or is killed."""
        self._busy += 1
        try:
            work()
        except WorkerKilled:
            self.happened["worker killed"] += 1
            if self._at is not None:
                self.wake(self._at + WOKEN_AFTER, self.look)
        finally:
            self._busy -= 1

    def _let_another_send(self) -> None:
        """Let the next worker send one message while this one waits for the server."""
        if 0 < self._busy < self.count:
            self._run(lambda: dispatch_due(self.office, clock=self._clock, most=1))
