"""What pausing, stopping, being lost, leaving and dying do to visits and to messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import Effect, EventKind, MessageRule


@dataclass(frozen=True, slots=True)
class _Hold:
    """An effect from a day on, up to the day before `until_on` if it was resumed."""

    effect: Effect
    from_on: date
    until_on: date | None = None

    def reaches(self, closes_on: date | None) -> bool:
        """Say whether a window that closes on that day (None: not yet known) falls under it."""
        if closes_on is None:
            return self.until_on is None
        return self.from_on <= closes_on and (self.until_on is None or closes_on < self.until_on)


def find_visit_effect(protocol: Protocol, facts: Facts, closes_on: date | None) -> Effect | None:
    """Find what closes a visit or makes it unnecessary; None if nothing does.

    A visit whose window closes on or after the day is concerned. What takes it out of the expected
    ones goes before what only closes it, and then the earliest day decides.
    """
    holds = [
        hold
        for hold in _list_holds(protocol, facts)
        if hold.effect.visits != "stay" and hold.reaches(closes_on)
    ]
    first = min(holds, key=lambda hold: (hold.effect.expected, hold.from_on), default=None)
    return first.effect if first else None


def find_message_rule(protocol: Protocol, facts: Facts, today: date) -> MessageRule:
    """Say whether messages may be sent today, are held by a pause, or are stopped.

    A stop counts from its recording, whatever its day: nothing goes out to somebody who has left.
    """
    rules = {
        kind.effect.messages
        for kind in protocol.event_kinds
        if kind.effect and facts.dates_of(kind.code) and not _is_over(kind, facts, today)
    }
    return "stopped" if "stopped" in rules else "held" if "held" in rules else "sent"


def _is_over(kind: EventKind, facts: Facts, today: date) -> bool:
    """Say whether an event with an end date has reached it: from that day on messages go out again."""
    return "until" in kind.details and (facts.paused_until is None or today >= facts.paused_until)


def _list_holds(protocol: Protocol, facts: Facts) -> Iterator[_Hold]:
    """Give every effect that holds or held."""
    for kind in protocol.event_kinds:
        if kind.effect is None:
            continue
        for day in facts.dates_of(kind.code)[:1]:
            yield _Hold(kind.effect, day)
        for spell in facts.spells:
            if spell.kind == kind.code:
                yield _Hold(kind.effect, spell.from_on, spell.until_on)
