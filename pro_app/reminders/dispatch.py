"""Sending what is due: claim in one short transaction, send outside any, record the outcome in another."""

import hashlib
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from pro_app.clock import Clock
from pro_app.contacts.vault import ContactVault
from pro_app.reminders.addresses import Destination, find_addresses, forget_address
from pro_app.reminders.channels import open_channels
from pro_app.reminders.delivery import LEFT_ALONE_FOR, Attempt, choose_best, deliver
from pro_app.reminders.messages import MessagePlaces, check_catalogues, render_message
from pro_app.reminders.outbox.attempts import ClaimedMessage, Outcome, Settled
from pro_app.reminders.outbox.claims import claim_next
from pro_app.reminders.outbox.outcomes import record_outcome
from pro_app.reminders.outbox.queues import (
    UNHURRIED,
    Pace,
    QueueState,
    find_pace,
    find_queue,
    find_queue_state,
    note_attempt,
)
from pro_app.reminders.outgoing import Channel, KeepsConnections, OutgoingMessage
from pro_app.reminders.pin_codes import PIN_CODE, make_pin_code, write_pin_code
from pro_app.reminders.policy import WINDOW_CLOSED
from pro_app.reminders.reply_tokens import make_reply_token
from pro_app.reminders.sending_hours import find_allowed_moment, find_end_of_hours
from pro_app.settings import Settings
from pro_app.storage.database import Database, open_database
from pro_app.storage.queries.outbox import MessageRow

EMAIL = "email"
MOST_IN_ONE_GO = 500
LONGEST_IDLE_S = 60
"""After so long in the middle of a transaction a process is taken for frozen, and its locks are freed."""
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
    pace: Pace = UNHURRIED

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
        database=open_database(settings.database_url, longest_idle_s=LONGEST_IDLE_S),
        vault=ContactVault(open_database(settings.contacts_database_url), settings.contacts_key),
        channels=open_channels(settings),
        secret_key=settings.secret_key,
        public_url=settings.public_url,
        public_host=settings.public_host,
        pace=Pace(settings.messages_per_minute),
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
    going_round = _Round(office, clock)
    try:
        while states.total() < most and not should_stop():
            with office.database.writing() as session:
                claim = claim_next(
                    session,
                    claim_token=secrets.token_hex(16),
                    now=clock(),
                    find_name=partial(_find_name, office),
                )
            if claim is None:
                break
            states[claim.state if isinstance(claim, Settled) else going_round.send(claim)] += 1
    finally:
        rest_channels(office)
    return DispatchReport(dict(states))


def rest_channels(office: PostOffice) -> None:
    """Close the connections that channels keep between messages."""
    for channel in office.channels.values():
        if isinstance(channel, KeepsConnections):
            channel.rest()


def message_id(office: PostOffice, message_key: str, generation: int = 0) -> str:
    """Derive the Message-ID from the outbox key, so that a retry carries the same and nobody can guess it.

    A message that begins anew after it had failed, at another address perhaps, has another one.
    """
    named = f"{message_key}#{generation}" if generation else message_key
    digest = hmac.new(office.secret_key.encode(), named.encode(), hashlib.sha256).hexdigest()[:40]
    return f"<{digest}@{office.public_host}>"


def _find_name(office: PostOffice, row: MessageRow) -> str | None:
    """Give the name of an e-mail as it is kept; of the other channels only the provider knows it."""
    if row.channel != EMAIL:
        return None
    return message_id(office, row.message_key, row.generation).strip("<>")


@dataclass
class _Round:
    """One round of sending: what it has learned about channels and queues holds for the messages after it."""

    office: PostOffice
    clock: Clock
    out_of_order: dict[str, Attempt] = field(default_factory=dict)
    queues: dict[str, QueueState] = field(default_factory=dict)

    def send(self, claimed: ClaimedMessage) -> str:
        """Send one claimed message and record what became of it; gives its new state."""
        attempts = self._attempt(claimed)
        outcome = choose_best(attempts).outcome
        with self.office.database.writing() as session:
            now = self.clock()
            state = record_outcome(
                session, claimed, outcome, usable_channels=self.office.channels.keys(), now=now
            )
            pace = find_pace(claimed.channel, self.office.pace)
            self._note_queues(session, attempts, pace=pace, now=now)
        if outcome.kind not in {"sent", "deferred"}:
            logger.warning("message %s: %s (%s)", claimed.message_id, outcome.reason, state or "claim lost")
        return state or "claim_lost"

    def _note_queues(
        self, session: Session, attempts: Sequence[Attempt], *, pace: Pace, now: datetime
    ) -> None:
        """Count the attempts in their queues, always in the same order: other workers lock them too."""
        for attempt in sorted(attempts, key=lambda attempt: attempt.queue or ""):
            if attempt.queue is not None and attempt.tells_of_queue:
                self.queues[attempt.queue] = note_attempt(
                    session,
                    attempt.queue,
                    refused=attempt.refusal is not None,
                    asked_for=attempt.asked_for,
                    pace=pace,
                    now=now,
                )

    def _attempt(self, claimed: ClaimedMessage) -> Sequence[Attempt]:
        """Find the addresses, write the text, hand it over; gives what became of it at each of them.

        Every fault becomes an outcome of this message: one that cannot be written holds up none behind it.
        """
        office, channel = self.office, self.office.channels.get(claimed.channel)
        if channel is None:
            return [Attempt(Outcome("undeliverable", "no_channel"))]
        if (known := self.out_of_order.get(claimed.channel)) is not None:
            if known.outcome.kind == "deferred":  # A round may take longer than what it learned holds.
                until = self.clock() + LEFT_ALONE_FOR
                known = replace(known, outcome=replace(known.outcome, until=until))
            return [known]
        try:
            destinations = self._find_destinations(claimed)
            if not destinations:
                return [Attempt(Outcome("undeliverable", "no_address"))]
            rests = [self._find_rest(destination.queue) for destination in destinations]
            if (put_off := self._find_hindrance(claimed, rests)) is not None:
                return [Attempt(put_off)]
            free = [each for each, until in zip(destinations, rests, strict=True) if until is None]
            message = _write(office, claimed, clock=self.clock)
        except Exception:
            logger.exception("message %s could not be written", claimed.message_id)
            return [Attempt(Outcome("retryable", "not_written"))]
        attempts = deliver(channel, message, free, forget=lambda gone: forget_address(office.vault, gone))
        last = attempts[-1]
        if last.refusal is not None and last.refusal.scope == "channel":
            self.out_of_order[claimed.channel] = replace(last, queue=None)
        return attempts

    def _find_destinations(self, claimed: ClaimedMessage) -> Sequence[Destination]:
        """Find the addresses of the person on the channel, each with the queue that it waits in."""
        return [
            replace(
                found,
                queue=find_queue(claimed.channel, found.address, secret_key=self.office.secret_key),
            )
            for found in find_addresses(self.office.vault, claimed.contact_ref, claimed.channel)
        ]

    def _find_hindrance(self, claimed: ClaimedMessage, rests: Sequence[datetime | None]) -> Outcome | None:
        """Say why a message is not tried now: all its queues rest, or time went by since it was claimed.

        What was checked at the claim may not hold any more once its lease is over; within the lease, the
        quiet hours may have begun or the window have closed.
        """
        now = self.clock()
        if (reason := _find_lateness(claimed, now)) is not None:
            return Outcome("deferred", reason, until=now)
        resting = [until for until in rests if until is not None]
        if len(resting) < len(rests):
            return None
        return Outcome("deferred", "queue_rests", until=min(resting))

    def _find_rest(self, queue: str | None) -> datetime | None:
        """Find until when a queue rests; the database is asked once, later each attempt tells how it is."""
        if queue is None:
            return None
        if queue not in self.queues:
            with self.office.database.reading() as session:
                self.queues[queue] = find_queue_state(session, queue)
        return self.queues[queue].find_rest(now=self.clock())


def _find_lateness(claimed: ClaimedMessage, now: datetime) -> str | None:
    """Say what forbids to send a message at `now` that was allowed at its claim; None if nothing does."""
    if now >= claimed.lease_until:
        return "claim_ran_out"
    if claimed.expires_at is not None and now >= claimed.expires_at:
        return WINDOW_CLOSED
    if claimed.hours is not None and find_allowed_moment(now, claimed.hours) > now:
        return "quiet_hours"
    return None


def _find_end(claimed: ClaimedMessage, now: datetime) -> datetime | None:
    """Find until when a message sent at `now` may arrive: not in the quiet hours, nor after the window."""
    if claimed.hours is None:
        return claimed.expires_at
    ends_at = find_end_of_hours(now, claimed.hours)
    return ends_at if claimed.expires_at is None else min(claimed.expires_at, ends_at)


def _write(office: PostOffice, claimed: ClaimedMessage, *, clock: Clock) -> OutgoingMessage:
    """Write the message in the person's language; the address is filled in for each place it goes to."""
    pin_code = ""
    if claimed.template_code == PIN_CODE:
        pin_code = write_pin_code(make_pin_code(office.secret_key, claimed.message_key))
    places = MessagePlaces(
        sender_label=claimed.sender_label,
        site_telephone=claimed.site_telephone,
        address=office.public_url,
        closes_on=claimed.closes_on,
        today=claimed.today,
        pin_code=pin_code,
    )
    rendered = render_message(claimed.template_code, places, language=claimed.language)
    now = clock()
    return OutgoingMessage(
        address="",
        sender_label=claimed.sender_label,
        subject=rendered.subject,
        text=rendered.text,
        short_text=rendered.short_text,
        language=claimed.language,
        message_id=message_id(office, claimed.message_key, claimed.generation),
        reply_token=make_reply_token(office.secret_key, claimed.message_id, generation=claimed.generation),
        outbox_message_id=claimed.message_id,
        at=now,
        expires_at=_find_end(claimed, now),
    )
