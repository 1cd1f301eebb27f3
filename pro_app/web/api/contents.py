"""Which files of a release are its tables and its CDISC datasets."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from pro_app.services.releases.contents import list_table_files

Formats = dict[str, dict[str, str]]
"""Name of a table or dataset -> format -> name of the file in the ZIP."""

DATASET_FORMATS = ("xpt", "json")


def find_tables(members: Iterable[str]) -> Formats:
    """Find the tidy tables among the files of a release."""
    there = set(members)
    found: Formats = {}
    for (table, form), name in list_table_files().items():
        if name in there:
            found.setdefault(table, {})[form] = name
    return found


def find_datasets(members: Iterable[str]) -> Formats:
    """Find the CDISC datasets (DM, QS, ADQS …) among the files of a release, their names in capitals."""
    found: Formats = {}
    for member in members:
        path = PurePosixPath(member)
        form = path.suffix.removeprefix(".")
        if path.parts[0] == "cdisc" and form in DATASET_FORMATS:
            found.setdefault(path.stem.upper(), {})[form] = member
    return found
