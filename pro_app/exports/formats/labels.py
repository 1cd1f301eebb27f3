"""The words that SPSS and Stata files carry: for the file, its columns and their values, in French."""

from collections.abc import Iterable

from pro_app.exports.codebook.codes import Code, group_codes, list_codes
from pro_app.exports.release import Release
from pro_app.exports.tables.column import Column, TableDefinition

FLAG_LABELS: dict[str | int, str] = {0: "Non", 1: "Oui"}
_MOMENT_ZONE = " (UTC)"
"""Neither SPSS nor Stata knows time zones."""


def write_file_label(table: TableDefinition, release: Release) -> str:
    """Say which study, release and table a file is from."""
    made_on = release.provenance.made_at.date().isoformat()
    number = f"gel {release.number}" if release.number is not None else f"extrait {made_on}"
    return f"{release.provenance.study}, {number} : {table.name}"


def write_column_label(column: Column) -> str:
    """Give the words for a column."""
    return column.fr + (_MOMENT_ZONE if column.type == "datetime" else "")


def list_value_labels(
    table: TableDefinition, release: Release, visit_codes: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Give the labels of codes by column; a code that means two things, in two questionnaires, has none.

    Of the visits only those of `visit_codes` are named, since a series has no end.
    """
    lists = group_codes(list_codes(release.protocol, release.instruments, visit_codes))
    coded = (column for column in table.columns if column.codes)
    labels = {column.name: _unambiguous(lists.get(column.codes, ())) for column in coded}
    return {name: found for name, found in labels.items() if found}


def _unambiguous(codes: Iterable[Code]) -> dict[str, str]:
    meanings: dict[str, set[str]] = {}
    for code in codes:
        meanings.setdefault(code.code, set()).add(code.fr)
    return {code: words.pop() for code, words in meanings.items() if len(words) == 1 and words != {""}}
