"""The manifest of a dataset: what it was made from, when, by whom, what for, and the sum of each file."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pro_app.exports.archive import ArchivedFile
from pro_app.exports.times import render_time

FORMAT = "pro-app dataset 1"

PLACEHOLDER_REMARK = {
    "fr": (
        "Textes provisoires : les libellés affichés n’étaient pas ceux des questionnaires officiels. "
        "Ces données ne servent qu’à essayer l’application."
    ),
    "en": (
        "Placeholder wording: the labels shown were not those of the official questionnaires. "
        "These data only serve to try the app."
    ),
}
TEST_REMARK = {
    "fr": "L’étude est en mode test : ces données ne doivent servir à aucune analyse.",
    "en": "The study is in test mode: these data must not serve any analysis.",
}


@dataclass(frozen=True, slots=True)
class UsedInstrument:
    """An instrument definition that stands behind the data, and how the protocol scores it."""

    code: str
    version: str
    scoring: str
    sha256: str


@dataclass(frozen=True, slots=True)
class UsedWording:
    """A wording pack that was shown, or is in use."""

    instrument: str
    instrument_version: str
    language: str
    pack: str
    placeholder: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that the manifest says before the files are known; `made_by` is a reference, no name."""

    study: str
    study_mode: str
    protocol_version: str
    protocol_sha256: str
    instruments: tuple[UsedInstrument, ...]
    wordings: tuple[UsedWording, ...]
    purpose: str
    made_at: datetime
    made_by: str
    app_version: str


def build_manifest(provenance: Provenance, files: Iterable[ArchivedFile] = ()) -> dict[str, Any]:
    """Give the manifest as plain data, in a fixed order."""
    remarks = [TEST_REMARK] if provenance.study_mode == "test" else []
    if any(wording.placeholder for wording in provenance.wordings):
        remarks.append(PLACEHOLDER_REMARK)
    return {
        "format": FORMAT,
        "study": provenance.study,
        "study_mode": provenance.study_mode,
        "purpose": provenance.purpose,
        "made_at": render_time(provenance.made_at),
        "made_by": provenance.made_by,
        "app_version": provenance.app_version,
        "remarks": remarks,
        "protocol": {"version": provenance.protocol_version, "sha256": provenance.protocol_sha256},
        "instruments": [asdict(instrument) for instrument in provenance.instruments],
        "wordings": [asdict(wording) for wording in provenance.wordings],
        "files": [asdict(file) for file in files],
    }


def render_manifest(manifest: dict[str, Any]) -> bytes:
    """Write the manifest as indented JSON in UTF-8."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
