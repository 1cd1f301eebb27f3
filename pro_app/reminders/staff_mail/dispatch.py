"""Sending e-mails to staff: claim, send outside any transaction, record; beside the participants' outbox.

Channel, addresses and pace are those of the post office: both kinds of mail share the queues of a domain.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pro_app.clock import Clock
from pro_app.reminders.addresses import Destination, find_addresses
from pro_app.reminders.delivery import Attempt, send_once
from pro_app.reminders.dispatch import (
    EMAIL,
    DispatchReport,
    PostOffice,
    message_id,
    rest_channels,
)
from pro_app.reminders.outbox.attempts import Outcome, Settled
from pro_app.reminders.outbox.queues import find_pace, find_queue, find_queue_state, note_attempt
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.reminders.staff_mail.claims import ClaimedMail, claim_next_mail, record_mail_outcome
from pro_app.reminders.staff_mail.invitation_codes import make_invitation_code
from pro_app.reminders.staff_mail.texts import WrittenMail, write_digest, write_invitation

MOST_IN_ONE_GO = 200
NOBODY = "staff"
"""In the place of a reply token: what comes back about these mails is about no message of a participant."""
logger = logging.getLogger(__name__)


def dispatch_staff_mail(
    office: PostOffice,
    *,
    clock: Clock,
    most: int = MOST_IN_ONE_GO,
    should_stop: Callable[[], bool] = lambda: False,
) -> DispatchReport:
    """Send the e-mails to staff that are due, until none is, `most` are done or it should stop.

    A channel that is out of order as a whole ends the round; what is left waits for the next one.
    """
    states: Counter[str] = Counter()
    try:
        while states.total() < most and not should_stop():
            with office.database.writing() as session:
                claim = claim_next_mail(session, claim_token=secrets.token_hex(16), now=clock())
            if claim is None:
                break
            if isinstance(claim, Settled):
                states[claim.state] += 1
                continue
            attempt = _attempt(office, claim, clock=clock)
            states[_record(office, claim, attempt, clock=clock)] += 1
            if attempt.refusal is not None and attempt.refusal.scope == "channel":
                break
    finally:
        if states:
            rest_channels(office)
    return DispatchReport(dict(states))


def _attempt(office: PostOffice, claimed: ClaimedMail, *, clock: Clock) -> Attempt:
    """Find the address, write the text, hand it over; every fault becomes an outcome of this e-mail."""
    channel = office.channels.get(EMAIL)
    if channel is None:
        return Attempt(Outcome("undeliverable", "no_channel"))
    try:
        destinations = find_addresses(office.vault, claimed.contact_ref, EMAIL)
        if not destinations:
            return Attempt(Outcome("undeliverable", "no_address"))
        destination = destinations[0]
        queue = find_queue(EMAIL, destination.address, secret_key=office.secret_key)
        if (until := _find_rest(office, queue, now=clock())) is not None:
            return Attempt(Outcome("deferred", "queue_rests", until=until))
        message = _write(office, claimed, destination, now=clock())
    except Exception:
        logger.exception("staff message %s could not be written", claimed.message_id)
        return Attempt(Outcome("retryable", "not_written"))
    if clock() >= claimed.lease_until:
        return Attempt(Outcome("deferred", "claim_ran_out", until=clock()))
    return replace(send_once(channel, message), queue=queue)


def _find_rest(office: PostOffice, queue: str | None, *, now: datetime) -> datetime | None:
    if queue is None:
        return None
    with office.database.reading() as session:
        return find_queue_state(session, queue).find_rest(now=now)


def _write(
    office: PostOffice, claimed: ClaimedMail, destination: Destination, *, now: datetime
) -> OutgoingMessage:
    written = _write_text(office, claimed)
    return OutgoingMessage(
        address=destination.address,
        sender_label=written.sender_label,
        subject=written.subject,
        text=written.text,
        short_text=written.subject,
        language=claimed.language,
        message_id=message_id(office, f"staff:{claimed.message_key}"),
        reply_token=NOBODY,
        at=now,
        expires_at=claimed.expires_at,
        offers_stop=False,
    )


def _write_text(office: PostOffice, claimed: ClaimedMail) -> WrittenMail:
    if claimed.kind == "invitation":
        code = make_invitation_code(office.secret_key, claimed.seed)
        return write_invitation(code, public_url=office.public_url, language=claimed.language)
    return write_digest(claimed.counts, public_url=office.public_url, language=claimed.language)


def _record(office: PostOffice, claimed: ClaimedMail, attempt: Attempt, *, clock: Clock) -> str:
    """Record the outcome, count the attempt in its queue, and give the new state."""
    with office.database.writing() as session:
        now = clock()
        state = record_mail_outcome(session, claimed, attempt.outcome, now=now)
        if attempt.queue is not None and attempt.tells_of_queue:
            note_attempt(
                session,
                attempt.queue,
                refused=attempt.refusal is not None,
                asked_for=attempt.asked_for,
                pace=find_pace(EMAIL, office.pace),
                now=now,
            )
    if attempt.outcome.kind not in {"sent", "deferred"}:
        logger.warning(
            "staff message %s: %s (%s)", claimed.message_id, attempt.outcome.reason, state or "claim lost"
        )
    return state or "claim_lost"
