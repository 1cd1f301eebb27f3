"""Reading what a provider's program reports over HTTP: checked, and freed of all that is not a code."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from pro_app.errors import InputRejected, Problem
from pro_app.reminders.channels.sms import is_ordinary_sms_report, read_sms_report
from pro_app.reminders.incoming.parse import blames_address, find_status
from pro_app.services.channel_reports import Report, ReportKind
from pro_app.settings import Settings

EVENTS: Mapping[str, ReportKind] = {
    "delivered": "delivered",
    "delayed": "delayed",
    "deferred": "delayed",
    "bounced": "bounced",
    "hard_bounce": "bounced",
    "soft_bounce": "bounced",
    "invalid_email": "bounced",
    "complained": "complained",
    "spam": "complained",
    "unsubscribed": "unsubscribed",
}
PASSING = frozenset({"soft_bounce"})
"""Bounces of which the provider says itself that the address may work another time."""
ORDINARY = (
    *("sent", "accepted", "queued", "processed", "request", "requests"),
    *("opened", "unique_opened", "proxy_open", "unique_proxy_open", "click", "clicks"),
)
"""States that every message passes through, or that nobody asks about here."""
NAMES: Mapping[str, str | None] = {"message_id": "email", "message-id": "email", "provider_ref": None}
"""Where a message is named, and the channel whose messages are named so."""
LONGEST_NAME = 200
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,60}")


def parse_hook_report(payload: object, settings: Settings) -> Report | None:
    """Read a report: `{"message_id" or "provider_ref": …, "event": …, "reason": …}`.

    The form of the SMS provider is read too. None for a state that every message passes through and that asks
    for nothing. Raises InputRejected naming every field that cannot be used.
    """
    if not isinstance(payload, dict):
        raise InputRejected((Problem("it must be a JSON object", place="body"),))
    told = read_sms_report(settings, payload)
    if told is not None:
        payload = {"provider_ref": told.provider_ref, "event": told.event, "reason": told.reason}
    elif payload.get("event") in ORDINARY or is_ordinary_sms_report(settings, payload):
        return None
    (name, channel), event = _find_name(payload), payload.get("event")
    problems = []
    if name is None:
        problems.append(Problem("message_id or provider_ref must name a message", place="message_id"))
    if not isinstance(event, str) or event not in EVENTS:
        problems.append(Problem(f"it must be one of {', '.join(EVENTS)}", place="event"))
    if problems or name is None or not isinstance(event, str):
        raise InputRejected(tuple(problems))
    reason, kind = _find_code(payload.get("reason")), EVENTS[event]
    said = json.dumps([name, event, reason]).encode()
    return Report(
        report_key=f"hook:{hashlib.sha256(said).hexdigest()}",
        kind=kind,
        channel="sms" if told is not None else channel,
        provider_ref=name,
        reason=reason,
        blames_address=kind == "bounced" and event not in PASSING and blames_address(find_status(reason)),
    )


def _find_name(payload: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Find the name of the message and the channel that such names are of, where that is certain.

    A Message-ID loses its brackets, as it is kept. A name holds only what can be printed, which no database
    refuses.
    """
    for field, channel in NAMES.items():
        value = payload.get(field)
        if isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= LONGEST_NAME:
            return value.strip().removeprefix("<").removesuffix(">"), channel
    return None, None


def _find_code(reason: object) -> str | None:
    """Keep a status code or a word, nothing that could quote an address."""
    if not isinstance(reason, str):
        return None
    return find_status(reason) or (reason if CODE.fullmatch(reason) else None)
