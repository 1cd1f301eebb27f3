"""Studies: taking a protocol with its instruments and wording packs into the database, finding them there."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.definitions.files import DefinitionFile
from pro_app.errors import NotFound
from pro_app.language import LANGUAGES
from pro_app.protocol.protocol import Protocol
from pro_app.services.protocol_versions import find_version_in_force, follow_latest_version
from pro_app.services.stored_definitions import store_definition
from pro_app.services.study_files import LoadedPack, StudyFiles, read_study_files
from pro_app.services.wording_packs.importing import register_pack
from pro_app.services.wording_packs.records import is_wording_approved
from pro_app.storage import catalogue
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.studies import Study, StudyProtocol, StudyWording


@dataclass
class _Load:
    """One run of `load_study`: its time, and what it changed so far."""

    session: Session
    now: datetime
    items: list[dict[str, str | None]] = field(default_factory=list)

    def note(self, name: str, value: str, *, before: str | None = None) -> None:
        """Note one change for the audit trail."""
        self.items.append({"field": name, "before": before, "after": value})


def load_study(session: Session, *, protocol_path: Path, actor: Actor, now: datetime) -> Study:
    """Store a protocol with its instruments and wording packs, and make its study use them.

    The study is made in test mode when it is new. Loading the same files again changes nothing. A further
    version changes nothing for the sites of a study that has participants: it waits to be applied.
    Raises DefinitionRejected: a broken definition, or one that changed under the same version.
    """
    files = read_study_files(protocol_path)
    load = _Load(session, now)
    for definition, kind, code, version, language in files.list_definitions():
        _store(load, definition, StoredDefinition(kind=kind, code=code, version=version, language=language))
    session.flush()
    study = _save_study(load, files)
    _adopt_protocol(load, study, files.protocol)
    for pack in files.packs:
        if not pack.wording.placeholder:
            register_pack(
                session,
                pack.wording,
                study_id=study.id,
                source=pack.definition.path,
                actor=actor,
                now=now,
            )
        _use_wording(load, study, pack)
    if load.items:
        change = Change("study.load", f"study:{study.id}", load.items)
        record_change(session, change, actor=actor, site_id=None, now=now)
    return study


def load_current_protocol(session: Session, study_id: int) -> Protocol:
    """Give the latest version that a site works under, for whatever is about the study as a whole.

    What is about a participant, or about a site, asks for the version of that one. Raises NotFound for an
    unknown study.
    """
    return catalogue.load_protocol(session, find_version_in_force(session, study_id).sha256)


_WORDINGS_IN_USE = select(StudyWording.language, StudyWording.wording_sha256).where(
    StudyWording.study_id == bindparam("study_id"),
    StudyWording.instrument_code == bindparam("code"),
    StudyWording.instrument_version == bindparam("version"),
    StudyWording.replaced_at.is_(None),
)
"""Made once: whoever begins an instrument asks it."""


def find_wording(
    session: Session, *, study_id: int, instrument_code: str, instrument_version: str, language: str
) -> str:
    """Find the SHA-256 of the wording pack in use, in `language` or else in the first language of the app.

    Raises NotFound where the study has neither.
    """
    instrument = {"study_id": study_id, "code": instrument_code, "version": instrument_version}
    rows = session.execute(_WORDINGS_IN_USE, instrument)
    in_use: dict[str, str] = {row.language: row.wording_sha256 for row in rows}
    sha256 = in_use.get(language) or in_use.get(LANGUAGES[0])
    if sha256 is None:
        raise NotFound("wording_pack")
    return sha256


def was_wording_in_use(
    session: Session, sha256: str, *, study_id: int, instrument_code: str, instrument_version: str
) -> bool:
    """Tell whether a wording pack is, or ever was, the study's for the instrument."""
    used = exists().where(
        StudyWording.study_id == study_id,
        StudyWording.instrument_code == instrument_code,
        StudyWording.instrument_version == instrument_version,
        StudyWording.wording_sha256 == sha256,
    )
    return bool(session.scalar(select(used)))


def find_study(session: Session, study_code: str) -> Study | None:
    """Find a study by its code, in any case of letters."""
    return session.scalar(select(Study).where(Study.study_code == study_code.lower()))


def list_studies(session: Session) -> list[Study]:
    """List every study by its code."""
    return list(session.scalars(select(Study).order_by(Study.study_code)))


def _store(load: _Load, definition: DefinitionFile, wanted: StoredDefinition) -> None:
    """Store a definition once, and note it where it is new."""
    if store_definition(load.session, definition, wanted, now=load.now):
        load.note(f"{wanted.kind}:{wanted.code}:{wanted.version}", definition.sha256)


def _save_study(load: _Load, files: StudyFiles) -> Study:
    """Make the study, or bring its title up to date."""
    study = find_study(load.session, files.protocol.code)
    if study is None:
        study = Study(study_code=files.protocol.code, title=files.title, mode="test", created_at=load.now)
        load.session.add(study)
        load.session.flush()
        load.note("mode", study.mode)
    elif study.title != files.title:
        load.note("title", files.title, before=study.title)
        study.title = files.title
    return study


def _adopt_protocol(load: _Load, study: Study, protocol: Protocol) -> None:
    """Adopt the protocol version, unless the study did so before."""
    adopted = load.session.scalar(
        select(StudyProtocol).where(
            StudyProtocol.study_id == study.id, StudyProtocol.version == protocol.version
        )
    )
    if adopted is not None:
        return
    load.session.add(
        StudyProtocol(
            study_id=study.id,
            version=protocol.version,
            protocol_sha256=protocol.sha256,
            adopted_at=load.now,
        )
    )
    load.session.flush()
    load.note("protocol_version", protocol.version)
    for site, before in follow_latest_version(load.session, study.id):
        left = catalogue.load_protocol(load.session, before).version
        load.note(f"site:{site.id}:protocol_version", protocol.version, before=left)


def _use_wording(load: _Load, study: Study, pack: LoadedPack) -> None:
    """Put a pack to use where its instrument has none in that language; one in use stays.

    In production no text comes into use that two people have not approved.
    """
    wording = pack.wording
    if study.mode == "production" and not is_wording_approved(
        load.session, study_id=study.id, sha256=wording.sha256
    ):
        return
    place = {
        "study_id": study.id,
        "instrument_code": wording.instrument_code,
        "instrument_version": wording.instrument_version,
        "language": wording.language,
    }
    in_use = load.session.scalar(
        select(StudyWording).filter_by(**place).where(StudyWording.replaced_at.is_(None))
    )
    if in_use is not None:
        return
    load.session.add(StudyWording(**place, wording_sha256=wording.sha256, in_use_at=load.now))
    load.session.flush()
    load.note(f"wording:{wording.instrument_code}:{wording.language}", wording.pack)
