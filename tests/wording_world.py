"""Importing, approving and using made-up packs through the services, as two members of staff."""

from datetime import datetime
from pathlib import Path
from typing import Any

from wording_packs import write_pack

from pro_app.audit.actor import Actor, system_actor
from pro_app.instruments.pack_files.reading import read_pack_file
from pro_app.services.wording_packs.approval import approve_pack, use_pack
from pro_app.services.wording_packs.importing import Imported, import_pack
from pro_app.services.wording_packs.records import PackRecord
from pro_app.storage.database import Database

COMMAND = system_actor("command", "wording")


def bring_in(
    database: Database,
    data: dict[str, Any],
    *,
    study_id: int,
    folder: Path,
    now: datetime,
    form: str = "yaml",
) -> Imported:
    """Write a pack and import it."""
    pack = read_pack_file(write_pack(folder, data, form))
    with database.writing() as session:
        return import_pack(session, pack, study_id=study_id, actor=COMMAND, now=now)


def approve(database: Database, pack_id: int, *, actor: Actor, now: datetime) -> PackRecord:
    """Approve a pack as one member of staff."""
    with database.writing() as session:
        return approve_pack(session, study_id=actor.study_id or 0, pack_id=pack_id, actor=actor, now=now)


def put_in_use(
    database: Database, data: dict[str, Any], *, people: tuple[Actor, Actor], folder: Path, now: datetime
) -> PackRecord:
    """Import a pack, let two people approve it, and put it in use."""
    study_id = people[0].study_id or 0
    pack_id = bring_in(database, data, study_id=study_id, folder=folder, now=now).record.pack_id
    for actor in people:
        approve(database, pack_id, actor=actor, now=now)
    with database.writing() as session:
        return use_pack(session, study_id=study_id, pack_id=pack_id, actor=people[0], now=now)
