"""What happens to a virtual person, and when the site records it (pure).

The chances are made up to look like a long oncology trial; they describe no real one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from pro_app.protocol.protocol import Protocol

ENDS = frozenset({"died", "left"})


@dataclass(frozen=True, slots=True)
class VirtualCorrection:
    """How an entry is put right later; without `occurred_on` it is taken back."""

    recorded_at: datetime
    occurred_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class VirtualEvent:
    """One event of a virtual life, when the site records it, and how it corrects the entry, if it does."""

    kind: str
    occurred_on: date
    recorded_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    correction: VirtualCorrection | None = None


@dataclass(frozen=True, slots=True)
class LifeDraw:
    """What the events of one life are drawn from; only kinds that the protocol knows are drawn."""

    protocol: Protocol
    random: Random

    def knows(self, kind: str) -> bool:
        """Tell whether the protocol knows a kind of event."""
        return kind in self.protocol.event_kinds_by_code

    def event(
        self, kind: str, day: date, *, latest_days: int, details: Mapping[str, str] | None = None
    ) -> VirtualEvent:
        """Give an event of a day, recorded on a weekday up to `latest_days` later."""
        recorded_on = next_weekday(day + timedelta(days=self.random.randrange(latest_days + 1)))
        recorded_at = self.moment(recorded_on, self.random.randrange(17, 19))
        return VirtualEvent(kind, day, recorded_at, details or {})

    def moment(self, day: date, hour: int) -> datetime:
        """Give a moment of an hour in the trial's own zone."""
        return local_moment(day, hour, self.protocol.default_zone, minute=self.random.randrange(60))


def draw_life(draw: LifeDraw, consented_on: date) -> tuple[VirtualEvent, ...]:
    """Draw a life from randomisation on, in the order of recording."""
    random = draw.random
    arm = random.choice(draw.protocol.arms).code
    randomised_on = next_weekday(consented_on + timedelta(days=random.randrange(3, 13)))
    events = [draw.event("randomised", randomised_on, latest_days=0, details={"arm": arm})]
    events += _draw_treatment(draw, arm, randomised_on)
    events += _draw_course(draw, randomised_on)
    events += _draw_leaving(draw, randomised_on)
    last_on = min((e.occurred_on for e in events if e.kind in ENDS), default=date.max)
    kept = [e for e in events if e.occurred_on < last_on or e.kind in ENDS]
    known = [_draw_correction(draw, event) for event in kept if draw.knows(event.kind)]
    return tuple(sorted(known, key=lambda event: (event.recorded_at, event.occurred_on)))


def _draw_treatment(draw: LifeDraw, arm: str, randomised_on: date) -> list[VirtualEvent]:
    """Draw the infusions where the arm has them, and the end of treatment, one in twelve recorded late."""
    random = draw.random
    late = 150 if random.random() < 0.08 else 25
    infusion = draw.protocol.event_kinds_by_code.get("infusion")
    if infusion is not None and arm in (infusion.arms or (arm,)):
        first = next_weekday(randomised_on + timedelta(days=random.randrange(2, 10)))
        second = next_weekday(first + timedelta(days=56 + random.choice((0, 0, 0, 7, 14))))
        infusions = [draw.event("infusion", day, latest_days=3) for day in (first, second)]
        return [*infusions, draw.event("treatment_ended", second + timedelta(days=56), latest_days=late)]
    ended_on = next_weekday(randomised_on + timedelta(days=random.choice((183, 183, 183, 150, 110))))
    anchors = sorted({anchor.event for anchor in draw.protocol.anchors} - {"randomised", "infusion"})
    return [draw.event(kind, ended_on, latest_days=late) for kind in anchors]


def _draw_course(draw: LifeDraw, randomised_on: date) -> list[VirtualEvent]:
    """Draw progression, a pause, and a time without messages that ends again."""
    random, events = draw.random, []
    if random.random() < 0.45:
        progressed_on = randomised_on + timedelta(days=random.randrange(120, 1500))
        events.append(draw.event("progressed", progressed_on, latest_days=14))
    if random.random() < 0.15:
        paused_on = randomised_on + timedelta(days=random.randrange(30, 1200))
        until = paused_on + timedelta(days=random.choice((7, 14, 30, 60)))
        events.append(draw.event("paused", paused_on, latest_days=0, details={"until": until.isoformat()}))
        if random.random() < 0.3:
            resumed_on = paused_on + timedelta(days=5)
            events.append(draw.event("resumed", resumed_on, latest_days=0, details={"of": "paused"}))
    if random.random() < 0.06:
        events += _draw_spell(draw, "messages_stopped", randomised_on, latest_days=0)
    return events


def _draw_spell(draw: LifeDraw, kind: str, randomised_on: date, *, latest_days: int) -> list[VirtualEvent]:
    """Draw a way of stopping, and in two of five lives the change of mind that ends it."""
    random = draw.random
    day = randomised_on + timedelta(days=random.randrange(90, 1700))
    events = [draw.event(kind, day, latest_days=latest_days)]
    if random.random() < 0.4:
        resumed_on = day + timedelta(days=random.randrange(latest_days + 10, 250))
        events.append(draw.event("resumed", resumed_on, latest_days=2, details={"of": kind}))
    return events


def _draw_leaving(draw: LifeDraw, randomised_on: date) -> list[VirtualEvent]:
    """Draw how a person's part ends early, if it does; one death in five is heard of months later."""
    random = draw.random
    chance = random.random()
    day = randomised_on + timedelta(days=random.randrange(90, 1700))
    if chance < 0.16:
        return [draw.event("died", day, latest_days=120 if chance < 0.03 else 20)]
    if chance < 0.22:
        return [draw.event("left", day, latest_days=5)]
    if chance < 0.26:
        return _draw_spell(draw, "lost", randomised_on, latest_days=10)
    if chance < 0.30:
        return _draw_spell(draw, "questionnaires_stopped", randomised_on, latest_days=3)
    return []


def _draw_correction(draw: LifeDraw, event: VirtualEvent) -> VirtualEvent:
    """Draw whether the entry is put right later: a date in one of sixteen, a progression taken back."""
    random = draw.random
    if event.kind in {"resumed", "paused"} or random.random() > 0.06:
        return event
    at = draw.moment(next_weekday(event.recorded_at.date() + timedelta(days=random.randrange(2, 90))), 16)
    if event.kind == "progressed":
        return replace(event, correction=VirtualCorrection(at, None, "Relecture : pas de progression"))
    day = event.occurred_on - timedelta(days=random.choice((1, 2, 7, 14)))
    return replace(event, correction=VirtualCorrection(at, day, "Date vérifiée dans le dossier"))


def local_moment(day: date, hour: int, zone: str, *, minute: int) -> datetime:
    """Give a moment of a civil day in `zone`."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone))


def next_weekday(day: date) -> date:
    """Move a Saturday or a Sunday to the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
