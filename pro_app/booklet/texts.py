"""The definitions that the booklet shows: those of an installation, or those that come with the app."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.protocol import Protocol
from pro_app.services.protocol_versions import find_version_in_force
from pro_app.services.studies import find_study, load_study
from pro_app.services.study_files import read_study_files
from pro_app.services.wording_packs.records import list_packs, list_wordings_in_use
from pro_app.storage.catalogue import load_protocol, load_wording
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.studies import Study, StudyProtocol, StudyWording


@dataclass(frozen=True)
class StoredText:
    """One stored definition as its columns."""

    sha256: str
    kind: str
    code: str
    version: str
    language: str | None
    text: str


@dataclass(frozen=True)
class BookletTexts:
    """A protocol, and the wordings to show; `path` is its file where all of it comes from files.

    `approved` are the hashes of the texts that two people approved.
    """

    study_code: str
    protocol: Protocol
    wordings: tuple[WordingPack, ...]
    approved: frozenset[str] = frozenset()
    definitions: tuple[StoredText, ...] = ()
    path: Path | None = None

    def find_study_id(self, session: Session) -> int:
        """Give the key of the study where the texts were installed."""
        study = find_study(session, self.study_code)
        if study is None:
            raise NotFound("study")
        return study.id

    def list_shown(self, language: str) -> list[WordingPack]:
        """List the wordings in the order of the questionnaires, each in the language that is read."""
        shown = []
        for named in self.protocol.instruments:
            of_it = {
                w.language: w
                for w in reversed(self.wordings)
                if (w.instrument_code, w.instrument_version) == (named.code, named.version)
            }
            found = of_it.get(language) or of_it.get("fr")
            if found is None:
                raise NotFound("wording_pack")
            shown.append(found)
        return shown


def read_texts(protocol_path: Path) -> BookletTexts:
    """Read the texts that stand with a protocol file; raises DefinitionRejected."""
    files = read_study_files(protocol_path)
    wordings = tuple(pack.wording for pack in files.packs)
    return BookletTexts(files.protocol.code, files.protocol, wordings, path=protocol_path)


def load_texts(session: Session, study: Study, *, imported: bool = False) -> BookletTexts:
    """Give what the participants of a study read now; with `imported` what waits to be read instead.

    The newest imported text that nobody refused stands in for the one in use, since EORTC looks at the
    screens before they are approved.
    """
    protocol = load_protocol(session, find_version_in_force(session, study.id).sha256)
    in_use = list_wordings_in_use(session, study.id)
    wordings = {_place(used.wording): used.wording for used in in_use}
    approved = {used.wording.sha256 for used in in_use if used.is_approved}
    if imported:
        for pack in reversed(list_packs(session, study.id)):
            if pack.refused_at is None:
                wordings[_place(pack.wording)] = pack.wording
            if pack.is_approved:
                approved.add(pack.wording.sha256)
    hashes = [protocol.sha256, *(wording.sha256 for wording in wordings.values())]
    for named in protocol.instruments:
        sha256 = find_instrument_sha256(session, named.code, named.version)
        if sha256 is None:
            raise NotFound("instrument")
        hashes.append(sha256)
    return BookletTexts(
        study.study_code,
        protocol,
        tuple(wordings.values()),
        frozenset(approved),
        tuple(_read(session.get_one(StoredDefinition, sha256)) for sha256 in hashes),
    )


def install_texts(session: Session, texts: BookletTexts, *, actor: Actor, now: datetime) -> None:
    """Put the texts into an empty database, as those in use."""
    if texts.path is not None:
        load_study(session, protocol_path=texts.path, actor=actor, now=now)
        return
    for stored in texts.definitions:
        session.add(
            StoredDefinition(
                sha256=stored.sha256,
                kind=stored.kind,
                code=stored.code,
                version=stored.version,
                language=stored.language,
                text=stored.text,
                stored_at=now,
            )
        )
    study = Study(study_code=texts.study_code, title=texts.study_code, mode="test", created_at=now)
    session.add(study)
    session.flush()
    protocol = texts.protocol
    session.add(
        StudyProtocol(
            study_id=study.id, version=protocol.version, protocol_sha256=protocol.sha256, adopted_at=now
        )
    )
    for wording in texts.wordings:
        session.add(
            StudyWording(
                study_id=study.id,
                instrument_code=wording.instrument_code,
                instrument_version=wording.instrument_version,
                language=wording.language,
                wording_sha256=load_wording(session, wording.sha256).sha256,
                in_use_at=now,
            )
        )
    session.flush()


def _place(wording: WordingPack) -> tuple[str, str, str]:
    return wording.instrument_code, wording.instrument_version, wording.language


def _read(row: StoredDefinition) -> StoredText:
    return StoredText(row.sha256, row.kind, row.code, row.version, row.language, row.text)
