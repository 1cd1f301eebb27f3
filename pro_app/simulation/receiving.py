"""The other end of the line: what it took and when, apart from anything that the app says of itself."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable
from pro_app.simulation.faults import NO_FAULTS, Faults


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived: its name on the wire, the channel, the address and the time."""

    message_id: str
    channel: str
    address: str
    at: datetime


class WorkerKilled(BaseException):
    """Stands for SIGKILL: nothing of the worker runs any more, no handler, no second transaction."""


@dataclass
class Mailboxes:
    """The end of every channel. `dead_from`: addresses that refuse what comes from a day (UTC) on.

    What goes wrong at an address follows from `seed`, the address, and how many messages came to it before:
    what else is on its way, and in which order, plays no part. `clock` is the receiving machine's own; what
    the sender writes into a message is not believed.
    `meanwhile` is called while a message is on its way, when no transaction is open: other workers act then.
    """

    seed: int
    clock: Callable[[], datetime]
    faults: Faults = NO_FAULTS
    dead_from: dict[str, date] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    read: Callable[[Received, OutgoingMessage], None] = lambda _received, _message: None
    _came: "Counter[str]" = field(default_factory=Counter)

    def take(self, channel: str, message: OutgoingMessage) -> None:
        """Take a message, or refuse it as servers do; raises Retryable, Undeliverable or WorkerKilled."""
        self.meanwhile()
        now = self.clock()
        if self.faults.is_mail_down(now):
            raise Retryable("smtp_unreachable", scope="channel")
        dead_from = self.dead_from.get(message.address)
        if dead_from is not None and now.date() >= dead_from:
            raise Undeliverable("smtp_550")
        self._came[message.address] += 1
        random = Random(f"{self.seed}:{message.address}:{self._came[message.address]}")  # noqa: S311 -- play
        if random.random() < self.faults.refused_for_now:
            raise Retryable("smtp_451", scope="queue")
        dies = random.random() < self.faults.killed
        if dies and random.random() < 0.5:
            raise WorkerKilled
        received = Received(message.message_id, channel, message.address, now)
        self.received.append(received)
        self.read(received, message)
        if dies:
            raise WorkerKilled
        if random.random() < self.faults.unconfirmed:
            raise Retryable("no_reply_after_text", maybe_accepted=True)


@dataclass(frozen=True)
class SimulatedChannel:
    """One channel whose messages end in the mailboxes."""

    code: str
    mailboxes: Mailboxes

    def send(self, message: OutgoingMessage) -> None:
        """Hand a message over."""
        self.mailboxes.take(self.code, message)


def make_channels(codes: Collection[str], mailboxes: Mailboxes) -> dict[str, SimulatedChannel]:
    """Make the channels of a simulated post office."""
    return {code: SimulatedChannel(code, mailboxes) for code in codes}
