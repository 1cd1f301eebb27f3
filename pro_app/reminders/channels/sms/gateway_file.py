"""The file that describes an HTTP gateway for SMS: what is sent to it, and what its answers mean.

A description is YAML with these keys; docs/operations.md shows one in full.

`url`, `method`, `headers`, and either `json` (any shape) or `form` (names and texts): the request. In every
text of them `{to}` (+33612345678), `{digits}` (33612345678), `{text}`, `{sender}`, `{reference}`, `{key}` are
filled in, and for how long the text stays valid `{valid_minutes}`, `{valid_seconds}` or `{valid_until}`.
`success`, and the lists `undeliverable` and `retryable`: answers, by `status` (numbers), `where` (values by
their place in the JSON answer, `messages.0.status`) and `matches` (a regular expression over a plain answer).
`id`: where the gateway's own name for the message stands, or the group `id` of `matches`.
`report`: how its later reports are read (`ref`, `event`, `events`: its words for ours).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import DefinitionRejected, Problem
from pro_app.language import mark
from pro_app.reminders.channels.sms.provider import EVENTS, ReportEvent

KEYS = frozenset(
    {"url", "method", "headers", "json", "form", "success", "undeliverable", "retryable", "id", "report"}
)
METHODS = ("POST", "PUT", "GET")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NOT_TEXT = mark("This must be text.")
_NOT_HERE = mark("This key is not known here.")


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """One kind of answer; what is empty matches any."""

    statuses: frozenset[int] = frozenset()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    matches: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class ReportPlaces:
    """Where a later report says which message it is about and what became of it."""

    ref: str
    event: str
    events: Mapping[str, ReportEvent]


@dataclass(frozen=True, slots=True)
class GatewayDescription:
    """A gateway as its file describes it; `body` is JSON data or, with `is_form`, names and texts."""

    url: str
    method: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    is_form: bool
    success: AnswerRule
    undeliverable: tuple[AnswerRule, ...]
    retryable: tuple[AnswerRule, ...]
    id_place: str | None
    report: ReportPlaces | None


def read_gateway_file(path: Path) -> GatewayDescription:
    """Read the description at `path`; raises DefinitionRejected with everything that is wrong with it."""
    try:
        definition = read_definition(path)
    except OSError as error:
        raise DefinitionRejected(str(path), (Problem(mark("The file cannot be read.")),)) from error
    reader = _Reader(definition)
    described = reader.read()
    if reader.problems:
        raise DefinitionRejected(definition.source, tuple(reader.problems))
    return described


class _Reader:
    """Reads one file and collects its problems."""

    def __init__(self, definition: DefinitionFile) -> None:
        self.definition = definition
        self.data = definition.data
        self.problems: list[Problem] = []

    def refuse(self, message: str, path: NodePath) -> None:
        self.problems.append(self.definition.problem(message, path))

    def read(self) -> GatewayDescription:
        for key in sorted(self.data.keys() - KEYS):
            self.refuse(_NOT_HERE, (key,))
        if "json" in self.data and "form" in self.data:
            self.refuse(mark("Only one of json and form can be sent."), ("form",))
        method = self.data.get("method", METHODS[0])
        if method not in METHODS:
            self.refuse(mark("This must be POST, PUT or GET."), ("method",))
        return GatewayDescription(
            url=self.url(),
            method=str(method),
            headers=self.texts("headers"),
            body=self.texts("form") if "form" in self.data else self.data.get("json"),
            is_form="form" in self.data,
            success=self.rule(self.data.get("success", {}), ("success",)),
            undeliverable=self.rules("undeliverable"),
            retryable=self.rules("retryable"),
            id_place=self.optional_text("id"),
            report=self.report(),
        )

    def url(self) -> str:
        written = self.data.get("url")
        if not isinstance(written, str):
            self.refuse(_NOT_TEXT, ("url",))
            return ""
        try:
            parts = urlsplit(written)
            is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
            is_usable = is_safe and bool(parts.hostname) and "{" not in parts.netloc and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            self.refuse(mark("This must be an address that begins with https://."), ("url",))
        return written

    def texts(self, key: str) -> dict[str, str]:
        """Read names and texts; numbers are taken as they are written."""
        found = self.data.get(key, {})
        if not isinstance(found, dict):
            self.refuse(mark("This must hold names and their texts."), (key,))
            return {}
        for name, value in found.items():
            if isinstance(value, dict | list) or value is None:
                self.refuse(_NOT_TEXT, (key, name))
        return {name: str(value) for name, value in found.items()}

    def optional_text(self, key: str) -> str | None:
        found = self.data.get(key)
        if found is not None and not isinstance(found, str):
            self.refuse(_NOT_TEXT, (key,))
            return None
        return found

    def rules(self, key: str) -> tuple[AnswerRule, ...]:
        found = self.data.get(key, [])
        if not isinstance(found, list):
            self.refuse(mark("This must be a list of answers."), (key,))
            return ()
        rules = tuple(self.rule(each, (key, index)) for index, each in enumerate(found))
        for index, rule in enumerate(rules):
            if rule == AnswerRule():
                self.refuse(mark("This would mean every answer: say which one."), (key, index))
        return rules

    def rule(self, found: Any, path: NodePath) -> AnswerRule:  # noqa: ANN401 -- whatever the file holds there
        if not isinstance(found, dict):
            self.refuse(mark("This must say status, where or matches."), path)
            return AnswerRule()
        for key in sorted(found.keys() - {"status", "where", "matches"}):
            self.refuse(_NOT_HERE, (*path, key))
        return AnswerRule(
            self.statuses(found.get("status", []), (*path, "status")),
            self.where(found.get("where", {}), (*path, "where")),
            self.pattern(found.get("matches"), (*path, "matches")),
        )

    def statuses(self, found: Any, path: NodePath) -> frozenset[int]:  # noqa: ANN401 -- as above
        listed = found if isinstance(found, list) else [found]
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in listed):
            self.refuse(mark("This must be status numbers such as 200."), path)
            return frozenset()
        return frozenset(listed)

    def where(self, found: Any, path: NodePath) -> dict[str, frozenset[str]]:  # noqa: ANN401 -- as above
        if not isinstance(found, dict):
            self.refuse(mark("This must hold places of the answer and their values."), path)
            return {}
        return {
            place: frozenset(written(each) for each in (value if isinstance(value, list) else [value]))
            for place, value in found.items()
        }

    def pattern(self, found: Any, path: NodePath) -> re.Pattern[str] | None:  # noqa: ANN401 -- as above
        try:
            return re.compile(found) if found is not None else None
        except (re.error, TypeError):
            self.refuse(mark("This is not a regular expression."), path)
            return None

    def report(self) -> ReportPlaces | None:
        found = self.data.get("report")
        if found is None:
            return None
        events = found.get("events") if isinstance(found, dict) else None
        texts = [found.get(key) for key in ("ref", "event")] if isinstance(found, dict) else []
        if not isinstance(events, dict) or not all(isinstance(text, str) for text in texts):
            self.refuse(mark("This must say ref, event and events."), ("report",))
            return None
        for word, event in events.items():
            if event not in EVENTS:
                self.refuse(
                    mark("This must be delivered, delayed, bounced, complained or unsubscribed."),
                    ("report", "events", word),
                )
        return ReportPlaces(found["ref"], found["event"], cast("Mapping[str, ReportEvent]", events))


def written(value: object) -> str:
    """Write a value of an answer as its rule names it: `true`, `0`, `accepted`; nothing for null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
