"""Handing one message to its channel, at every address that the person has there: what became of it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pro_app.reminders.addresses import Destination
from pro_app.reminders.outbox.attempts import Outcome
from pro_app.reminders.outgoing import Channel, OutgoingMessage, Retryable, Undeliverable

GONE = "gone"
"""The reason of a push service for a browser that shows no messages any more."""
BEST_FIRST = ("sent", "doubtful", "retryable", "undeliverable")
"""A message that reached one browser has been sent; one that may have reached one may not be sent again."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one address; `refusal` is what the channel said where one can try again."""

    outcome: Outcome
    refusal: Retryable | None = None

    @property
    def tells_of_queue(self) -> bool:
        """Tell whether the recipient's server took the message, refused it for good, or asked to wait."""
        if self.refusal is not None:
            return self.refusal.scope == "queue"
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
) -> Attempt:
    """Send a message to each address, and give the best that became of it; dead addresses are forgotten.

    A channel that is out of order as a whole is not asked again for the addresses that are left.
    """
    attempts = []
    for destination in destinations:
        attempt = send_once(channel, replace(message, address=destination.address))
        if attempt.outcome.reason == GONE:
            forget(destination)
        attempts.append(attempt)
        if attempt.refusal is not None and attempt.refusal.scope == "channel":
            break
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
        return Attempt(Outcome("retryable", refused.reason), refused)
    except Exception:
        logger.exception("message %s met an unknown fault", message.reply_token)
        return Attempt(Outcome("doubtful", "unknown_fault"))
    return Attempt(Outcome("sent", provider_ref=provider_ref))
