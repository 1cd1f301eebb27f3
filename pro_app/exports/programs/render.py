"""The programs of a release, made from templates for its tables; all paths are relative to the release."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pro_app.exports.release import Release
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import Column, TableDefinition
from pro_app.exports.tables.remarks import REMARKS
from pro_app.exports.times import render_time

PROGRAMS = ("read_release.R", "read_release.sas")
_FREE_TEXT = {
    (AUDIT_TRAIL.name, "before"),
    (AUDIT_TRAIL.name, "after"),
    (AUDIT_TRAIL.name, "reason"),
    (REMARKS.name, "remark_fr"),
    (REMARKS.name, "remark_en"),
}
_SAS_LONG, _SAS_SHORT = 4000, 80
"""Lengths of text in SAS, which wants to know them beforehand."""

_SAS_INFORMATS: Mapping[str, str] = {
    "integer": "best32.",
    "number": "best32.",
    "flag": "best32.",
    "date": "yymmdd10.",
    "datetime": "e8601dz24.3",
}
_SAS_FORMATS: Mapping[str, str] = {"date": "yymmdd10.", "datetime": "e8601dt23.3"}


def render_programs(release: Release, *, tables: Sequence[TableDefinition] = TABLES) -> dict[str, str]:
    """Give the text of each program by its file name; they belong into the folder `programs`.

    Both read `tables/csv`, and whatever they find of `tables/spss`, `tables/stata` and `cdisc`; they count
    the completion table and mean scores by visit from the rows of `assessments` and `scores`.
    """
    made = release.provenance
    title = f"{made.study}, {'release ' + str(release.number) if release.number is not None else 'extract'}"
    return {
        name: _TEMPLATES.get_template(f"{name}.jinja").render(
            title=f"{title}, {render_time(made.made_at)}", version=made.app_version, tables=tables
        )
        for name in PROGRAMS
    }


def write_programs(folder: Path, release: Release) -> None:
    """Write the programs into a folder, with line ends as on Unix on every system."""
    for name, text in render_programs(release).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _sas_length(column: Column, table: str) -> str:
    return (
        f"${_SAS_LONG if (table, column.name) in _FREE_TEXT else _SAS_SHORT}"
        if column.type == "text"
        else "8"
    )


def _sas_quote(text: str) -> str:
    """Write a text between single quotes, where SAS looks for no macros."""
    return "'" + text.replace("'", "''") + "'"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=False,  # noqa: S701 -- these are programs and no pages, and what they quote is ours
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters |= {"sas_length": _sas_length, "sas_quote": _sas_quote}
_TEMPLATES.globals |= {"sas_informats": _SAS_INFORMATS, "sas_formats": _SAS_FORMATS}
