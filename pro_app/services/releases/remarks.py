"""The remarks of a finished release, each kind once, as its page shows them."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.exports.frames import schema_of
from pro_app.exports.tables.remarks import REMARKS
from pro_app.services.releases.contents import find_archive
from pro_app.services.releases.records import ReleaseRecord

_FILE = "tables/csv/remarks.csv"


@dataclass(frozen=True, slots=True)
class GroupedRemark:
    """One remark in both languages, and how many rows of the table say it."""

    texts: Mapping[str, str]
    count: int


def list_grouped_remarks(session: Session, release: ReleaseRecord, *, folder: Path) -> list[GroupedRemark]:
    """List the remarks in the order of the archive's table; none where the archive is gone.

    The table in the archive also holds what single formats could not say.
    """
    try:
        path = find_archive(session, release, folder=folder)
    except NotFound:
        return []
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read(_FILE))
    names = schema_of(REMARKS).names()
    rows = pl.read_csv(content, schema=pl.Schema(dict.fromkeys(names, pl.String())))
    grouped = rows.group_by("remark_fr", "remark_en", maintain_order=True).agg(count=pl.len())
    return [GroupedRemark({"fr": fr, "en": en}, count) for fr, en, count in grouped.iter_rows()]
