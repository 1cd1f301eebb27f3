"""The audit trail in sentences: when, who, what, from what to what, why."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from flask_babel import gettext, lazy_gettext, ngettext

from pro_app.services.participant_trail import TrailEntry
from pro_app.services.trail_changes import TrailChange
from pro_app.web.clinic.task_words import kind_words, outcome_words
from pro_app.web.clinic.trail_actions import action_words, kind_of
from pro_app.web.clinic.trail_fields import CONTACTS, FIELDS, REPORTS, say_day, say_period
from pro_app.web.clinic.words import known_word, moment
from pro_app.web.message_words import CHANNELS, MESSAGE_STATES

ROLES_OF_SITE = {
    "nurse": lazy_gettext("nurse of site %(site)s"),
    "investigator": lazy_gettext("investigator of site %(site)s"),
}
ROLES = {
    "administrator": lazy_gettext("administrator"),
    "coordinator": lazy_gettext("coordinator of the study"),
    "monitor": lazy_gettext("monitor"),
    "inspector": lazy_gettext("inspector"),
    "statistician": lazy_gettext("statistician"),
}


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line of the trail: `what` is the sentence without who and why; `at` is the moment in UTC.

    `times`: how many savings of one form are told as this one.
    """

    entry_id: int
    at: datetime
    when: str
    who: str
    action: str
    kind: str
    what: str
    reason: str
    answers: int = 0
    visit: str = ""
    times: int = 1

    @property
    def sentence(self) -> str:
        """Who did what, and why where that is said."""
        said = gettext("%(who)s: %(done)s", who=self.who, done=self.what)
        return str(
            gettext("%(done)s; reason: %(reason)s", done=said, reason=self.reason) if self.reason else said
        )


def make_line(entry: TrailEntry, zone: str) -> TrailLine:
    """Put one entry into words."""
    return TrailLine(
        entry_id=entry.entry_id,
        at=entry.at,
        when=moment(entry.at, zone),
        who=who_words(entry),
        action=entry.action,
        kind=kind_of(entry.action),
        what=what_words(entry),
        reason=reason_words(entry),
        answers=entry.answers,
        visit=entry.visit,
    )


def who_words(entry: TrailEntry) -> str:
    """Say who acted: a name with the role, and the site where it is one of a site."""
    if entry.actor_kind == "participant":
        return str(gettext("the patient"))
    if entry.actor_kind == "other_participant":
        return str(gettext("another patient"))
    if entry.actor_kind == "system":
        return str(gettext("the application"))
    if entry.role in ROLES_OF_SITE and entry.site_code:
        role = str(ROLES_OF_SITE[entry.role]) % {"site": entry.site_code}
    else:
        role = known_word(ROLES, entry.role)
    return f"{role} ({entry.by})" if entry.by else role


def what_words(entry: TrailEntry) -> str:
    """Say what was done, about which form, and what changed."""
    head = action_words(entry.action)
    head = f"{head}, {entry.visit}" if entry.visit else head
    details = [words for words in _list_details(entry) if words]
    if not details:
        return head
    return str(gettext("%(done)s: %(details)s", done=head, details=_join(details)))


def _join(details: Sequence[str]) -> str:
    return reduce(lambda one, other: str(gettext("%(one)s; %(other)s", one=one, other=other)), details)


def reason_words(entry: TrailEntry) -> str:
    """Say why, where the entry does and it may be told."""
    if entry.action == "message.report":
        return known_word(REPORTS, entry.reason) if entry.reason else ""
    return entry.reason or ""


def _list_details(entry: TrailEntry) -> Iterator[str]:
    if entry.is_redacted:
        yield str(gettext("the details were taken out"))
    if entry.answers:
        yield count_words(entry.answers)
    task = next((c.after for c in entry.changes if c.field == "task"), None)
    for change in entry.changes:
        if not (change.field == "site" and not change.before and not change.after):
            yield _say_change(change, task=task)


def count_words(answers: int) -> str:
    """Count the questions that an entry is about."""
    return str(ngettext("%(num)s question", "%(num)s questions", answers))


def saved_words(first: TrailLine, times: int) -> str:
    """Tell several savings of one form as one, since when."""
    head = f"{action_words(first.action)}, {first.visit}" if first.visit else action_words(first.action)
    said = gettext("%(times)s times since %(moment)s", times=times, moment=first.when)
    return str(gettext("%(done)s: %(details)s", done=head, details=said))


def _say_change(change: TrailChange, *, task: str | None) -> str:
    """Say one fact that changed; nothing for one that has no words."""
    if change.field in {"task", "outcome"}:
        return _say_task(change, task)
    if change.field in _SAID_APART:
        return _SAID_APART[change.field](change)
    if change.field not in FIELDS:
        return ""
    label, say = FIELDS[change.field]
    # A label is the beginning of a sentence in some languages ("valid until"): a colon goes with each.
    return _say_both(str(label), change, say, joined=gettext("%(fact)s: %(value)s"))


def _say_contact(change: TrailChange) -> str:
    contact = CONTACTS[change.field]
    if change.after:
        return str(gettext("added: %(contact)s", contact=contact))
    return str(gettext("taken off: %(contact)s", contact=contact))


def _say_event(change: TrailChange) -> str:
    return _say_both(change.label, change, say_day)


def _say_visit(change: TrailChange) -> str:
    if change.after is None:
        return str(gettext("“%(visit)s” no longer asked for", visit=change.label))
    return _say_both(change.label, change, say_period)


def _say_task(change: TrailChange, task: str | None) -> str:
    if change.field == "task":
        kind = kind_words(change.after or "")
        return f"{kind} · {change.label}" if change.label else kind
    said = [outcome_words(task or "", code) for code in (change.before, change.after) if code]
    return " → ".join(said)


def _say_device(change: TrailChange) -> str:
    return str(gettext("device number %(number)s", number=change.label))


def _say_message(change: TrailChange) -> str:
    return known_word(MESSAGE_STATES, change.after) if change.after else ""


def _say_channel(change: TrailChange) -> str:
    way = known_word(CHANNELS, change.label)
    if change.after is None:
        return str(gettext("%(channel)s goes out again", channel=way))
    return str(
        gettext("%(channel)s rests: %(reason)s", channel=way, reason=known_word(REPORTS, change.after))
    )


def _say_both(
    label: str, change: TrailChange, say: Callable[[str], str], *, joined: str = "%(fact)s, %(value)s"
) -> str:
    if change.before is not None and change.after is not None:
        return joined % {"fact": label, "value": f"{say(change.before)} → {say(change.after)}"}
    if change.after is not None:
        return joined % {"fact": label, "value": say(change.after)}
    if change.before is not None:
        return str(gettext("taken off: %(fact)s (%(before)s)", fact=label, before=say(change.before)))
    return ""


_SAID_APART: dict[str, Callable[[TrailChange], str]] = {
    **dict.fromkeys(CONTACTS, _say_contact),
    "channel": _say_channel,
    "device": _say_device,
    "event": _say_event,
    "message": _say_message,
    "visit": _say_visit,
}
