"""The hash chain (pure): a digest covers an entry's metadata, its payload's digest and the one before."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

FIRST_DIGEST = "0" * 64
"""What the first entry of a chain is chained to."""
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""Writes what is digested in the one way that counts."""


@dataclass(frozen=True, slots=True)
class ChainLink:
    """The metadata of one entry; `at` is ISO 8601 in UTC with microseconds."""

    chain: str
    sequence: int
    at: str
    actor: str
    role: str
    action: str
    subject_ref: str
    reason: str | None
    request_id: str
    app_version: str
    payload_digest: str
    previous_digest: str


def payload_digest(salt: str, items: list[dict[str, Any]]) -> str:
    """Digest a payload with its salt, so that short values cannot be guessed from the digest."""
    return hashlib.sha256(f"{salt}:{_canonical(items)}".encode()).hexdigest()


def link_digest(link: ChainLink) -> str:
    """Digest one entry, its predecessor's digest included."""
    return hashlib.sha256(_canonical(asdict(link)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One place where a chain does not hold, in words."""

    chain: str
    sequence: int
    what: str


def check_chain(links: Iterable[tuple[ChainLink, str]]) -> list[ChainFault]:
    """Check one chain in order, each link with its stored digest; an intact chain gives an empty list."""
    faults: list[ChainFault] = []
    previous, expected_sequence = FIRST_DIGEST, 1
    for link, digest in links:
        if link.sequence != expected_sequence:
            faults.append(ChainFault(link.chain, link.sequence, f"entry {expected_sequence} is missing"))
        if link.previous_digest != previous:
            faults.append(ChainFault(link.chain, link.sequence, "does not follow the entry before it"))
        if link_digest(link) != digest:
            faults.append(ChainFault(link.chain, link.sequence, "was changed"))
        previous, expected_sequence = digest, link.sequence + 1
    return faults
