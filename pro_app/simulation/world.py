"""Where virtual years pass: the stores, the post office, the study, its sites, who stands in for nurses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor, system_actor
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.dispatch import PostOffice
from pro_app.services.accounts import create_account
from pro_app.services.passwords import make_password
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.studies import load_current_protocol, load_study
from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

SITES = Path(__file__).parent / "sites.yaml"
FOUNDER = system_actor("simulation", "simulation")
VIRTUAL_NURSE = "virtual-nurse"


@dataclass(frozen=True)
class World:
    """The world of one study. `nurses` are the actors of the sites, by site code."""

    office: PostOffice
    protocol: Protocol
    study_id: int
    site_ids: Mapping[str, int]
    nurses: Mapping[str, Actor]

    @property
    def database(self) -> Database:
        """Give the store of the virtual years."""
        return self.office.database

    def find_nurse(self, session: Session, participant_id: int) -> Actor:
        """Give the nurse of the site that follows a participant now."""
        site_id = session.get_one(Participant, participant_id).site_id
        return next(nurse for nurse in self.nurses.values() if nurse.may_reach_site(self.study_id, site_id))


def found_study(database: Database, protocol_path: Path, *, now: datetime) -> None:
    """Load a study into an empty store, with all sites and one account that stands in for every nurse."""
    with database.writing() as session:
        study = load_study(session, protocol_path=protocol_path, actor=FOUNDER, now=now)
        protocol = load_current_protocol(session, study.id)
        make_sites(session, study_id=study.id, zone=protocol.default_zone, actor=FOUNDER, now=now)
        create_account(
            session,
            username=VIRTUAL_NURSE,
            display_name="Infirmière virtuelle",
            password=make_password(),
            language="fr",
            actor=FOUNDER,
            now=now,
        )


def make_sites(session: Session, *, study_id: int, zone: str, actor: Actor, now: datetime) -> dict[str, int]:
    """Make the sites of the list beside this module; gives their keys by code."""
    listed = yaml.safe_load(SITES.read_text(encoding="utf-8"))
    site_ids = {}
    for number, site in enumerate(listed, start=1):
        saved = save_site(
            session,
            SiteDetails(
                study_id=study_id,
                site_code=site["code"],
                name=site["name"],
                city=site["city"],
                zone=zone,
                telephone=f"04 65 71 {number:02} {(number * 37) % 100:02}",
                sender_label="Suivi à domicile",
            ),
            actor=actor,
            now=now,
        )
        site_ids[site["code"]] = saved.id
    return site_ids


def load_world(office: PostOffice, *, nurse: str = VIRTUAL_NURSE) -> World:
    """Give the world of the first study of a store; `nurse` is the account that stands in everywhere.

    Raises RuntimeError for a store without a study.
    """
    with office.database.reading() as session:
        study = session.scalars(select(Study).order_by(Study.id)).first()
        if study is None:
            raise RuntimeError("no study is loaded")
        protocol = load_current_protocol(session, study.id)
        site_ids = {site.site_code: site.id for site in session.scalars(select(Site))}
        nurse_id = session.scalars(select(Account.id).where(Account.username == nurse)).one()
    return World(
        office=office,
        protocol=protocol,
        study_id=study.id,
        site_ids=site_ids,
        nurses={code: _nurse(study.id, site_id, nurse_id) for code, site_id in site_ids.items()},
    )


def _nurse(study_id: int, site_id: int, account_id: int) -> Actor:
    """Give the nurse of a site as an actor."""
    return Actor(
        kind="staff",
        role="nurse",
        request_id="simulation",
        study_id=study_id,
        site_ids=frozenset({site_id}),
        account_id=account_id,
    )
