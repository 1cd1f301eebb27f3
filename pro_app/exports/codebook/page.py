"""The codebook as a page of its own that needs nothing from anywhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pro_app.exports.codebook.codes import Code, group_codes
from pro_app.exports.codebook.format_notes import FORMAT_NOTES, FormatNote
from pro_app.exports.codebook.scales import ScaleFacts
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import TableDefinition

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_codebook(
    manifest: Mapping[str, object],
    codes: Sequence[Code],
    *,
    scales: Sequence[ScaleFacts] = (),
    notes: Sequence[FormatNote] = FORMAT_NOTES,
    tables: Sequence[TableDefinition] = TABLES,
) -> str:
    """Write the page; `manifest` is what manifest.build_manifest gives, its remarks come first.

    `notes` say how to read the formats that stand beside it.
    """
    template = _TEMPLATES.get_template("codebook.html.jinja")
    return template.render(
        manifest=manifest, notes=notes, tables=tables, scales=scales, lists=group_codes(codes)
    )
