"""One attempt to send a message, as the outbox and the dispatcher speak about it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from pro_app.reminders.sending_hours import SendingHours

LEASE = timedelta(minutes=10)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""How long after each attempt that failed the next one comes; the last one for all that follow."""
MOST_DOUBTS = 2
"""How often a message may perhaps have been accepted before it is not tried again."""


def find_back_off(attempts: int) -> timedelta:
    """Give how long to wait after so many attempts (at least one) that failed."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """One message that this claim may send, with all that its text needs; the address is in the vault.

    `hours` is None where the message may go out at any hour, `expires_at` where it never loses its sense.
    From `lease_until` on somebody else may have it, and it is not to be sent under this claim. With
    `generation` the key names the message in whatever comes back about it.
    """

    message_id: int
    message_key: str
    generation: int
    claim_token: str
    lease_until: datetime
    participant_id: int
    channel: str
    contact_ref: str
    template_code: str
    language: str
    sender_label: str
    site_telephone: str
    closes_on: date | None
    today: date
    expires_at: datetime | None
    hours: SendingHours | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A due message that may not go out (now): `cancelled`, `failed`, `unknown`, or `planned` for later."""

    state: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `reason` is a code without any address.

    `retryable`: it was not accepted, and may be later. `doubtful`: it may have been accepted.
    `undeliverable`: it never will be at this address. `deferred`: it was not tried, and may be from `until`
    (aware UTC) on. `provider_ref` is the name that the provider of the channel gave the message.
    """

    kind: Literal["sent", "retryable", "doubtful", "undeliverable", "deferred"]
    reason: str | None = None
    until: datetime | None = None
    provider_ref: str | None = None
