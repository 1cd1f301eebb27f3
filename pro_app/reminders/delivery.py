"""Handing one message to its channel, at every address that the person has there: what became of it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pro_app.reminders.addresses import Destination
from pro_app.reminders.outbox.attempts import Outcome
from pro_app.reminders.outgoing import Channel, OutgoingMessage, Retryable, Undeliverable

GONE = "gone"
"""The reason of a push service for a browser that shows no messages any more."""
LONGEST_DELIVERY_S = 60
"""After so long no further address of one message is begun: slow ones must not hold up everybody else."""
LEFT_ALONE_FOR = timedelta(minutes=1)
"""How long messages wait for a channel that asks nobody for the moment; they have lost no attempt by it."""
BEST_FIRST = ("sent", "doubtful", "retryable", "undeliverable", "deferred")
"""A message that reached one browser has been sent; one that may have reached one may not be sent again."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one address; `refusal` is what the channel said where one can try again.

    `queue` is the one that the address waits in, None where this tells nothing of it.
    """

    outcome: Outcome
    refusal: Retryable | None = None
    queue: str | None = None

    @property
    def tells_of_queue(self) -> bool:
        """Tell whether the recipient's server took the message, refused it for good, or asked to wait."""
        if self.queue is None:
            return False
        if self.refusal is not None:
            return self.refusal.scope == "queue" or bool(self.refusal.retry_after_s)
        return self.outcome.kind in {"sent", "undeliverable"}

    @property
    def asked_for(self) -> timedelta:
        """Give how long the other side asked us to wait, zero where it did not say."""
        return timedelta(seconds=(self.refusal and self.refusal.retry_after_s) or 0)


def deliver(
    channel: Channel,
    message: OutgoingMessage,
    destinations: Sequence[Destination],
    *,
    forget: Callable[[Destination], None],
    longest_s: float = LONGEST_DELIVERY_S,
) -> Sequence[Attempt]:
    """Send a message to each address, and give what became of those tried; dead addresses are forgotten.

    A channel that is out of order as a whole is not asked again for the addresses that are left, and none is
    begun once the first ones have taken `longest_s` seconds.
    """
    attempts: list[Attempt] = []
    began = time.monotonic()
    for destination in destinations:
        if attempts and time.monotonic() - began >= longest_s:
            break
        attempt = send_once(channel, replace(message, address=destination.address))
        attempt = replace(attempt, queue=destination.queue)
        if attempt.outcome.reason == GONE:
            forget(destination)
        attempts.append(attempt)
        if attempt.refusal is not None and attempt.refusal.scope == "channel":
            break
    return attempts


def choose_best(attempts: Sequence[Attempt]) -> Attempt:
    """Choose the best that became of a message at its addresses."""
    return min(attempts, key=lambda attempt: BEST_FIRST.index(attempt.outcome.kind))


def send_once(channel: Channel, message: OutgoingMessage) -> Attempt:
    """Hand a message over once; whatever the channel raises becomes the outcome."""
    try:
        provider_ref = channel.send(message)
    except Undeliverable as refused:
        return Attempt(Outcome("undeliverable", refused.reason))
    except Retryable as refused:
        if refused.maybe_accepted:
            doubtful = Outcome("doubtful", refused.reason, provider_ref=refused.provider_ref)
            return Attempt(doubtful, refused)
        if not refused.tried:
            return Attempt(Outcome("deferred", refused.reason, until=message.at + LEFT_ALONE_FOR), refused)
        return Attempt(Outcome("retryable", refused.reason), refused)
    except Exception:
        logger.exception("message %s met an unknown fault", message.outbox_message_id)
        return Attempt(Outcome("doubtful", "unknown_fault"))
    return Attempt(Outcome("sent", provider_ref=provider_ref))
