"""The virtual people (pure): who they are, how reachable, and how they deal with each visit.

Everything follows from a seed and each person's number, so that an interrupted run goes on where it stopped
and the same seed gives the same trial.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from pro_app.protocol.protocol import Protocol
from pro_app.simulation.lives import LifeDraw, VirtualEvent, draw_life, local_moment, next_weekday
from pro_app.simulation.trajectories import Trajectory, draw_trajectory


@dataclass(frozen=True, slots=True)
class VirtualPerson:
    """One virtual participant; `keenness` is the chance to answer a visit at all.

    `unsubscribes_at` is the number of the message after which the person wants no more e-mails;
    `mailbox_dies_on` the day from which the address refuses what comes. `is_cared_for`: the site calls,
    and checks what it is asked to check.
    """

    number: int
    participant_code: str
    site_code: str
    zone: str
    consented_on: date
    enrolled_at: datetime
    email: str | None
    reminder_hour: int
    keenness: float
    trajectory: Trajectory
    events: tuple[VirtualEvent, ...]
    unsubscribes_at: int | None = None
    mailbox_dies_on: date | None = None
    is_cared_for: bool = True


@dataclass(frozen=True, slots=True)
class Answering:
    """How a virtual person deals with one visit: when, how much of it, and whether it is sent.

    `items_answered` is None for all of them; `submitted` tells whether the form is sent.
    """

    at: datetime
    items_answered: int | None
    submitted: bool
    respondent: str


@dataclass(frozen=True, slots=True)
class Recruitment:
    """How people are enrolled: from a day on, evenly over `spread`.

    Where `today` is given the last ones come in the weeks before it, so that somebody is in every phase.
    """

    count: int
    site_codes: tuple[str, ...]
    from_on: date
    spread: timedelta
    today: date | None = None


def plan_virtual_people(
    protocol: Protocol, recruitment: Recruitment, *, seed: int
) -> tuple[VirtualPerson, ...]:
    """Draw everybody, in the order of enrolment."""
    per_site: dict[str, int] = {}
    people = []
    for number in range(1, recruitment.count + 1):
        random = Random(f"{seed}:{number}")  # noqa: S311 -- play, not secrets
        consented_on = next_weekday(_draw_consent(recruitment, random, number))
        site_code = random.choice(recruitment.site_codes)
        per_site[site_code] = per_site.get(site_code, 0) + 1
        code = f"{site_code}-{per_site[site_code]:03}"
        people.append(_draw_person(protocol, random, (number, code, site_code, consented_on)))
    return tuple(people)


def _draw_consent(recruitment: Recruitment, random: Random, number: int) -> date:
    count = recruitment.count
    recent = 0 if recruitment.today is None else max(4, count // 12)
    if recruitment.today is not None and number > count - recent:
        return recruitment.today - timedelta(days=(count - number + 1) * 22 - 12)
    spread = recruitment.spread * ((number - 1) / max(1, count - recent))
    return recruitment.from_on + spread + timedelta(days=random.randrange(8))


def _draw_person(protocol: Protocol, random: Random, who: tuple[int, str, str, date]) -> VirtualPerson:
    number, participant_code, site_code, consented_on = who
    zone = random.choice(protocol.zones) if random.random() < 0.06 else protocol.default_zone
    # Where it is still the day before overseas, a consent of today would lie in the future.
    hour = random.randrange(9, 17) if zone == protocol.default_zone else 18
    return VirtualPerson(
        number=number,
        participant_code=participant_code,
        site_code=site_code,
        zone=zone,
        consented_on=consented_on,
        enrolled_at=local_moment(consented_on, hour, protocol.default_zone, minute=random.randrange(60)),
        email=f"personne-{number:03}@example.org" if random.random() < 0.92 else None,
        reminder_hour=random.choice((9, 10, 10, 10, 11, 14, 18)),
        keenness=random.betavariate(9, 1.2),
        trajectory=draw_trajectory(random),
        events=draw_life(LifeDraw(protocol, random), consented_on),
        unsubscribes_at=random.randrange(2, 30) if random.random() < 0.04 else None,
        mailbox_dies_on=consented_on + timedelta(days=random.randrange(60, 1500))
        if random.random() < 0.05
        else None,
    )


def decide_answering(
    person: VirtualPerson, visit_code: str, *, opens_on: date, closes_on: date
) -> Answering | None:
    """Decide how a person deals with one visit; None where it is missed."""
    random = Random(f"{person.number}:{person.participant_code}:{visit_code}")  # noqa: S311 -- play, not secrets
    if random.random() > person.keenness:
        return None
    length = (closes_on - opens_on).days
    day = opens_on + timedelta(days=min(length, int(random.betavariate(1.1, 3.5) * (length + 1))))
    hour = random.choice((8, 9, 10, 11, 14, 17, 19, 20))
    at = local_moment(day, hour, person.zone, minute=random.randrange(60))
    chance = random.random()
    if chance < 0.03:
        return Answering(at, items_answered=random.randrange(5, 50), submitted=False, respondent="self")
    respondent = "self" if chance < 0.88 else "assisted" if chance < 0.97 else "proxy"
    return Answering(at, items_answered=None, submitted=True, respondent=respondent)
