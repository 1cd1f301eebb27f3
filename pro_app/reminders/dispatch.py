"""Sending what is due: claim in one short transaction, send outside any, record the outcome in another."""

import hashlib
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pro_app.clock import Clock
from pro_app.contacts.vault import ContactVault
from pro_app.reminders.channels import find_channel
from pro_app.reminders.messages import MessagePlaces, check_catalogues, render_message
from pro_app.reminders.outbox.claims import ClaimedMessage, Outcome, Settled, claim_next, record_outcome
from pro_app.reminders.outgoing import Channel, OutgoingMessage, Retryable, Undeliverable
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database

MOST_IN_ONE_GO = 500
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PostOffice:
    """What sending needs: the stores, the channels by code, and what message texts and ids are made of."""

    database: Database
    vault: ContactVault
    channels: Mapping[str, Channel]
    secret_key: str = field(repr=False)
    public_url: str
    public_host: str

    def close(self) -> None:
        """Give back the connections to both stores."""
        self.database.engine.dispose()
        self.vault.database.engine.dispose()


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """How many messages reached each state; `planned` are those to be tried later."""

    states: Mapping[str, int]

    def count(self, state: str) -> int:
        """Give the number of messages that reached `state`."""
        return self.states.get(state, 0)


def open_post_office(settings: Settings) -> PostOffice:
    """Open the post office of an installation; raises SettingMissing for an unusable mail address."""
    check_catalogues()
    return PostOffice(
        database=open_database(settings.database_url),
        vault=ContactVault(open_database(settings.contacts_database_url), settings.contacts_key),
        channels={"email": find_channel(settings)},
        secret_key=settings.secret_key,
        public_url=settings.public_url,
        public_host=settings.public_host,
    )


def dispatch_due(
    office: PostOffice,
    *,
    clock: Clock,
    most: int = MOST_IN_ONE_GO,
    should_stop: Callable[[], bool] = lambda: False,
) -> DispatchReport:
    """Send what is due, one message after the other, until nothing is, `most` are done or it should stop.

    Several dispatchers may run at once, in one process or many: a message is claimed by one of them.
    """
    states: Counter[str] = Counter()
    while states.total() < most and not should_stop():
        with office.database.writing() as session:
            claim = claim_next(session, claim_token=secrets.token_hex(16), now=clock())
        if claim is None:
            break
        states[claim.state if isinstance(claim, Settled) else _send(office, claim, clock=clock)] += 1
    return DispatchReport(dict(states))


def message_id(office: PostOffice, message_key: str) -> str:
    """Derive the Message-ID from the outbox key, so that a retry carries the same and nobody can guess it."""
    digest = hmac.new(office.secret_key.encode(), message_key.encode(), hashlib.sha256).hexdigest()[:40]
    return f"<{digest}@{office.public_host}>"


def _send(office: PostOffice, claimed: ClaimedMessage, *, clock: Clock) -> str:
    """Send one claimed message and record what became of it."""
    outcome = _attempt(office, claimed, clock=clock)
    with office.database.writing() as session:
        state = record_outcome(session, claimed, outcome, now=clock())
    if outcome.kind != "sent":
        logger.warning("message %s: %s (%s)", claimed.message_id, outcome.reason, state or "claim lost")
    return state or "claim_lost"


def _attempt(office: PostOffice, claimed: ClaimedMessage, *, clock: Clock) -> Outcome:
    """Find the address, write the text, hand it over; every fault becomes an outcome of this message."""
    try:
        channel = office.channels.get(claimed.channel)
        address = office.vault.find(claimed.contact_ref).email
        if channel is None or address is None:
            return Outcome("undeliverable", "no_channel" if channel is None else "no_address")
        message = _write(office, claimed, address=address, clock=clock)
    except Exception:
        # One message that cannot be written must not hold up those behind it.
        logger.exception("message %s could not be written", claimed.message_id)
        return Outcome("retryable", "not_written")
    try:
        channel.send(message)
    except Undeliverable as refused:
        return Outcome("undeliverable", refused.reason)
    except Retryable as refused:
        return Outcome("doubtful" if refused.maybe_accepted else "retryable", refused.reason)
    except Exception:
        logger.exception("message %s met an unknown fault", claimed.message_id)
        return Outcome("doubtful", "unknown_fault")
    return Outcome("sent")


def _write(office: PostOffice, claimed: ClaimedMessage, *, address: str, clock: Clock) -> OutgoingMessage:
    """Write the message in the person's language."""
    places = MessagePlaces(
        sender_label=claimed.sender_label,
        site_telephone=claimed.site_telephone,
        address=office.public_url,
        closes_on=claimed.closes_on,
        today=claimed.today,
    )
    rendered = render_message(claimed.template_code, places, language=claimed.language)
    return OutgoingMessage(
        address=address,
        sender_label=claimed.sender_label,
        subject=rendered.subject,
        text=rendered.text,
        language=claimed.language,
        message_id=message_id(office, claimed.message_key),
        at=clock(),
    )
