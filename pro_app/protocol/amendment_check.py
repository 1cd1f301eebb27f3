"""What speaks against a new protocol version, in what is recorded of one participant (pure)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pro_app.errors import Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.event_check import check_event
from pro_app.protocol.events import Event, Facts, fold_events, list_valid_events
from pro_app.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason why a version cannot govern a participant; `kind` and `on` name the event it is about."""

    problem: Problem
    kind: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One participant between two versions; names of arms and events are in `language`."""

    before: Protocol
    after: Protocol
    facts: Facts
    language: str

    @property
    def loses_arm(self) -> bool:
        """Whether the arm is gone."""
        return self.facts.arm is not None and self.facts.arm not in self.after.arms_by_code

    def objection(self, message: str, kind: str, on: date) -> Objection:
        """Object for the sake of a recorded event."""
        words = self.before.event_label(kind, self.language, self.facts.arm)
        return Objection(Problem(message, {"event": words}), kind, on)


def check_amendment(
    before: Protocol,
    after: Protocol,
    events: Sequence[Event],
    *,
    zone: str,
    today: date,
    language: str = LANGUAGES[0],
) -> list[Objection]:
    """List everything recorded that the version `after` has no place for; empty if it may govern.

    What the version `before` objects to as well is old news and not listed. `today` is the participant's
    civil date.
    """
    case = _Case(before, after, fold_events(events), language)
    valid = list_valid_events(events)
    return [
        *_check_arm(case),
        *_check_anchors(case),
        *_check_zone(after, zone),
        *_check_kinds(case, valid),
        *_check_rules(case, valid, today),
    ]


def _check_arm(case: _Case) -> Iterator[Objection]:
    if case.loses_arm:
        arm = case.before.arms_by_code.get(case.facts.arm or "")
        words = arm.label.text(case.language) if arm else case.facts.arm
        message = mark("The new version has no arm “%(arm)s”, in which this participant is.")
        yield Objection(Problem(message, {"arm": words or ""}))


def _check_anchors(case: _Case) -> Iterator[Objection]:
    """Check that every recorded date that visits count from still has visits to count."""
    events = {anchor.event for anchor in case.after.anchors}
    for anchor in case.before.anchors:
        recorded = case.facts.dates_of(anchor.event)
        if recorded and anchor.event not in events:
            message = mark("The new version counts no visit from “%(event)s”, which is recorded.")
            yield case.objection(message, anchor.event, recorded[0])


def _check_zone(after: Protocol, zone: str) -> Iterator[Objection]:
    if zone not in after.zones:
        message = mark("The new version does not know this participant's time zone (%(zone)s).")
        yield Objection(Problem(message, {"zone": zone}))


def _check_kinds(case: _Case, valid: Iterable[Event]) -> Iterator[Objection]:
    for event in valid:
        if event.kind not in case.after.event_kinds_by_code:
            message = mark("The new version does not know the event “%(event)s”, which is recorded.")
            yield case.objection(message, event.kind, event.occurred_on)


def _check_rules(case: _Case, valid: Sequence[Event], today: date) -> Iterator[Objection]:
    """Check each event against all others by the new rules, as if it were to be recorded now."""
    for event in valid:
        others = fold_events(other for other in valid if other is not event)
        found = _list_problems(case.after, others, event, today=today, language=case.language)
        if not found:
            continue
        # The words of an event may differ between the versions; what is wrong, and where, may not.
        old = _list_problems(case.before, others, event, today=today, language=case.language)
        known = {(problem.message, problem.place) for problem in old}
        for problem in found:
            said_before = (problem.message, problem.place) in known
            if not said_before and not (case.loses_arm and problem.place == "arm"):
                yield Objection(problem, event.kind, event.occurred_on)


def _list_problems(
    protocol: Protocol, others: Facts, event: Event, *, today: date, language: str
) -> list[Problem]:
    """List what a version says against an event; one that it does not know is objected to before."""
    if event.kind not in protocol.event_kinds_by_code:
        return []
    return check_event(protocol, others, event, today=today, language=language)
