"""Addresses and ids of FHIR resources: name-based UUIDs, the same for the same content."""

import uuid

from pro_app.instruments.instrument import Instrument

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pro-app.example.invalid/fhir")
"""Everything below is a UUID of version 5 in here (RFC 9562), hence not random."""


def make_uuid(*parts: object) -> str:
    """Give the UUID that these parts always have."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))


def questionnaire_id(instrument: Instrument) -> str:
    """Give the id of a version of an instrument; its definition's hash is part of it."""
    return make_uuid("Questionnaire", instrument.code, instrument.version, instrument.sha256)


def questionnaire_url(instrument: Instrument) -> str:
    """Give the canonical address of an instrument, the same for all its versions."""
    return f"urn:uuid:{make_uuid('Questionnaire', instrument.code)}"


def options_system(instrument: Instrument, options: str) -> str:
    """Give the system of the codes of a set of response options."""
    return f"urn:uuid:{make_uuid('options', instrument.code, options)}"


def study_system(study: str, kind: str) -> str:
    """Give the system of a study's own identifiers and codes: participants, visits, modes, hashes."""
    return f"urn:uuid:{make_uuid('study', study, kind)}"


def link_id(instrument_code: str, number: int) -> str:
    """Give the link of an item: qlq-c30-q01."""
    return f"{instrument_code}-q{number:02}"


def block_link_id(instrument_code: str, block: str) -> str:
    """Give the link of the items under one instruction."""
    return f"{instrument_code}-{block}"
