"""What a dataset was made from: the protocol, the instruments and the wording packs behind its answers."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.exports.manifest import Provenance, UsedInstrument, UsedWording
from pro_app.exports.release import Demographics, Release, WordedInstrument
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.wording import WordingPack
from pro_app.language import LANGUAGES
from pro_app.protocol.protocol import Protocol
from pro_app.services.studies import load_current_protocol
from pro_app.storage.catalogue import load_instrument, load_protocol, load_wording
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.queries.dataset import (
    list_adopted_protocols,
    list_used_definitions,
    list_wordings_in_use,
)
from pro_app.storage.tables.studies import Study


def describe_provenance(
    session: Session, study: Study, *, purpose: str, actor: Actor, now: datetime
) -> Provenance:
    """Gather what the manifest says: definitions that are in use, or stand behind an answer."""
    protocol = load_current_protocol(session, study.id)
    instrument_hashes, wording_hashes = list_used_definitions(session, study.id)
    in_use = [wording.wording_sha256 for wording in list_wordings_in_use(session, study.id)]
    return Provenance(
        study=study.study_code,
        study_mode=study.mode,
        protocol_version=protocol.version,
        protocol_sha256=protocol.sha256,
        instruments=_list_instruments(session, protocol, instrument_hashes),
        wordings=_list_wordings(session, {*wording_hashes, *in_use}),
        purpose=purpose,
        made_at=now,
        made_by=f"{actor.reference} ({actor.role})",
        app_version=version("pro-app"),
    )


def describe_release(
    session: Session,
    study: Study,
    *,
    purpose: str,
    actor: Actor,
    now: datetime,
    number: int | None = None,
    reason: str = "",
    demographics: Mapping[str, Demographics] | None = None,
) -> Release:
    """Gather what stands behind a release of what `session` sees; without a `number` it is only a look."""
    protocol = load_current_protocol(session, study.id)
    return Release(
        provenance=describe_provenance(session, study, purpose=purpose, actor=actor, now=now),
        number=number,
        reason=reason,
        protocol=protocol,
        instruments=tuple(list_worded_instruments(session, study.id, protocol)),
        demographics=demographics or {},
    )


def list_worded_instruments(session: Session, study_id: int, protocol: Protocol) -> list[WordedInstrument]:
    """List the instruments of the protocol in their order, each with its wording by language.

    Then come, by code and version, those of other protocol versions of the study and of its answers.
    """
    instruments = [load_instrument(session, sha256) for sha256 in _list_hashes(session, study_id, protocol)]
    scoring = {reference.code: reference.scoring for reference in protocol.instruments}
    packs = _list_packs(session, study_id)
    worded = []
    for instrument in instruments:
        wanted = scoring.get(instrument.code)
        known = wanted if wanted in instrument.scoring_definitions else None
        own = packs.get((instrument.code, instrument.version), {})
        wordings = {language: own[language] for language in LANGUAGES if language in own}
        worded.append(WordedInstrument(instrument, instrument.scoring(known), wordings))
    return worded


def _list_hashes(session: Session, study_id: int, protocol: Protocol) -> list[str]:
    """List the SHA-256 of the instruments that the data of the study may name, the protocol's first."""
    adopted = [load_protocol(session, sha256) for sha256 in list_adopted_protocols(session, study_id)]
    named, older = (
        [find_instrument_sha256(session, reference.code, reference.version) for reference in references]
        for references in (protocol.instruments, [r for version in adopted for r in version.instruments])
    )
    used, _wordings = list_used_definitions(session, study_id)
    others = {sha256 for sha256 in (*older, *used) if sha256} - set(named)
    return [sha256 for sha256 in named if sha256] + sorted(
        others, key=lambda sha256: _name(load_instrument(session, sha256))
    )


def _name(instrument: Instrument) -> tuple[str, str, str]:
    return instrument.code, instrument.version, instrument.sha256


def _list_packs(session: Session, study_id: int) -> dict[tuple[str, str], dict[str, WordingPack]]:
    """Give the wording of each version of an instrument by language: the one in use, else one of answers."""
    _instruments, used = list_used_definitions(session, study_id)
    in_use = [row.wording_sha256 for row in list_wordings_in_use(session, study_id)]
    packs: dict[tuple[str, str], dict[str, WordingPack]] = {}
    for pack in (load_wording(session, sha256) for sha256 in (*in_use, *used)):
        own = packs.setdefault((pack.instrument_code, pack.instrument_version), {})
        own.setdefault(pack.language, pack)
    return packs


def _list_instruments(
    session: Session, protocol: Protocol, used_hashes: list[str]
) -> tuple[UsedInstrument, ...]:
    """List the instruments of the protocol and any other version behind an answer, by code and version."""
    scoring = {reference.code: reference.scoring for reference in protocol.instruments}
    named = [find_instrument_sha256(session, r.code, r.version) for r in protocol.instruments]
    hashes = {*used_hashes, *(sha256 for sha256 in named if sha256)}
    instruments = [load_instrument(session, sha256) for sha256 in hashes]
    return tuple(
        UsedInstrument(i.code, i.version, scoring.get(i.code, i.default_scoring), i.sha256)
        for i in sorted(instruments, key=lambda i: (i.code, i.version, i.sha256))
    )


def _list_wordings(session: Session, hashes: set[str]) -> tuple[UsedWording, ...]:
    """List wording packs by instrument, language and name."""
    packs = [load_wording(session, sha256) for sha256 in hashes]
    return tuple(
        UsedWording(
            instrument=p.instrument_code,
            instrument_version=p.instrument_version,
            language=p.language,
            pack=p.pack,
            placeholder=p.placeholder,
            sha256=p.sha256,
        )
        for p in sorted(packs, key=lambda p: (p.instrument_code, p.language, p.pack, p.sha256))
    )
