"""Starting the demo: a migrated SQLite file, the people to be, the server, and the past years behind it."""

import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pro_app.app import create_app
from pro_app.clock import civil_date, end_of_day, open_clock, system_clock
from pro_app.contacts.vault import ContactVault
from pro_app.definitions.files import QUESTIONNAIRES, read_definition
from pro_app.demo.colleagues import invite_colleague, write_addresses
from pro_app.demo.folder import check_folder, forget
from pro_app.demo.people import (
    DEMO_ACTOR,
    HOME_SITE,
    give_second_factors,
    make_card_to_try,
    make_participant_to_try,
    make_staff,
)
from pro_app.server import serve
from pro_app.services.studies import load_current_protocol, load_study
from pro_app.settings import Settings
from pro_app.simulation.world import make_sites
from pro_app.storage.database import open_database
from pro_app.storage.migrate import migrate
from pro_app.web.demo.state import load_access, save_access

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
FACES = {
    "participant": "/",
    "staff_sign_in": "/staff/sign-in",
    "clinic": "/clinic/",
    "statistics": "/statistics/",
    "admin": "/admin/",
    "health": "/healthz",
    "tour": "/demo",
    "messages": "/demo/messages",
    "time": "/demo/time",
    "style": "/style",
}


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """Where the demo keeps its files and on which port it serves."""

    folder: Path
    port: int

    @property
    def settings(self) -> Settings:
        """Give the settings of this demo."""
        return Settings.for_demo(self.folder, self.port)


def start_demo(place: DemoPlace, *, reset: bool, announce: Callable[[dict[str, Any]], None]) -> None:
    """Prepare what is missing, tell how to sign in, serve until Ctrl-C; keeps earlier data."""
    check_folder(place.folder)
    if reset:
        forget(place.folder)
    access = prepare(place)
    announce(access)
    _start_keeper(place)
    settings = place.settings
    serve(
        lambda: create_app(settings, clock=open_clock(settings.clock_file)),
        bind=_addresses(place.port),
        workers=1,
        threads=8,
    )


def _start_keeper(place: DemoPlace) -> None:
    """Fill the past, send messages and travel in a process of its own, which ends when this one is gone."""
    command = [sys.executable, "-m", "pro_app.demo.keeper", str(place.folder), str(place.port)]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 -- our own module


def prepare(place: DemoPlace) -> dict[str, Any]:
    """Migrate the stores and make the people to be, once; gives addresses and sign-ins."""
    rules = read_definition(PROTOCOL).sha256
    known = load_access(place.folder) or {}
    if known.get("protocol_sha256") != rules or "first_at" not in known:
        # A first start that was cut short begins again, and so do lives that were led under other rules.
        forget(place.folder)
    settings = place.settings
    database = open_database(settings.database_url)
    vault_database = open_database(settings.contacts_database_url)
    migrate(database, "main")
    migrate(vault_database, "contacts")
    access = load_access(place.folder) or _make_people(
        settings, ContactVault(vault_database, settings.contacts_key), now=system_clock()
    )
    with database.writing() as session:
        give_second_factors(
            session, access["staff"], secret_key=settings.secret_key, now=open_clock(settings.clock_file)()
        )
    access |= {"base_url": settings.public_url, "faces": FACES, "protocol_sha256": rules}
    save_access(place.folder, access)
    database.engine.dispose()
    vault_database.engine.dispose()
    return access


def _make_people(settings: Settings, vault: ContactVault, *, now: datetime) -> dict[str, Any]:
    database = open_database(settings.database_url)
    with database.writing() as session:
        study = load_study(session, protocol_path=PROTOCOL, actor=DEMO_ACTOR, now=now)
        protocol = load_current_protocol(session, study.id)
        site_ids = make_sites(
            session, study_id=study.id, zone=protocol.default_zone, actor=DEMO_ACTOR, now=now
        )
        ends_at = end_of_day(protocol.trial.planned_end_on, protocol.default_zone)
        staff = make_staff(session, study_id=study.id, site_ids=site_ids, ends_at=ends_at, now=now)
        write_addresses(session, staff, vault=vault, now=now)
        invite_colleague(
            session,
            study_id=study.id,
            site_id=site_ids[HOME_SITE],
            vault=vault,
            secret_key=settings.secret_key,
            now=now,
        )
        people: dict[str, Any] = {
            "site_id": site_ids[HOME_SITE],
            "protocol": protocol,
            "vault": vault,
            "secret_key": settings.secret_key,
            "now": now,
        }
        return {
            "study": study.study_code,
            "first_at": now.isoformat(),
            "first_day": civil_date(now, protocol.default_zone).isoformat(),
            "last_day": protocol.trial.planned_end_on.isoformat(),
            "staff": staff,
            "participant": make_participant_to_try(session, **people),
            "new_card": make_card_to_try(session, **people),
        }


def _addresses(port: int) -> list[str]:
    """Give the loopback addresses to listen on, the newer kind too where the machine has it."""
    addresses = [f"127.0.0.1:{port}"]
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return addresses
    return [*addresses, f"[::1]:{port}"]
