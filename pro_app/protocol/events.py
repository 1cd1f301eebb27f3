"""What happened to a participant: events as they were recorded, and the facts that follow from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded event; it replaces the one it supersedes, and with `retracts` puts nothing in its place.

    `details` may hold `arm` (an arm's code), `until` (an ISO date) or `of` (the kind that is resumed).
    """

    id: int
    kind: str
    occurred_on: date
    recorded_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    supersedes_id: int | None = None
    retracts: bool = False


@dataclass(frozen=True, slots=True)
class Spell:
    """A time that is over: an event of `kind` held from a day up to the day before `until_on`."""

    kind: str
    from_on: date
    until_on: date


_SINGLE_DATES = {
    "enrolled": "enrolled_on",
    "randomised": "randomised_on",
    "treatment_ended": "treatment_ended_on",
    "progressed": "progressed_on",
    "messages_stopped": "messages_stopped_on",
    "questionnaires_stopped": "questionnaires_stopped_on",
    "lost": "lost_on",
    "left": "left_on",
    "died": "died_on",
}
"""Event kinds that most trials share, and the fact that each gives."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a participant after all corrections; the first date where a kind came twice.

    `other_dates` holds the dates of the kinds that have no field here, and all of those that came more than
    once where the field holds one; `spells` what was resumed.
    """

    enrolled_on: date | None = None
    arm: str | None = None
    randomised_on: date | None = None
    infusions: tuple[date, ...] = ()
    treatment_ended_on: date | None = None
    progressed_on: date | None = None
    paused_until: date | None = None
    messages_stopped_on: date | None = None
    questionnaires_stopped_on: date | None = None
    lost_on: date | None = None
    left_on: date | None = None
    died_on: date | None = None
    other_dates: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    spells: tuple[Spell, ...] = ()

    def dates_of(self, kind: str) -> tuple[date, ...]:
        """Give the dates of the events of `kind` that still hold, in their order."""
        if kind in self.other_dates:
            return self.other_dates[kind]
        if kind == "infusion":
            return self.infusions
        single: date | None = getattr(self, _SINGLE_DATES[kind]) if kind in _SINGLE_DATES else None
        return () if single is None else (single,)


def list_valid_events(events: Iterable[Event]) -> list[Event]:
    """List the events that nothing supersedes and that retract nothing, in the order of their days."""
    known = list(events)
    superseded = {event.supersedes_id for event in known}
    valid = [event for event in known if event.id not in superseded and not event.retracts]
    return sorted(valid, key=lambda event: (event.occurred_on, event.recorded_at, event.id))


def fold_events(events: Iterable[Event]) -> Facts:
    """Give the facts that follow from the events; corrections are resolved, the order does not matter."""
    dates: dict[str, list[date]] = {}
    spells: list[Spell] = []
    arm: str | None = None
    held_until: dict[str, date] = {}
    for event in list_valid_events(events):
        resumed = event.details.get("of")
        if resumed is not None:
            spells += [Spell(resumed, day, event.occurred_on) for day in dates.pop(resumed, [])[:1]]
            held_until.pop(resumed, None)
            continue
        dates.setdefault(event.kind, []).append(event.occurred_on)
        arm = event.details.get("arm", arm)
        if "until" in event.details:
            held_until[event.kind] = date.fromisoformat(event.details["until"])
    singles = {_SINGLE_DATES[kind]: dates[kind][0] for kind in _SINGLE_DATES if kind in dates}
    others = {
        kind: tuple(days)
        for kind, days in dates.items()
        if kind != "infusion" and (kind not in _SINGLE_DATES or len(days) > 1)
    }
    return Facts(
        **singles,
        arm=arm,
        infusions=tuple(dates.get("infusion", ())),
        paused_until=max(held_until.values(), default=None),
        other_dates=others,
        spells=tuple(spells),
    )
