"""SMS through any HTTP gateway, as a file of the installation describes it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from urllib.parse import quote, urlencode

from pro_app.reminders.channels.sms.gateway_file import AnswerRule, GatewayDescription, ReportPlaces, written
from pro_app.reminders.channels.sms.provider import SmsReport, Validity, call_provider, is_ok, make_refusal
from pro_app.reminders.http_call import Caller, HttpReply, HttpRequest
from pro_app.reminders.outgoing import Retryable, Undeliverable

PLACE = re.compile(r"\{(to|digits|text|sender|reference|key|valid_minutes|valid_seconds|valid_until)\}")
NUMBERS = frozenset({"{valid_minutes}", "{valid_seconds}"})
"""Texts of JSON that become a number where they are nothing but this place, as gateways ask for one."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class HttpGateway:
    """A gateway, the sender that it shows, and the secret that it knows us by."""

    gateway: GatewayDescription
    sender: str
    key: str = field(repr=False)
    caller: Caller = field(default_factory=Caller)

    def send(self, number: str, text: str, reference: str, *, validity: Validity) -> str | None:
        """Send one message; an answer that the file does not explain leaves open whether it was accepted."""
        values = {
            "to": number,
            "digits": number.removeprefix("+"),
            "text": text,
            "sender": self.sender,
            "reference": reference,
            "key": self.key,
            "valid_minutes": str(validity.minutes),
            "valid_seconds": str(validity.seconds),
            "valid_until": validity.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        answer = _Answer.of(call_provider(self.caller, self._make_request(values)))
        gateway, reply = self.gateway, answer.reply
        if any(answer.fits(rule) for rule in gateway.undeliverable):
            raise Undeliverable("sms_number_refused")
        if any(answer.fits(rule) for rule in gateway.retryable):
            raise make_refusal(reply, is_explained=True)
        if answer.fits(gateway.success) and (gateway.success.statuses or is_ok(reply)):
            return self._find_name(answer)
        if is_ok(reply):
            raise Retryable("sms_answer_not_understood", maybe_accepted=True)
        raise make_refusal(reply)

    def _make_request(self, values: Mapping[str, str]) -> HttpRequest:
        """Fill the description; every value is written the way its place needs it."""
        gateway = self.gateway
        headers = {name: _fill(value, values) for name, value in gateway.headers.items()}
        body, kind = b"", None
        if gateway.is_form:
            fields = {name: _fill(value, values) for name, value in gateway.body.items()}
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        elif gateway.body is not None:
            body, kind = json.dumps(_fill_all(gateway.body, values)).encode(), "application/json"
        if kind is not None:
            headers = {"Content-Type": kind} | headers
        url = _fill(gateway.url, values, write=lambda value: quote(value, safe=""))
        return HttpRequest(gateway.method, url, headers, body)

    def _find_name(self, answer: "_Answer") -> str | None:
        """Find the gateway's own name for the message."""
        if self.gateway.id_place is not None:
            return written(_find(answer.said, self.gateway.id_place))[:LONGEST_NAME] or None
        pattern = self.gateway.success.matches
        found = pattern.search(answer.text) if pattern is not None else None
        if found is None or "id" not in found.groupdict():
            return None
        return (found["id"] or "")[:LONGEST_NAME] or None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the gateway answered, as text and, where it is any, as JSON data."""

    reply: HttpReply
    text: str
    said: object

    @staticmethod
    def of(reply: HttpReply) -> "_Answer":
        text = reply.body.decode("utf-8", "replace")
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        return _Answer(reply, text, said)

    def fits(self, rule: AnswerRule) -> bool:
        """Tell whether this is an answer of a kind."""
        if rule.statuses and self.reply.status not in rule.statuses:
            return False
        if rule.matches is not None and rule.matches.search(self.text) is None:
            return False
        return all(written(_find(self.said, place)) in values for place, values in rule.where.items())


def read_report(places: ReportPlaces | None, payload: Mapping[str, Any]) -> SmsReport | None:
    """Read one report of the gateway; None for a word that the description does not name."""
    if places is None:
        return None
    event = places.events.get(written(_find(payload, places.event)))
    ref = written(_find(payload, places.ref))[:LONGEST_NAME]
    return SmsReport(ref, event, f"sms_{event}") if event is not None and ref else None


def is_ordinary(places: ReportPlaces | None, payload: Mapping[str, Any]) -> bool:
    """Tell whether this is a report about a message whose word the description leaves out on purpose."""
    if places is None or read_report(places, payload) is not None:
        return False
    return bool(written(_find(payload, places.event)) and written(_find(payload, places.ref)))


def _fill(template: str, values: Mapping[str, str], *, write: Callable[[str], str] = str) -> str:
    """Fill the places of one text, in one go, so that nothing in a value is taken for a place."""
    return PLACE.sub(lambda place: write(values[place[1]]), template)


def _fill_all(template: object, values: Mapping[str, str]) -> object:
    """Fill every text of a JSON shape."""
    if isinstance(template, dict):
        return {name: _fill_all(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_fill_all(value, values) for value in template]
    if not isinstance(template, str):
        return template
    filled = _fill(template, values)
    return int(filled) if template in NUMBERS else filled


def _find(said: object, place: str) -> object:
    """Follow a place such as `messages.0.id` into an answer; None where there is nothing."""
    for step in place.split("."):
        if isinstance(said, dict):
            said = said.get(step)
        elif isinstance(said, list) and step.isascii() and step.isdigit() and int(step) < len(said):
            said = said[int(step)]
        else:
            return None
    return said
