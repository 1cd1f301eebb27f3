"""The virtual people of the demo (pure): who they are, what happens to them and how they answer.

Everything follows from a seed and each person's number, so that an interrupted filling goes on where
it stopped. The rates of answers, losses and deaths are made up to look like a long oncology trial;
they describe no real one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from pro_app.demo.trajectories import Trajectory, draw_trajectory
from pro_app.protocol.protocol import Protocol

RECRUITMENT = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class VirtualEvent:
    """One event of a virtual life and when the site records it."""

    kind: str
    occurred_on: date
    recorded_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VirtualPerson:
    """One virtual participant; `keenness` is the chance to answer a visit at all."""

    number: int
    participant_code: str
    site_code: str
    consented_on: date
    enrolled_at: datetime
    email: str | None
    reminder_hour: int
    keenness: float
    trajectory: Trajectory
    events: tuple[VirtualEvent, ...]


@dataclass(frozen=True, slots=True)
class Answering:
    """How a virtual person deals with one visit: when, how much of it, and whether it is sent.

    `items_answered` is None for all of them; `submitted` tells whether the form is sent.
    """

    at: datetime
    items_answered: int | None
    submitted: bool
    respondent: str


def plan_virtual_people(
    protocol: Protocol, *, seed: int, count: int, site_codes: list[str], today: date
) -> tuple[VirtualPerson, ...]:
    """Draw `count` people, enrolled from the trial's beginning on; the last ones in recent weeks."""
    per_site: dict[str, int] = {}
    people = []
    recent = max(4, count // 12)
    for number in range(1, count + 1):
        random = Random(f"{seed}:{number}")  # noqa: S311 -- play, not secrets
        if number > count - recent:
            consented_on = today - timedelta(days=(count - number + 1) * 22 - 12)
        else:
            spread = RECRUITMENT * ((number - 1) / (count - recent))
            consented_on = protocol.trial.began_on + spread + timedelta(days=random.randrange(8))
        site_code = random.choice(site_codes)
        per_site[site_code] = per_site.get(site_code, 0) + 1
        code = f"{site_code}-{per_site[site_code]:03}"
        people.append(_draw_person(protocol, random, (number, code, site_code, _weekday(consented_on))))
    return tuple(people)


def _draw_person(protocol: Protocol, random: Random, who: tuple[int, str, str, date]) -> VirtualPerson:
    number, participant_code, site_code, consented_on = who
    return VirtualPerson(
        number=number,
        participant_code=participant_code,
        site_code=site_code,
        consented_on=consented_on,
        enrolled_at=_at(
            consented_on, random.randrange(9, 17), protocol.default_zone, minute=random.randrange(60)
        ),
        email=f"personne-{number:03}@example.org" if random.random() < 0.92 else None,
        reminder_hour=random.choice((9, 10, 10, 10, 11, 14, 18)),
        keenness=random.betavariate(9, 1.2),
        trajectory=draw_trajectory(random),
        events=tuple(_draw_events(protocol, random, consented_on)),
    )


def _draw_events(protocol: Protocol, random: Random, consented_on: date) -> list[VirtualEvent]:
    """Draw a life: randomisation, infusions, end of treatment, progression, leaving, death."""
    zone = protocol.default_zone
    arm = random.choice(protocol.arms).code
    randomised_on = _weekday(consented_on + timedelta(days=random.randrange(3, 13)))
    events = [_event(random, "randomised", randomised_on, zone, latest_days=0, details={"arm": arm})]
    if arm in (protocol.event_kinds_by_code["infusion"].arms or ()):
        first = _weekday(randomised_on + timedelta(days=random.randrange(2, 10)))
        second = _weekday(first + timedelta(days=56 + random.choice((0, 0, 0, 7, 14))))
        events += [_event(random, "infusion", day, zone, latest_days=3) for day in (first, second)]
        ended_on = second + timedelta(days=56)
    else:
        ended_on = _weekday(randomised_on + timedelta(days=random.choice((183, 183, 183, 150, 110))))
    events.append(_event(random, "treatment_ended", ended_on, zone, latest_days=25))
    if random.random() < 0.45:
        progressed_on = randomised_on + timedelta(days=random.randrange(120, 1500))
        events.append(_event(random, "progressed", progressed_on, zone, latest_days=14))
    events += _draw_leaving(random, randomised_on, zone)
    last_on = min((e.occurred_on for e in events if e.kind in {"died", "left"}), default=date.max)
    kept = [e for e in events if e.occurred_on < last_on or e.kind in {"died", "left"}]
    return sorted(kept, key=lambda event: (event.recorded_at, event.occurred_on))


def _draw_leaving(random: Random, randomised_on: date, zone: str) -> list[VirtualEvent]:
    chance = random.random()
    day = randomised_on + timedelta(days=random.randrange(90, 1700))
    kinds = ((0.16, "died", 20), (0.22, "left", 5), (0.26, "lost", 10), (0.30, "questionnaires_stopped", 3),
             (0.34, "messages_stopped", 0))  # fmt: skip
    kind, latest = next(((kind, latest) for limit, kind, latest in kinds if chance < limit), (None, 0))
    return [] if kind is None else [_event(random, kind, day, zone, latest_days=latest)]


def decide_answering(
    person: VirtualPerson, visit_code: str, *, opens_on: date, closes_on: date, zone: str
) -> Answering | None:
    """Decide how a person deals with one visit; None where it is missed."""
    random = Random(f"{person.number}:{person.participant_code}:{visit_code}")  # noqa: S311 -- play, not secrets
    if random.random() > person.keenness:
        return None
    length = (closes_on - opens_on).days
    day = opens_on + timedelta(days=min(length, int(random.betavariate(1.1, 3.5) * (length + 1))))
    at = _at(day, random.choice((8, 9, 10, 11, 14, 17, 19, 20)), zone, minute=random.randrange(60))
    chance = random.random()
    if chance < 0.03:
        return Answering(at, items_answered=random.randrange(5, 50), submitted=False, respondent="self")
    respondent = "self" if chance < 0.88 else "assisted" if chance < 0.97 else "proxy"
    return Answering(at, items_answered=None, submitted=True, respondent=respondent)


def _event(  # noqa: PLR0917 -- a private shorthand
    random: Random,
    kind: str,
    day: date,
    zone: str,
    *,
    latest_days: int,
    details: dict[str, str] | None = None,
) -> VirtualEvent:
    recorded_on = _weekday(day + timedelta(days=random.randrange(latest_days + 1)))
    recorded_at = _at(recorded_on, random.randrange(17, 19), zone, minute=random.randrange(60))
    return VirtualEvent(kind, day, recorded_at, details or {})


def _at(day: date, hour: int, zone: str, *, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone))


def _weekday(day: date) -> date:
    """Move a Saturday or a Sunday to the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
