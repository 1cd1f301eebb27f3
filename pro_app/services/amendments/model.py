"""What an amendment would do, as frozen values: for each participant, each site, and altogether."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pro_app.errors import Problem
from pro_app.protocol.amendment_check import Objection
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.versions import BEFORE_AMENDMENT
from pro_app.services.planning import PlanOutcome

FINISHED = "finished"
"""Why an amendment leaves somebody alone whose last window is over; other reasons are kinds of event."""

KINDS = ("moved", "added", "cancelled", "renewed", "past", "unscheduled", "readmitted", "kept")
"""What becomes of a visit. `renewed`: the same days under other questionnaires, reminders or words;
`past`: asked for by the new version only and over already, so that nobody expects it."""

_KIND_OF_ACTION = {
    "add": "added",
    "cancel": "cancelled",
    "move": "moved",
    "keep": "kept",
    "unschedule": "unscheduled",
    "readmit": "readmitted",
}


@dataclass(frozen=True, slots=True)
class AmendmentScope:
    """A version and the sites that it is to be applied to, None for all of the study."""

    study_id: int
    protocol_sha256: str
    site_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """How many messages are withdrawn, how many are planned, and how many of these go within a day."""

    withdrawn: int = 0
    added: int = 0
    soon: int = 0

    def __add__(self, other: "MessageCounts") -> "MessageCounts":
        """Count together."""
        return MessageCounts(
            self.withdrawn + other.withdrawn, self.added + other.added, self.soon + other.soon
        )


@dataclass(frozen=True, slots=True)
class PersonAmendment:
    """What the new version does to one participant; nothing where it is objected to.

    `answered_outside`: visits with answers that the new version does not have; they stay as they are, under
    the version that they were answered under. `ends_at_once`: visits whose window is over with it.
    """

    participant_id: int
    participant_code: str
    site_id: int
    left: Protocol
    outcome: PlanOutcome
    objections: tuple[Objection, ...] = ()
    answered_outside: tuple[str, ...] = ()
    ends_at_once: tuple[str, ...] = ()
    messages: MessageCounts = MessageCounts()

    @property
    def kinds(self) -> Counter[str]:
        """How many visits become what, by KINDS."""
        return Counter(find_kind(change) for change in self.outcome.changes)

    @property
    def expected(self) -> tuple[int, int]:
        """How many visits count as expected, before and after."""
        changes = self.outcome.changes
        return (
            sum(change.before is not None and change.before.expected for change in changes),
            sum(change.after is not None and change.after.expected for change in changes),
        )


@dataclass(frozen=True, slots=True)
class Untouched:
    """A participant whom the amendment leaves alone, and why: FINISHED or the event that ended everything."""

    participant_id: int
    participant_code: str
    site_id: int
    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class SiteAmendment:
    """What the amendment does at one site; `already` counts participants who are under the version now."""

    site_id: int
    site_code: str
    name: str
    city: str
    version: str
    changes_version: bool
    already: int
    people: tuple[PersonAmendment, ...]
    untouched: tuple[Untouched, ...]

    @property
    def kinds(self) -> Counter[str]:
        """How many visits become what, by KINDS."""
        return count_kinds(self.people)

    @property
    def messages(self) -> MessageCounts:
        """The messages of all its participants."""
        return sum((person.messages for person in self.people), MessageCounts())


@dataclass(frozen=True, slots=True)
class AmendmentPreview:
    """What applying a version would do, as far as it can be foreseen.

    `problems` are about the version itself. `fingerprint` stays the same as long as the same participants
    are concerned in the same way; messages that go out in the meantime do not change it.
    """

    scope: AmendmentScope
    protocol: Protocol
    sites: tuple[SiteAmendment, ...]
    problems: tuple[Problem, ...]
    fingerprint: str

    @property
    def people(self) -> tuple[PersonAmendment, ...]:
        """Everybody concerned, site by site."""
        return tuple(person for site in self.sites for person in site.people)

    @property
    def untouched(self) -> tuple[Untouched, ...]:
        """Everybody left alone, site by site."""
        return tuple(person for site in self.sites for person in site.untouched)

    @property
    def refused(self) -> tuple[PersonAmendment, ...]:
        """Those with something recorded that the version has no place for."""
        return tuple(person for person in self.people if person.objections)

    @property
    def answered_outside(self) -> tuple[PersonAmendment, ...]:
        """Those with answers to visits that the version does not have."""
        return tuple(person for person in self.people if person.answered_outside)

    @property
    def kinds(self) -> Counter[str]:
        """How many visits become what, by KINDS."""
        return count_kinds(self.people)

    @property
    def messages(self) -> MessageCounts:
        """The messages of everybody."""
        return sum((person.messages for person in self.people), MessageCounts())

    @property
    def expected(self) -> tuple[int, int]:
        """How many visits of those concerned count as expected, before and after."""
        before, after = (
            zip(*(person.expected for person in self.people), strict=True) if self.people else ((), ())
        )
        return sum(before), sum(after)

    @property
    def is_possible(self) -> bool:
        """Whether nothing forbids it."""
        return not self.problems and not self.refused

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to change: every site is under the version, and so is everybody."""
        return not self.people and not any(site.changes_version for site in self.sites)


def find_kind(change: PlanChange) -> str:
    """Say what becomes of a visit, as one of KINDS."""
    if change.action == "add" and change.after is not None and change.after.reason == BEFORE_AMENDMENT:
        return "past"
    if change.action == "move" and _list_days(change.before) == _list_days(change.after):
        return "renewed"
    return _KIND_OF_ACTION[change.action]


def count_kinds(people: Iterable[PersonAmendment]) -> Counter[str]:
    """Count over some participants how many visits become what."""
    return sum((person.kinds for person in people), Counter[str]())


def _list_days(visit: object) -> tuple[date | None, ...]:
    return tuple(getattr(visit, name) for name in ("opens_on", "target_on", "closes_on"))
