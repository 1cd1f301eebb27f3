"""A trial on a simulated clock in which the staff of three sites do everything that can be done there.

The people live as those of `pro-app simulate` do, with the real worker and its faults (`simulation/`). Beside
them the sites have mornings, at first twice a week: they work off their lists with every outcome, and do what
else a site does (`busy_sites.py`). All of it goes through the real services, and follows from one seed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from busy_sites import BusySite, Staff, Watch

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import system_clock
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.reminders.outbox.queues import UNHURRIED
from pro_app.services.accounts import create_account
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.staff_roles import grant_role
from pro_app.services.studies import load_current_protocol, load_study
from pro_app.settings import Settings
from pro_app.simulation.coming_back import ComingBack, bounces_later
from pro_app.simulation.faults import draw_faults
from pro_app.simulation.history import History
from pro_app.simulation.people import Recruitment, VirtualPerson, plan_virtual_people
from pro_app.simulation.receiving import Mailboxes, make_channels
from pro_app.simulation.run import spare_the_disk
from pro_app.simulation.workers import Workers
from pro_app.simulation.world import World
from pro_app.storage.database import Session

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
SITE_CODES = ("11", "12", "13")
GOES_LIVE_LATE, LIVE_AFTER = "13", timedelta(days=150)
"""The third site begins on paper: its earlier forms are imported."""
PASSWORD = "a long and unusual password 7!"
MORNINGS = (0, 3)
"""Mondays and Thursdays, as long as visits are short; later every second Monday."""
LAST_WEEKS_DAYS = 35
OFTEN_FOR_DAYS, ENROLLING_FOR = 220, timedelta(days=110)
TEAM = {"nurse": "nurse", "colleague": "nurse", "investigator": "investigator"}
FOUNDER = system_actor("test", "setup")
KEENNESS = 0.55
"""How much of the simulation's keenness these people have, so that there is something to do."""


@dataclass(frozen=True)
class BusyTrial:
    """The trial while it is lived; `staff` by site code, `coordinator` sees all sites."""

    world: World
    history: History
    staff: dict[str, Staff]
    coordinator: Actor
    began_at: datetime

    @property
    def happened(self) -> "Counter[str]":
        """Count what was done, by name."""
        return self.history.happened

    def look_in_on(self, at: datetime, look: Callable[[Session, datetime], None]) -> None:
        """Have something read everything at a moment of the trial."""

        def act(now: datetime) -> bool:
            with self.world.database.reading() as session:
                look(session, now)
            return False

        self.history.schedule(at, act)

    def live(self, until: datetime) -> None:
        """Let everything happen up to a moment."""
        self.history.run(until)


def build_busy_trial(
    settings: Settings, *, people: int, days: int, seed: int, watch: Watch = lambda _kinds, _now: None
) -> BusyTrial:
    """Found the trial in empty, migrated stores, and schedule everybody's life and every site's mornings."""
    office = replace(open_post_office(settings), pace=UNHURRIED)
    for store in (office.database, office.vault.database):
        spare_the_disk(store, "OFF")
    mailboxes = Mailboxes(seed, system_clock)
    office = replace(office, channels=make_channels(("email",), mailboxes))
    world, staff, coordinator = _found(office)
    began_at = _at(world.protocol.trial.began_on, 8, world.protocol.default_zone)
    mailboxes.faults = draw_faults(seed, began_at, began_at + timedelta(days=days))
    workers = Workers(office, mailboxes, mailboxes.faults, count=1)
    history = History(world, send=workers.look, awake=mailboxes.faults.next_awake, happened=workers.happened)
    workers.wake = history.schedule
    recruitment = Recruitment(people, SITE_CODES, world.protocol.trial.began_on, ENROLLING_FOR)
    lives = [_trouble(p) for p in plan_virtual_people(world.protocol, recruitment, seed=seed)]
    for person in lives:
        history.add_person(person)
        if person.email and person.mailbox_dies_on and not bounces_later(person):
            mailboxes.dead_from[person.email] = person.mailbox_dies_on
    by_address = {person.email: person for person in lives if person.email is not None}
    mailboxes.read = ComingBack(office, by_address, history.happened, wake=history.schedule).watch
    _schedule_mornings(partial(BusySite, world, history, staff), history, days=days, seed=seed, watch=watch)
    return BusyTrial(world, history, staff, coordinator, began_at)


def _trouble(person: VirtualPerson) -> VirtualPerson:
    """Make a person of the simulation answer less, and more of what is sent come back.

    The simulation's own nurses do nothing about them: all calls are for the mornings.
    """
    random = Random(f"busy:{person.participant_code}")  # noqa: S311 -- play, not secrets
    dies_on, unsubscribes_at = person.mailbox_dies_on, person.unsubscribes_at
    if random.random() < 0.4:
        dies_on = person.consented_on + timedelta(days=random.randrange(20, 300))
    elif random.random() < 0.3:
        unsubscribes_at = random.randrange(2, 6)
    return replace(
        person,
        keenness=person.keenness * KEENNESS,
        mailbox_dies_on=dies_on,
        unsubscribes_at=unsubscribes_at,
        is_cared_for=False,
    )


def _schedule_mornings(
    make_site: Callable[..., BusySite], history: History, *, days: int, seed: int, watch: Watch
) -> None:
    """Schedule what sites do; in the last weeks nobody is there, so that in the end there is much to do."""
    protocol = history.world.protocol
    for number in range(days - LAST_WEEKS_DAYS):
        day = protocol.trial.began_on + timedelta(days=number)
        weekdays, weeks = (MORNINGS, 1) if number < OFTEN_FOR_DAYS else (MORNINGS[:1], 2)
        if day.weekday() not in weekdays or day.isocalendar().week % weeks:
            continue
        for place, code in enumerate(SITE_CODES):
            site = make_site(code, watch)
            at = _at(day, 9 + place, protocol.default_zone)
            random = Random(f"{seed}:{code}:{day}")  # noqa: S311 -- play, not secrets
            history.schedule(at, partial(site.work, random))


def _at(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def _found(office: PostOffice) -> tuple[World, dict[str, Staff], Actor]:
    """Load the study with three sites, two nurses and an investigator at each, and a coordinator.

    The events of people's lives are recorded by one nurse more, who works at all sites: people move.
    """
    now = datetime(2021, 1, 4, 9, tzinfo=UTC)
    with office.database.writing() as session:
        study_id = load_study(session, protocol_path=PROTOCOL, actor=FOUNDER, now=now).id
        protocol = load_current_protocol(session, study_id)
        site_ids = {
            code: _make_site(session, study_id, code, protocol=protocol, now=now) for code in SITE_CODES
        }
        staff = {}
        for code, site_id in site_ids.items():
            team = [
                _make_member(session, study_id, (name, role), site_ids=frozenset({site_id}), now=now)
                for name, role in TEAM.items()
            ]
            staff[code] = Staff(*team)
        travelling = _make_member(
            session, study_id, ("travelling", "nurse"), site_ids=frozenset(site_ids.values()), now=now
        )
        coordinator = _make_member(session, study_id, ("coordinator", "coordinator"), site_ids=None, now=now)
    return (
        World(office, protocol, study_id, site_ids, dict.fromkeys(SITE_CODES, travelling)),
        staff,
        coordinator,
    )


def _make_site(session: Session, study_id: int, code: str, *, protocol: Protocol, now: datetime) -> int:
    live_on = protocol.trial.began_on + LIVE_AFTER if code == GOES_LIVE_LATE else None
    details = SiteDetails(
        study_id=study_id,
        site_code=code,
        name=f"Centre {code}",
        city="Montpellier",
        zone=protocol.default_zone,
        telephone="04 67 61 31 00",
        sender_label="Suivi 34",
        goes_live_on=live_on,
    )
    return save_site(session, details, actor=FOUNDER, now=now).id


def _make_member(
    session: Session, study_id: int, who: tuple[str, str], *, site_ids: frozenset[int] | None, now: datetime
) -> Actor:
    """Make an account with one role at some sites, or everywhere (None); gives the actor."""
    name, role = who
    suffix = "" if site_ids is None else "-".join(map(str, sorted(site_ids)))
    account_id = create_account(
        session,
        username=f"{name}-{suffix}".rstrip("-"),
        display_name=f"{name} {suffix}",
        password=PASSWORD,
        language="fr",
        actor=FOUNDER,
        now=now,
    ).id
    for site_id in [None] if site_ids is None else sorted(site_ids):
        grant_role(
            session,
            account_id=account_id,
            study_id=study_id,
            role=role,
            site_id=site_id,
            actor=FOUNDER,
            now=now,
        )
    return Actor(
        kind="staff",
        role=role,
        request_id="test",
        study_id=study_id,
        site_ids=site_ids,
        account_id=account_id,
    )
