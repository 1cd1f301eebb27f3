"""SMS by Brevo, a French provider, through its transactional SMS API.

Sources: https://developers.brevo.com/docs/transactional-sms-endpoints (request, 201 and 400),
https://developers.brevo.com/docs/how-it-works (`code` and `message` of an error),
https://developers.brevo.com/docs/limit-headers (429 and `x-sib-ratelimit-reset`, in seconds) and
https://developers.brevo.com/docs/transactional-webhooks (reports: `messageId`, `msg_status`).
The documentation names no way to send a request twice without sending the SMS twice, and no code of its own
for a number that cannot be reached: numbers are checked before, and what is refused as a parameter counts as
the number's fault only if the message says so. Nor does it name a parameter for how long a text stays valid.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pro_app.reminders.channels.sms.provider import (
    ReportEvent,
    SmsReport,
    Validity,
    call_provider,
    is_ok,
    make_refusal,
)
from pro_app.reminders.channels.sms.text import is_gsm
from pro_app.reminders.http_call import Caller, HttpReply, HttpRequest
from pro_app.reminders.outgoing import Undeliverable

ADDRESS = "https://api.brevo.com/v3/transactionalSMS/send"
ABOUT_THE_NUMBER = re.compile(r"recipient|phone|mobile", re.IGNORECASE)
BAD_REQUEST = 400
CODES = frozenset({"invalid_parameter", "missing_parameter", "not_enough_credits", "unauthorized"})
"""Error codes that may stand in a reason; anything else is reduced to the status."""
ABOUT_THE_ACCOUNT = frozenset({"not_enough_credits", "unauthorized"})

EVENTS: Mapping[str, ReportEvent] = {
    "delivered": "delivered",
    "soft_bounce": "delayed",
    "hard_bounce": "bounced",
    "rejected": "bounced",
    "unsubscribe": "unsubscribed",
}
"""States of a message that mean something to us.

The first three are written in the page on webhooks, the last two in the list of events of the same API.
"""
ORDINARY = ("sent", "accepted", "replied", "reply")
"""States on the way of every message, and answers, which nobody reads."""


@dataclass(frozen=True)
class BrevoSms:
    """An account at Brevo. `sender` has at most 11 letters or digits, or 15 digits."""

    sender: str
    api_key: str = field(repr=False)
    address: str = ADDRESS
    caller: Caller = field(default_factory=Caller)

    def send(
        self,
        number: str,
        text: str,
        reference: str,
        *,
        validity: Validity,  # noqa: ARG002 -- the documentation names no parameter for it
    ) -> str | None:
        """Send one message; gives Brevo's `messageId`."""
        reply = call_provider(self.caller, self._make_request(number, text, reference))
        said = _read(reply)
        if is_ok(reply):
            known = said.get("messageId")
            return str(known) if known else None
        code = str(said.get("code", ""))
        about_number = ABOUT_THE_NUMBER.search(str(said.get("message", "")))
        if reply.status == BAD_REQUEST and code == "invalid_parameter" and about_number:
            raise Undeliverable("sms_number_refused")
        raise make_refusal(
            _with_wait(reply), code=code if code in CODES else None, is_ours=code in ABOUT_THE_ACCOUNT
        )

    def _make_request(self, number: str, text: str, reference: str) -> HttpRequest:
        content = {
            "sender": self.sender,
            "recipient": number.removeprefix("+"),
            "content": text,
            "type": "transactional",
            "tag": reference,
            "unicodeEnabled": not is_gsm(text),
        }
        return HttpRequest(
            "POST",
            self.address,
            {"api-key": self.api_key, "accept": "application/json", "content-type": "application/json"},
            json.dumps(content).encode(),
        )


def is_ordinary(payload: Mapping[str, Any]) -> bool:
    """Tell whether one call of Brevo's webhook is about a state that asks for nothing."""
    return payload.get("msg_status") in ORDINARY


def read_report(payload: Mapping[str, Any]) -> SmsReport | None:
    """Read one call of Brevo's webhook; None for a state that says nothing new, or about no message."""
    event = EVENTS.get(str(payload.get("msg_status", "")))
    known = payload.get("messageId")
    if event is None or isinstance(known, bool) or not isinstance(known, int | str) or not known:
        return None
    return SmsReport(str(known), event, f"sms_{payload['msg_status']}")


def _read(reply: HttpReply) -> Mapping[str, Any]:
    """Read a JSON object; an answer that is none says nothing."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _with_wait(reply: HttpReply) -> HttpReply:
    """Take Brevo's own header for how long to wait where it sends no Retry-After."""
    reset = reply.headers.get("x-sib-ratelimit-reset")
    if reset is None or reply.retry_after_s is not None:
        return reply
    return replace(reply, headers={**reply.headers, "retry-after": reset})
