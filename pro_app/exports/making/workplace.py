"""The place where a release is being made: its data, the folder of its files, and what was remarked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

Progress = Callable[[str, int, int], None]
"""Told the code of the step that begins, how many steps are done, and how many there are."""


def report_nothing(_step: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Workplace:
    """What a product needs; `folder` is laid out as the ZIP is, with the frozen source already in it.

    `remarks` are those of the data and of the products before; `rows` says of a file how many rows it has.
    """

    release: Release
    tables: FrozenTables
    folder: Path
    remarks: list[Remark]
    rows: dict[str, int] = field(default_factory=dict)

    def subfolder(self, name: str) -> Path:
        """Give a folder of the release, made if it is not there yet."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path
