"""Taking a licensed wording into the database: checked completely, stored under its hash, not yet in use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.definitions.files import DefinitionFile, parse_definition_text
from pro_app.errors import DefinitionRejected, InputRejected
from pro_app.instruments.check import check_wording
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.pack_check import check_pack
from pro_app.instruments.pack_files.pack_file import PackFile
from pro_app.instruments.parse import read_wording
from pro_app.instruments.wording import WordingPack
from pro_app.language import mark
from pro_app.services.stored_definitions import store_definition
from pro_app.services.wording_packs.records import PackRecord, load_pack
from pro_app.storage.catalogue import load_instrument
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.wording_packs import ImportedWording

_LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """The pack, and whether this import was the first of it."""

    record: PackRecord
    is_new: bool


def import_pack(session: Session, pack: PackFile, *, study_id: int, actor: Actor, now: datetime) -> Imported:
    """Store a sound pack for a study, where it waits to be approved; the same text again changes nothing.

    Raises InputRejected with every problem of the pack by its place in the file; nothing is stored then.
    """
    instrument = _find_instrument(session, pack)
    problems = check_pack(pack.definition, instrument, placeholders=list_placeholders(session, instrument))
    if problems:
        raise pack.reject(problems)
    # What is stored is read once more: a text that would come back otherwise must not be approved.
    stored = parse_definition_text(pack.definition.text, pack.definition.source)
    if stored.data != pack.definition.data:
        message = mark("The text cannot be kept exactly as it stands: write the pack as YAML.")
        raise pack.reject([stored.problem(message, ())])
    wording = read_wording(pack.definition)
    try:
        store_definition(session, pack.definition, describe_wording(wording), now=now)
    except DefinitionRejected as rejected:
        raise InputRejected(rejected.problems) from rejected
    session.flush()
    row_id, is_new = register_pack(
        session, wording, study_id=study_id, source=pack.definition.path, actor=actor, now=now
    )
    return Imported(load_pack(session, study_id=study_id, pack_id=row_id), is_new)


def register_pack(
    session: Session, wording: WordingPack, *, study_id: int, source: Path, actor: Actor, now: datetime
) -> tuple[int, bool]:
    """Note that a stored pack waits for approval in a study; gives the key and whether that is new."""
    known = session.scalar(
        select(ImportedWording.id).filter_by(study_id=study_id, wording_sha256=wording.sha256)
    )
    if known is not None:
        return known, False
    row = ImportedWording(
        study_id=study_id,
        instrument_code=wording.instrument_code,
        instrument_version=wording.instrument_version,
        wording_sha256=wording.sha256,
        source_name=source.name[:_LONGEST_SOURCE],
        imported_at=now,
        imported_by=f"{actor.reference} ({actor.role})",
    )
    session.add(row)
    session.flush()
    said = {
        "pack": wording.pack,
        "instrument": f"{wording.instrument_code} {wording.instrument_version}",
        "language": wording.language,
        "sha256": wording.sha256,
        "licence_reference": wording.licence_reference,
        "source": row.source_name,
    }
    items = [{"field": name, "before": None, "after": value} for name, value in said.items()]
    record_change(
        session, Change("wording.import", f"wording:{row.id}", items), actor=actor, site_id=None, now=now
    )
    return row.id, True


def describe_wording(wording: WordingPack) -> StoredDefinition:
    """Say under which name a pack is stored: that of its instrument, then its own."""
    return StoredDefinition(
        kind="wording",
        code=f"{wording.instrument_code}/{wording.pack}",
        version=wording.instrument_version,
        language=wording.language,
    )


def list_placeholders(session: Session, instrument: Instrument) -> list[DefinitionFile]:
    """List the placeholder packs that are stored for an instrument."""
    return [d for d in _list_stored(session, instrument) if d.data.get("placeholder") is True]


def _list_stored(session: Session, instrument: Instrument) -> Iterable[DefinitionFile]:
    stored = session.scalars(
        select(StoredDefinition)
        .where(StoredDefinition.kind == "wording", StoredDefinition.version == instrument.version)
        .where(StoredDefinition.code.startswith(f"{instrument.code}/", autoescape=True))
        .order_by(StoredDefinition.stored_at, StoredDefinition.code)
    )
    return [parse_definition_text(row.text, source=row.code) for row in stored]


def _find_instrument(session: Session, pack: PackFile) -> Instrument:
    """Give the instrument that the pack names, as the studies here use it; raises InputRejected."""
    named = pack.definition.data.get("instrument")
    code, version = (named.get("code"), named.get("version")) if isinstance(named, dict) else (None, None)
    sha256 = None
    if isinstance(code, str) and isinstance(version, str):
        sha256 = find_instrument_sha256(session, code, version)
    if sha256 is None:
        message = mark("No study here uses the questionnaire “%(code)s” in version “%(version)s”.")
        problem = pack.definition.problem(
            message, ("instrument",), code=str(code)[:60], version=str(version)[:20]
        )
        raise pack.reject([problem, *check_wording(pack.definition)])
    return load_instrument(session, sha256)
