"""What a provider of SMS has to offer, and what every HTTP provider's answers have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from pro_app.reminders.http_call import Caller, HttpReply, HttpRequest, NoReply, NotReached
from pro_app.reminders.outgoing import Retryable

ReportEvent = Literal["delivered", "delayed", "bounced", "complained", "unsubscribed"]
EVENTS: Sequence[ReportEvent] = ("delivered", "delayed", "bounced", "complained", "unsubscribed")
OK_FROM, OK_UNTIL = 200, 300
NOT_LET_IN = frozenset({401, 402, 403})
"""Refusals of ourselves: the key is wrong, or the account is empty. Somebody can mend that."""
BUSY = frozenset({429, 503})
FAULTS = range(500, 600)
SHORTEST_S = 60


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a text may arrive (aware UTC); a network keeps it for a phone that is off."""

    begins_at: datetime
    ends_at: datetime

    @property
    def seconds(self) -> int:
        """Give its length in whole seconds, a minute at least."""
        return max(int((self.ends_at - self.begins_at).total_seconds()), SHORTEST_S)

    @property
    def minutes(self) -> int:
        """Give its length in whole minutes, rounded down so that nothing arrives too late, one at least."""
        return self.seconds // 60


class SmsProvider(Protocol):
    """Hands texts over to the telephone network."""

    def send(self, number: str, text: str, reference: str, *, validity: Validity) -> str | None:
        """Send `text` to a mobile `number` (E.164) and give the provider's own name for it, if it has one.

        `reference` names the message on our side, the same at a retry. Where the provider can be told, the
        network drops the text once its `validity` is over. Raises Retryable or Undeliverable.
        """


@dataclass(frozen=True, slots=True)
class SmsReport:
    """What a provider says about a message later; `reason` is a code without the number."""

    provider_ref: str
    event: ReportEvent
    reason: str | None = None


def call_provider(caller: Caller, request: HttpRequest) -> HttpReply:
    """Make one call; raises Retryable, doubtful once the request has left without an answer."""
    try:
        return caller.call(request)
    except NotReached as fault:
        raise Retryable(f"sms_{fault.reason}", scope="channel") from fault
    except NoReply as fault:
        raise Retryable("sms_no_reply", maybe_accepted=True) from fault


def is_ok(reply: HttpReply) -> bool:
    """Tell whether the status says that the request was accepted."""
    return OK_FROM <= reply.status < OK_UNTIL


def make_refusal(
    reply: HttpReply, *, code: str | None = None, is_ours: bool = False, is_explained: bool = False
) -> Retryable:
    """Make what a refusal means that is not about the number: it can be tried again once it is mended.

    With `is_ours`, as where we are not let in or too much is asked, nothing else will go out for the time
    being. A server that failed (5xx) may have failed after it had passed the message on, and a gateway that
    waited in vain for the one behind it does not know: that is a doubt, unless the server is busy (503) or
    what it says is known to mean that nothing was taken (`is_ours`, `is_explained`).
    """
    is_ours = is_ours or reply.status in NOT_LET_IN or reply.status in BUSY
    return Retryable(
        f"sms_{code or reply.status}",
        maybe_accepted=reply.status in FAULTS and not (is_ours or is_explained),
        scope="channel" if is_ours else "message",
        retry_after_s=reply.retry_after_s,
    )
