"""The tables of a dataset while it is being made: frame after frame on disk, never all in memory."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pro_app.exports.frames import check_frame
from pro_app.exports.tables.column import TableDefinition


class Spool:
    """Tables as they grow in `folder`, each a row of numbered Arrow files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, list[Path]] = {}
        self._rows: dict[str, int] = {}

    def add(self, table: TableDefinition, frame: pl.DataFrame) -> None:
        """Add rows to a table; raises ValueError where they are not of its columns and types."""
        check_frame(table, frame)
        parts = self._parts.setdefault(table.name, [])
        path = self._folder / f"{table.name}-{len(parts):06}.arrow"
        frame.write_ipc(path, compression="lz4")
        parts.append(path)
        self._rows[table.name] = self.rows(table.name) + frame.height

    def rows(self, name: str) -> int:
        """Count the rows of a table so far."""
        return self._rows.get(name, 0)

    def frames(self, name: str) -> Iterator[pl.DataFrame]:
        """Give the frames of a table in the order in which they came."""
        for path in self._parts.get(name, ()):
            yield pl.read_ipc(path)
