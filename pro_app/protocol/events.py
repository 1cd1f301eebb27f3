"""What happened to a participant: events as they were recorded, and the facts that follow from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded event; it replaces the one it supersedes, and with `retracts` puts nothing in its place.

    `details` may hold `arm` (an arm's code), `until` (an ISO date) or `of` (the kind that is resumed). Ids
    rise in the order of recording. `first_id`: the id of the entry that this one corrects in the end, where
    that is known; None for one that corrects nothing.
    """

    id: int
    kind: str
    occurred_on: date
    recorded_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    supersedes_id: int | None = None
    retracts: bool = False
    first_id: int | None = None

    @property
    def position(self) -> int:
        """Give its place in the order of recording: a correction stands where its first entry stood."""
        return self.id if self.first_id is None else self.first_id


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
    """List the events that nothing supersedes and that retract nothing, in the order of their days.

    Those of one day are in the order of recording, by the first entry of each.
    """
    listed = list(events)
    known = {event.id: event for event in listed}
    superseded = {event.supersedes_id for event in listed}
    valid = [
        event if event.supersedes_id is None else replace(event, first_id=_find_first(event, known).position)
        for event in listed
        if event.id not in superseded and not event.retracts
    ]
    return sorted(valid, key=lambda event: (event.occurred_on, event.position))


def _find_first(event: Event, known: Mapping[int, Event]) -> Event:
    """Find the entry that an event corrects in the end, as far as the entries are known."""
    while event.supersedes_id is not None and event.supersedes_id in known:
        event = known[event.supersedes_id]
    return event


def fold_events(events: Iterable[Event]) -> Facts:
    """Give the facts that follow from the events; corrections are resolved, the order does not matter.

    A resumption ends what was recorded before it, and nothing that was recorded after it: the days say what
    that means for the calendar, but a stop that comes last stands, whatever its day.
    """
    valid = list_valid_events(events)
    resumptions = sorted((event for event in valid if "of" in event.details), key=lambda e: e.position)
    dates: dict[str, list[date]] = {}
    began_on: dict[int, date] = {}
    arm: str | None = None
    held_until: dict[str, date] = {}
    for event in valid:
        arm = event.details.get("arm", arm)
        end = _find_end(event, resumptions)
        if end is not None:
            began_on.setdefault(end.id, event.occurred_on)
        elif "of" not in event.details:
            dates.setdefault(event.kind, []).append(event.occurred_on)
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
        spells=tuple(
            Spell(event.details["of"], began_on[event.id], event.occurred_on)
            for event in valid
            if event.id in began_on
        ),
    )


def _find_end(event: Event, resumptions: Iterable[Event]) -> Event | None:
    """Find the first resumption of an event that was recorded after it; None while it holds."""
    return next(
        (one for one in resumptions if one.details["of"] == event.kind and one.position > event.position),
        None,
    )
