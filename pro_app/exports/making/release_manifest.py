"""The manifest of a release: that of a dataset, with its number, its reason and everything remarked."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pro_app.exports.archive import ArchivedFile
from pro_app.exports.manifest import build_manifest
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

FORMAT = "pro-app release 1"


def build_release_manifest(
    release: Release, *, files: Iterable[ArchivedFile], remarks: Iterable[Remark], source_sha256: str
) -> dict[str, Any]:
    """Give the manifest as plain data, in a fixed order."""
    dataset = build_manifest(release.provenance, files) | {"format": FORMAT}
    said = {"format": FORMAT, "number": release.number, "reason": release.reason}
    listed = [
        {"code": code, "count": count, "fr": remark.fr, "en": remark.en}
        for code, remark, count in count_remarks(remarks)
    ]
    warnings = dataset.pop("remarks")
    parts = said | dataset | {"warnings": warnings, "remarks": listed, "source_sha256": source_sha256}
    return parts | {"files": parts.pop("files")}


def count_remarks(remarks: Iterable[Remark]) -> list[tuple[str, Remark, int]]:
    """Give each kind of remark once, in the words of the first one, with how many there are of it."""
    ordered = sorted(remarks, key=lambda remark: remark.code)
    grouped = ((code, list(same)) for code, same in groupby(ordered, key=lambda remark: remark.code))
    return [(code, same[0], len(same)) for code, same in grouped]
