"""Whether leaving and coming back stay in their order when an entry about them is recorded or corrected."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pro_app.errors import Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.events import Event, list_valid_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import EventKind


@dataclass(frozen=True, slots=True)
class _Case:
    """One event before others of a kind that can be resumed; `old` is what it corrects.

    `holding`: what held when it was recorded. `next_end`: the resumption recorded after it, and `between`
    what was recorded between the two (or since, without one), all in the order of recording.
    """

    protocol: Protocol
    language: str
    kind: EventKind
    event: Event
    old: Event | None
    holding: tuple[Event, ...]
    between: tuple[Event, ...]
    next_end: Event | None

    def problem(self, message: str, other: Event, *, place: str = "occurred_on") -> Problem:
        """Make a problem that names another entry and its day."""
        words = self.protocol.event_label(other.kind, self.language)
        return Problem(message, {"event": words, "date": other.occurred_on.isoformat()}, place=place)

    def begins(self, event: Event | None) -> bool:
        """Say whether an entry is one of the kind."""
        return event is not None and not event.retracts and event.kind == self.kind.code

    def ends(self, event: Event | None) -> bool:
        """Say whether an entry resumes the kind."""
        return event is not None and not event.retracts and event.details.get("of") == self.kind.code


def check_resumptions(
    protocol: Protocol, recorded: Sequence[Event], event: Event, *, language: str = LANGUAGES[0]
) -> list[Problem]:
    """List what speaks against an event in the order of leaving and coming back; `place` as `check_event`.

    A resumption lies on or after what it ends, and on or before what was recorded after it. What was left
    before it may be dated before it too: a stop that is recorded last stands. `recorded` are all events, or
    all that hold; an event with id 0 is not stored yet. Names of events are in `language`.
    """
    valid = list_valid_events(recorded)
    old = next((one for one in valid if one.id in {event.supersedes_id, event.id}), None)
    problems: list[Problem] = []
    for kind in protocol.event_kinds:
        if kind.resumable:
            case = _make_case(protocol, kind, valid, event=event, old=old, language=language)
            problems += _check_kind(case)
    return problems


def _make_case(
    protocol: Protocol,
    kind: EventKind,
    valid: Sequence[Event],
    *,
    event: Event,
    old: Event | None,
    language: str,
) -> _Case:
    """Sort what is recorded of a kind by whether it was recorded before the event or after."""
    position = sys.maxsize if old is None else old.position
    others = sorted((one for one in valid if one is not old), key=lambda one: one.position)
    about = [one for one in others if kind.code in {one.kind, one.details.get("of")}]
    holding: list[Event] = []
    between: list[Event] = []
    next_end: Event | None = None
    for one in about:
        is_end = one.kind != kind.code
        if one.position > position:
            if is_end:
                next_end = one
                break
            between.append(one)
        elif is_end:
            holding.clear()
        else:
            holding.append(one)
    return _Case(protocol, language, kind, event, old, tuple(holding), tuple(between), next_end)


def _check_kind(case: _Case) -> Iterator[Problem]:
    """Check what the event begins or ends of a kind, and what its earlier words began or ended."""
    if case.ends(case.event):
        yield from _check_end(case)
    elif case.ends(case.old):
        yield from _check_end_gone(case)
    elif case.begins(case.event):
        yield from _check_beginning(case)
    elif case.begins(case.old) and case.next_end and not (case.holding or case.between):
        message = mark("“%(event)s” (%(date)s) is recorded and can only follow it: correct that entry first.")
        yield case.problem(message, case.next_end, place="kind")


def _check_beginning(case: _Case) -> Iterator[Problem]:
    """Check that what was resumed since did not begin after that."""
    if case.next_end and case.event.occurred_on > case.next_end.occurred_on:
        message = mark("This date is after “%(event)s” (%(date)s), which can only follow it.")
        yield case.problem(message, case.next_end)


def _check_end(case: _Case) -> Iterator[Problem]:
    """Check that a resumption ends something, after it began and before it began again."""
    if not case.holding:
        yield Problem(mark("There is nothing to resume."), place="of")
        return
    if not case.ends(case.old) and case.next_end and not case.between:
        message = mark("“%(event)s” (%(date)s) is recorded and ends the same: correct that entry first.")
        yield case.problem(message, case.next_end, place="of")
    began, again = max(case.holding, key=_day), min(case.between, key=_day, default=None)
    if case.event.occurred_on < began.occurred_on:
        yield case.problem(mark("This date is before “%(event)s” (%(date)s)."), began)
    if again is not None and case.event.occurred_on > again.occurred_on:
        message = mark("This date is after “%(event)s” (%(date)s), which was recorded after it.")
        yield case.problem(message, again)


def _check_end_gone(case: _Case) -> Iterator[Problem]:
    """Check that without a resumption nothing holds twice that can hold only once."""
    if case.holding and case.between and "until" not in case.kind.details:
        message = mark("“%(event)s” (%(date)s) is recorded and can only follow it: correct that entry first.")
        yield case.problem(message, case.between[0], place="kind")


def _day(event: Event) -> date:
    return event.occurred_on
