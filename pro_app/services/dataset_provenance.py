"""What a dataset was made from: the protocol, the instruments and the wording packs behind its answers."""

from datetime import datetime
from importlib.metadata import version

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.exports.codebook import WordedInstrument
from pro_app.exports.manifest import Provenance, UsedInstrument, UsedWording
from pro_app.language import LANGUAGES
from pro_app.protocol.protocol import Protocol
from pro_app.services.studies import load_current_protocol
from pro_app.storage.catalogue import load_instrument, load_wording
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.queries.dataset import list_used_definitions, list_wordings_in_use
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


def list_worded_instruments(session: Session, study_id: int, protocol: Protocol) -> list[WordedInstrument]:
    """List the instruments of the protocol in their order, each with its wording by language."""
    packs = [load_wording(session, row.wording_sha256) for row in list_wordings_in_use(session, study_id)]
    worded = []
    for reference in protocol.instruments:
        sha256 = find_instrument_sha256(session, reference.code, reference.version)
        if sha256 is None:
            continue
        instrument = load_instrument(session, sha256)
        own = [
            pack
            for pack in packs
            if (pack.instrument_code, pack.instrument_version) == (instrument.code, instrument.version)
        ]
        wordings = {pack.language: pack for pack in own if pack.language in LANGUAGES}
        worded.append(WordedInstrument(instrument, instrument.scoring(reference.scoring), wordings))
    return worded


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
