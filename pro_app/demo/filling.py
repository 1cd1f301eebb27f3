"""Filling the demo's past years in a process of their own, behind the pages."""

import logging
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date, system_clock
from pro_app.demo.history import History, World
from pro_app.demo.people import HOME_SITE
from pro_app.demo.virtual_people import plan_virtual_people
from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.services.studies import load_current_protocol
from pro_app.settings import Settings
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study
from pro_app.web.demo.state import Progress, save_progress
from pro_app.worker import record_heartbeat

SEED = 146
REPORT_EVERY = 20
HOME_WEIGHT = 3
"""How many times more people than elsewhere the newcomer's own site enrols, so that its pages are full."""


def fill_history(settings: Settings) -> None:
    """Let the virtual years pass up to now; stops between two actions when the server has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end is noticed below
    server = os.getppid()
    logging.disable(logging.WARNING)  # a virtual person without an address is no news
    now = system_clock()
    history = History(make_world(open_post_office(settings)), until=now)
    protocol = history.world.protocol
    people = plan_virtual_people(
        protocol,
        seed=SEED,
        count=protocol.trial.planned_participants or SEED,
        site_codes=sorted(history.world.site_ids) + [HOME_SITE] * HOME_WEIGHT,
        today=civil_date(now, protocol.default_zone),
    )
    for person in people:
        history.add_person(person)

    def report(at: datetime) -> None:
        if os.getppid() != server:
            raise SystemExit
        if history.done % REPORT_EVERY == 0:
            with (
                history.database.writing() as session
            ):  # it is this process that sends until the past is filled
                record_heartbeat(session, now=system_clock())
            total = history.done + history.waiting
            save_progress(
                settings.data_folder, Progress(history.done, total, at.date().isoformat(), finished=False)
            )

    history.run(report)
    finished = Progress(history.done, history.done, now.date().isoformat(), finished=True)
    save_progress(settings.data_folder, finished)
    history.database.engine.dispose()


def make_world(office: PostOffice) -> World:
    """Give the world of the demo's study: every site, and the nurse who stands in everywhere."""
    with office.database.reading() as session:
        study = session.scalars(select(Study).order_by(Study.id)).first()
        if study is None:
            raise RuntimeError("the demo's study is not loaded")
        protocol = load_current_protocol(session, study.id)
        site_ids = {site.site_code: site.id for site in session.scalars(select(Site))}
        nurse_id = session.scalars(select(Account.id).where(Account.username == "infirmiere")).one()
    return World(
        office=office,
        protocol=protocol,
        study_id=study.id,
        site_ids=site_ids,
        nurses={code: _nurse(study.id, site_id, nurse_id) for code, site_id in site_ids.items()},
    )


def _nurse(study_id: int, site_id: int, account_id: int) -> Actor:
    """Give the nurse of a site as an actor; the demo has one nurse's account, who stands in everywhere."""
    return Actor(
        kind="staff",
        role="nurse",
        request_id="demo",
        study_id=study_id,
        site_ids=frozenset({site_id}),
        account_id=account_id,
    )


if __name__ == "__main__":
    fill_history(Settings.for_demo(Path(sys.argv[1]), int(sys.argv[2])))
