"""What an entry of the audit trail changed, as far as a page may say it: never an answer, never a contact.

Only what is listed here is ever given on. An answer, a contact, a receipt and what somebody wrote about a
person are in none of the lists, so that a new kind of entry shows less than it could, and never more.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pro_app.protocol.protocol import Protocol

PLAIN_FIELDS = frozenset(
    {
        "again_on",
        "asked_by",
        "asked_on",
        "channels",
        "consented_on",
        "contrast",
        "evidence",
        "expires_at",
        "follow_up",
        "kind",
        "language",
        "listens",
        "loan",
        "mode",
        "moves_on",
        "notice_version",
        "occurred_on",
        "outcome",
        "participant_code",
        "protocol_version",
        "refused",
        "remind_on",
        "reminder_hour",
        "reopened_until",
        "site",
        "source_on",
        "text_size",
        "voided_cards",
        "waiting",
        "wants_second",
        "zone",
    }
)
"""Fields whose values before and after are said as they stand."""
GIVEN_FIELDS = frozenset({"email", "telephone", "browser"})
"""Contacts: the entry says that there is one now, or none any more, and never which."""
NAMED_FIELDS = frozenset({"channel", "device", "message"})
"""Fields that carry the name of what they are about: `channel:sms`."""
_MOVED_FIELDS = {"visit": "visit_code", "participant": "participant_code"}
"""What a form was put under another of: where it belongs now, and where it did."""
FEW_VISITS = 3
"""So many visits whose period moved are named one by one; more are counted."""
_OF_ITEM = re.compile(r"[^:]+:\d+")


@dataclass(frozen=True, slots=True)
class TrailChange:
    """One fact that changed: `label` is what the protocol calls it, where it is the protocol's.

    `before` and `after` are texts as they are stored (civil dates and moments in ISO 8601, a period as two
    dates with a stroke between them); None where there was, or is, nothing.
    """

    field: str
    label: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The words of one protocol version in one language."""

    protocol: Protocol
    language: str

    def find_event(self, code: str) -> str | None:
        """Find the words of a kind of event."""
        known = code in self.protocol.event_kinds_by_code
        return self.protocol.event_label(code, self.language) if known else None

    def say_visit(self, code: str) -> str:
        """Name a visit, by its code where this version does not know it."""
        return self.protocol.visit_label(code, self.language)

    def say_reason(self, code: str) -> str:
        """Name a reason for which a form is missing."""
        return self.protocol.reason_label(code, self.language)

    def say_person(self, code: str) -> str:
        """Name who said something."""
        said = {person.code: person.label.text(self.language) for person in self.protocol.said_by}
        return said.get(code, code)

    def say_respondent(self, code: str) -> str:
        """Name who answered."""
        said = {each.code: each.label.text(self.language) for each in self.protocol.respondents}
        return said.get(code, code)

    def say_arm(self, code: str) -> str:
        """Name an arm."""
        arm = self.protocol.arms_by_code.get(code)
        return arm.label.text(self.language) if arm else code


_CODED_FIELDS = {
    "reason": Dictionary.say_reason,
    "respondent": Dictionary.say_respondent,
    "said_by": Dictionary.say_person,
}


def find_visit_code(items: Iterable[Mapping[str, Any]]) -> str | None:
    """Find the visit that an entry about a participant names."""
    return next((str(item["after"]) for item in items if item.get("field") == "visit_code"), None)


def count_answers(items: Iterable[Mapping[str, Any]], instruments: frozenset[str]) -> int:
    """Count the items of questionnaires that an entry is about."""
    fields = (str(item.get("field")) for item in items)
    return len({f for f in fields if _OF_ITEM.fullmatch(f) and f.partition(":")[0] in instruments})


def list_changes(items: Iterable[Mapping[str, Any]], words: Dictionary) -> tuple[TrailChange, ...]:
    """List what an entry changed, in the order of its items."""
    known: list[TrailChange] = []
    visits: list[TrailChange] = []
    for item in items:
        field, _, name = str(item.get("field")).partition(":")
        if field == "visit" and name:
            visits.append(_read_visit(name, item, words))
        else:
            known += _read_item(field, name, item=item, words=words)
    if len(visits) > FEW_VISITS:
        return (*known, TrailChange("visits", after=str(len(visits))))
    return (*known, *visits)


def _read_item(field: str, name: str, *, item: Mapping[str, Any], words: Dictionary) -> Iterator[TrailChange]:
    before, after = item.get("before"), item.get("after")
    event = words.find_event(field) if not name else None
    if event is not None and (isinstance(before, dict) or isinstance(after, dict)):
        yield from _read_event(event, before or {}, after or {}, words=words)
    elif field in GIVEN_FIELDS and "given" in item:
        yield TrailChange(field, after="given" if item["given"] else None)
    elif field in NAMED_FIELDS and name:
        yield TrailChange(field, name, _write(before), _write(after))
    elif field == "task" and isinstance(after, str):
        yield _read_task(after, words)
    elif field in _CODED_FIELDS:
        say = partial(_CODED_FIELDS[field], words)
        yield TrailChange(field, before=_say(say, before), after=_say(say, after))
    elif field in _MOVED_FIELDS:
        name_it = words.say_visit if field == "visit" else _keep
        yield TrailChange(_MOVED_FIELDS[field], before=_say(name_it, before), after=_say(name_it, after))
    elif field in PLAIN_FIELDS and not name:
        yield TrailChange(field, before=_write(before), after=_write(after))


def _read_event(
    label: str, before: Mapping[str, str], after: Mapping[str, str], *, words: Dictionary
) -> Iterator[TrailChange]:
    yield TrailChange("event", label, before.get("occurred_on"), after.get("occurred_on"))
    if before.get("until") != after.get("until"):
        yield TrailChange("until", before=before.get("until"), after=after.get("until"))
    if before.get("arm") != after.get("arm"):
        arms = [_say(words.say_arm, said.get("arm")) for said in (before, after)]
        yield TrailChange("arm", before=arms[0], after=arms[1])
    of = after.get("of") or before.get("of")
    if of:
        yield TrailChange("of", after=words.find_event(of) or of)


def _read_visit(code: str, item: Mapping[str, Any], words: Dictionary) -> TrailChange:
    """Say what became of the period of a visit; one that is no longer asked for has none."""
    periods = []
    for said in (item.get("before"), item.get("after")):
        is_asked = isinstance(said, dict) and bool(said.get("expected"))
        periods.append(f"{said['opens_on']}/{said['closes_on'] or ''}" if is_asked and said else None)
    return TrailChange("visit", words.say_visit(code), *periods)


def _read_task(task_key: str, words: Dictionary) -> TrailChange:
    """Say which kind of task it was, and about which visit, where it was about one."""
    kind, _, rest = task_key.partition(":")
    about = rest.split(":")
    visit = about[1] if len(about) > 1 else ""
    known = bool(visit) and words.protocol.find_visit(visit) is not None
    return TrailChange("task", words.say_visit(visit) if known else "", after=kind)


def _say(say: Callable[[str], str], code: object) -> str | None:
    return say(code) if isinstance(code, str) and code else None


def _keep(code: str) -> str:
    return code


def _write(value: object) -> str | None:
    """Give a stored value as text; None for what is no single value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (str, int)) else None
