"""A whole trial in one go: founded in an empty store, lived through, checked at the end."""

import gc
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import event, select

from pro_app.clock import system_clock
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.dispatch import PostOffice, message_id, open_post_office
from pro_app.reminders.outbox.queues import UNHURRIED
from pro_app.settings import Settings
from pro_app.simulation.coming_back import ComingBack, bounces_later
from pro_app.simulation.faults import draw_faults
from pro_app.simulation.history import History
from pro_app.simulation.invariants import SentRecord, Violation, check_invariants
from pro_app.simulation.parts import share_out
from pro_app.simulation.people import Recruitment, VirtualPerson, plan_virtual_people
from pro_app.simulation.receiving import Mailboxes, make_channels
from pro_app.simulation.workers import Workers
from pro_app.simulation.world import World, found_study, load_world
from pro_app.storage.database import Database, open_database
from pro_app.storage.migrate import migrate
from pro_app.storage.queries.outbox import MessageRow, list_outbox
from pro_app.storage.tables.studies import Study

CHANNELS = ("email",)
RARE_COLLECTIONS = (50_000, 20, 50)
"""After how many new objects memory is searched for rings of them: a simulation makes few and ends soon."""
FOUNDED_AT = datetime(2021, 1, 4, 9, tzinfo=UTC)
LONGEST_RECRUITMENT = timedelta(days=3 * 365)
Report = Callable[[float], None]
"""Is told the share of the time that has passed, 0–1."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated: a whole trial, or one of its parts (`part` from 0 up to below `parts`)."""

    protocol_path: Path
    participants: int
    years: int
    seed: int
    workers: int = 1
    part: int = 0
    parts: int = 1


@dataclass(frozen=True)
class Simulated:
    """A trial that was lived through: its world, what arrived, what happened, and what is wrong with it."""

    world: World
    began_at: datetime
    ended_at: datetime
    happened: "Counter[str]"
    sent: tuple[SentRecord, ...]
    violations: tuple[Violation, ...]


def open_stores(settings: Settings) -> None:
    """Bring both stores of a simulation to their newest schema; raises what the database says."""
    _open_store(settings.database_url, "main")
    _open_store(settings.contacts_database_url, "contacts")


def found_trial(settings: Settings, plan: Plan) -> None:
    """Make the stores of a trial and load its study into them; a copy of them serves each of its parts."""
    open_stores(settings)
    office = open_post_office(settings)
    spare_the_disk(office.database, "OFF")
    found_study(office.database, plan.protocol_path, now=FOUNDED_AT)
    office.close()


def _open_store(url: str, store: Literal["main", "contacts"]) -> None:
    database = open_database(url)
    spare_the_disk(database, "OFF")
    migrate(database, store)
    database.engine.dispose()


def spare_the_disk(database: Database, synchronous: Literal["NORMAL", "OFF"]) -> None:
    """Let SQLite wait for the disk less often: what a power cut would lose can be simulated again.

    With NORMAL the file is whole after a power cut and lacks the last moments; with OFF it may be lost.
    """

    def relax(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own object
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", relax)


def simulate_trial(settings: Settings, plan: Plan, report: Report = lambda _share: None) -> Simulated:
    """Live through a trial in stores without people, and check every invariant at its end."""
    logging.disable(logging.WARNING)  # a virtual person without an address is no news
    gc.freeze()  # what is loaded by now stays; looking through it again and again only costs time
    gc.set_threshold(*RARE_COLLECTIONS)
    office = replace(open_post_office(settings), pace=UNHURRIED)
    for store in (office.database, office.vault.database):
        spare_the_disk(store, "OFF")
    mailboxes = Mailboxes(plan.seed, system_clock)
    office = replace(office, channels=make_channels(CHANNELS, mailboxes))
    if not _holds_study(office.database):
        found_study(office.database, plan.protocol_path, now=FOUNDED_AT)
    world = load_world(office)
    began_at = _begin(world.protocol)
    ended_at = began_at + timedelta(days=round(365.25 * plan.years))
    mailboxes.faults = draw_faults(plan.seed, began_at, ended_at)
    workers = Workers(office, mailboxes, mailboxes.faults, count=plan.workers)
    history = History(world, send=workers.look, awake=mailboxes.faults.next_awake, happened=workers.happened)
    workers.wake = history.schedule
    people = _draw_people(world, plan)
    for person in people:
        history.add_person(person)
    _prepare_mailboxes(mailboxes, people)
    by_address = {person.email: person for person in people if person.email is not None}
    coming_back = ComingBack(office, by_address, history.happened, wake=history.schedule)
    mailboxes.read = coming_back.watch
    history.run(ended_at, lambda at: report((at - began_at) / (ended_at - began_at)))
    return _conclude(world, history, mailboxes, span=(began_at, ended_at))


def _begin(protocol: Protocol) -> datetime:
    """Give the morning of the day on which the trial began."""
    return datetime.combine(protocol.trial.began_on, time(8), ZoneInfo(protocol.default_zone)).astimezone(UTC)


def _draw_people(world: World, plan: Plan) -> Sequence[VirtualPerson]:
    """Draw everybody and give those of the plan's part.

    Who enrols within the first half of a short trial leaves time for visits.
    """
    spread = min(LONGEST_RECRUITMENT, timedelta(days=365 * plan.years) / 2)
    recruitment = Recruitment(
        count=plan.participants,
        site_codes=tuple(sorted(world.site_ids)),
        from_on=world.protocol.trial.began_on,
        spread=spread,
    )
    everybody = plan_virtual_people(world.protocol, recruitment, seed=plan.seed)
    return share_out(everybody, plan.parts)[plan.part]


def _prepare_mailboxes(mailboxes: Mailboxes, people: Sequence[VirtualPerson]) -> None:
    """Note the addresses that refuse what comes, from the day on which they die."""
    for person in people:
        if person.email is not None and person.mailbox_dies_on is not None and not bounces_later(person):
            mailboxes.dead_from[person.email] = person.mailbox_dies_on


def _conclude(
    world: World, history: History, mailboxes: Mailboxes, *, span: tuple[datetime, datetime]
) -> Simulated:
    """Put what arrived under the keys of the outbox, and check everything."""
    began_at, ended_at = span
    with world.database.reading() as session:
        sent = identify_received(world.office, mailboxes, list_outbox(session))
        violations = tuple(check_invariants(session, sent=sent, now=ended_at))
    return Simulated(
        world=world,
        began_at=began_at,
        ended_at=ended_at,
        happened=history.happened,
        sent=sent,
        violations=violations,
    )


def identify_received(
    office: PostOffice, mailboxes: Mailboxes, outbox: Sequence[MessageRow]
) -> tuple[SentRecord, ...]:
    """Tell which message of the outbox each one that arrived is, by its name on the wire.

    The participant is the one whose address it arrived at, whatever the outbox says; what nobody wrote has
    the key under which it arrived, and the participant 0.
    """
    keys = {
        message_id(office, row.message_key, generation): row.message_key
        for row in outbox
        for generation in range(row.generation + 1)
    }
    refs = {row.contact_ref: row.participant_id for row in outbox}
    owners: dict[str | None, int] = {}
    for ref, participant_id in refs.items():
        contact = office.vault.find(ref)
        owners |= {contact.email: participant_id, contact.telephone: participant_id}
    return tuple(
        SentRecord(
            message_key=keys.get(received.message_id, received.message_id),
            channel=received.channel,
            at=received.at,
            participant_id=owners.get(received.address, 0),
            sender_late_by=received.at - mailboxes.faults.worker_time(received.at),
        )
        for received in mailboxes.received
    )


def is_in_use(settings: Settings) -> bool:
    """Tell whether the store of a simulation holds a study already."""
    database = open_database(settings.database_url)
    try:
        return _holds_study(database)
    finally:
        database.engine.dispose()


def _holds_study(database: Database) -> bool:
    with database.reading() as session:
        return session.scalars(select(Study.id)).first() is not None
