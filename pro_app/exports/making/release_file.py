"""`release.json`: what stands behind a release apart from its tables, so that it reads back as it was."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.errors import NotFound
from pro_app.exports.manifest import Provenance, UsedInstrument, UsedWording
from pro_app.exports.release import Demographics, Release, WordedInstrument
from pro_app.instruments.parse import read_instrument
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.parse import read_protocol

NAME = "release.json"
DEFINITIONS = "definitions"
FORMAT = "pro-app release source 1"


@dataclass(frozen=True, slots=True)
class KeptDefinition:
    """A protocol or instrument definition as it is stored; `kind` is `protocol` or `instrument`."""

    kind: str
    code: str
    version: str
    text: str

    @property
    def name(self) -> str:
        """The file's name in the release."""
        return f"{DEFINITIONS}/{self.kind}s/{self.code}-{self.version}.yaml"


def write_release_file(
    folder: Path, release: Release, *, definitions: Iterable[KeptDefinition], remarks_of_data: int
) -> None:
    """Write `release.json` and the definitions into `folder`; wording packs are only named, by their hash.

    `remarks_of_data` is how many of the first rows of the table of remarks are about the data themselves.
    """
    for definition in definitions:
        path = folder / definition.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(definition.text, encoding="utf-8", newline="")
    data = _describe(release) | {"remarks_of_data": remarks_of_data}
    (folder / NAME).write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_release_file(folder: Path, *, load_wording: Callable[[str], WordingPack]) -> tuple[Release, int]:
    """Read back what `write_release_file` wrote; `load_wording` gives a wording pack by its hash.

    Raises NotFound where a definition is not among the files, DefinitionRejected for one that this version
    of the software cannot read any more.
    """
    data = json.loads((folder / NAME).read_text(encoding="utf-8"))
    files = {
        definition.sha256: definition
        for path in sorted((folder / DEFINITIONS).rglob("*.yaml"))
        for definition in (read_definition(path),)
    }
    release = Release(
        provenance=_read_provenance(data),
        number=data["number"],
        reason=data["reason"],
        protocol=read_protocol(_find(files, data["protocol"]["sha256"])),
        instruments=tuple(_read_worded(entry, files, load_wording) for entry in data["instruments"]),
        demographics={code: Demographics(**said) for code, said in data["demographics"].items()},
    )
    return release, data["remarks_of_data"]


def _describe(release: Release) -> dict[str, Any]:
    provenance = release.provenance
    return {
        "format": FORMAT,
        "study": provenance.study,
        "study_mode": provenance.study_mode,
        "number": release.number,
        "reason": release.reason,
        "purpose": provenance.purpose,
        "made_at": provenance.made_at.isoformat(),
        "made_by": provenance.made_by,
        "app_version": provenance.app_version,
        "protocol": {"version": provenance.protocol_version, "sha256": provenance.protocol_sha256},
        "instruments": [_describe_worded(worded) for worded in release.instruments],
        "used_instruments": [asdict(used) for used in provenance.instruments],
        "used_wordings": [asdict(used) for used in provenance.wordings],
        "demographics": {code: asdict(said) for code, said in sorted(release.demographics.items())},
    }


def _describe_worded(worded: WordedInstrument) -> dict[str, Any]:
    return {
        "sha256": worded.instrument.sha256,
        "scoring": worded.scoring.name,
        "wordings": {language: pack.sha256 for language, pack in worded.wordings.items()},
    }


def _read_provenance(data: Mapping[str, Any]) -> Provenance:
    return Provenance(
        study=data["study"],
        study_mode=data["study_mode"],
        protocol_version=data["protocol"]["version"],
        protocol_sha256=data["protocol"]["sha256"],
        instruments=tuple(UsedInstrument(**used) for used in data["used_instruments"]),
        wordings=tuple(UsedWording(**used) for used in data["used_wordings"]),
        purpose=data["purpose"],
        made_at=datetime.fromisoformat(data["made_at"]),
        made_by=data["made_by"],
        app_version=data["app_version"],
    )


def _read_worded(
    entry: Mapping[str, Any],
    files: Mapping[str, DefinitionFile],
    load_wording: Callable[[str], WordingPack],
) -> WordedInstrument:
    instrument = read_instrument(_find(files, entry["sha256"]))
    wordings = {language: load_wording(sha256) for language, sha256 in entry["wordings"].items()}
    return WordedInstrument(instrument, instrument.scoring(entry["scoring"]), wordings)


def _find(files: Mapping[str, DefinitionFile], sha256: str) -> DefinitionFile:
    if sha256 not in files:
        raise NotFound("definition")
    return files[sha256]
