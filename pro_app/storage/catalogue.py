"""Definitions by their SHA-256: read once, then kept, since a hash never changes meaning."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from pro_app.definitions.files import DefinitionFile, parse_definition_text
from pro_app.errors import NotFound
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.parse import read_instrument, read_wording
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.parse import read_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.storage.tables.definitions import StoredDefinition

T = TypeVar("T")

_instruments: dict[str, Instrument] = {}
_wordings: dict[str, WordingPack] = {}
known_protocols: dict[str, Protocol] = {}
"""The protocol versions that were read before; long lists look here first."""


def load_instrument(session: Session, sha256: str) -> Instrument:
    """Give the instrument stored under `sha256`."""
    return _read_once(session, sha256, known=_instruments, read=read_instrument)


def load_wording(session: Session, sha256: str) -> WordingPack:
    """Give the wording pack stored under `sha256`."""
    return _read_once(session, sha256, known=_wordings, read=read_wording)


def load_protocol(session: Session, sha256: str) -> Protocol:
    """Give the protocol version stored under `sha256`."""
    return _read_once(session, sha256, known=known_protocols, read=read_protocol)


def _read_once(
    session: Session, sha256: str, *, known: dict[str, T], read: Callable[[DefinitionFile], T]
) -> T:
    if sha256 not in known:
        stored = session.get(StoredDefinition, sha256)
        if stored is None:
            raise NotFound("definition")
        known[sha256] = read(parse_definition_text(stored.text, source=f"{stored.code} {stored.version}"))
    return known[sha256]
