"""The first page of a release: what it is, what to know before using it, and what is where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pro_app.exports.archive import ArchivedFile
from pro_app.exports.making.layout import SECTIONS, find_section
from pro_app.exports.making.purposes import WORDS
from pro_app.exports.making.release_manifest import count_remarks
from pro_app.exports.manifest import build_manifest
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_NAMELESS = ("", "")
_IN_THE_BOX = frozenset({"test_mode", "placeholder_wording"})
"""Remarks that stand in the box at the top already."""


@dataclass(frozen=True, slots=True)
class ListedSection:
    """One part of the ZIP on the page, with its files."""

    name: str
    fr: str
    en: str
    files: tuple[ArchivedFile, ...]


def render_first_page(release: Release, remarks: Sequence[Remark], files: Sequence[ArchivedFile]) -> str:
    """Write the page, which needs nothing from anywhere; French comes first, English below."""
    template = _TEMPLATES.get_template("first_page.html.jinja")
    return template.render(
        release=release,
        manifest=build_manifest(release.provenance),
        purpose=WORDS.get(release.provenance.purpose, (release.provenance.purpose,) * 2),
        remarks=[said for said in count_remarks(remarks) if said[0] not in _IN_THE_BOX],
        sections=_list_sections(files),
        title=release.protocol.title,
    )


def _list_sections(files: Sequence[ArchivedFile]) -> list[ListedSection]:
    """List the sections that have files, in the order of the archive."""
    by_section: dict[str, list[ArchivedFile]] = {}
    for file in files:
        by_section.setdefault(find_section(file.name), []).append(file)
    words = {section.name: (section.fr, section.en) for section in SECTIONS}
    return [
        ListedSection(name, *words.get(name, _NAMELESS), files=tuple(found))
        for name, found in by_section.items()
    ]
