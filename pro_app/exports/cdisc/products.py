"""All datasets of one CDISC standard while a release is made: derived batch by batch, then written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pro_app.exports.cdisc.codelist import Codelist
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.files.dataset_json import write_dataset_json
from pro_app.exports.cdisc.files.define import DescribedDataset, write_define
from pro_app.exports.cdisc.files.xpt import write_xpt
from pro_app.exports.cdisc.measure import Measure
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.row_limit import MOST_ROWS
from pro_app.exports.spool import Spool

_ROWS_AT_ONCE = 50_000


class CdiscProduct:
    """The datasets of one standard: `add` each batch of whole participants, then `finish` once.

    `workplace` is a folder for rows while they are gathered; nobody else may write there. A dataset of more
    than `most_rows` has no XPT file, and its Dataset-JSON stands line by line: readers take either whole.
    """

    def __init__(
        self,
        datasets: Sequence[CdiscDataset],
        *,
        codelists: Sequence[Codelist],
        release: Release,
        workplace: Path,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._datasets = tuple(datasets)
        self._codelists = tuple(codelists)
        self._release = release
        self._most_rows = most_rows
        self._spool = Spool(workplace)
        self._measures = {dataset.name: Measure() for dataset in datasets}
        # Kept in the order of the first one; the same remark of two batches is one.
        self._remarks: dict[Remark, None] = {}
        for dataset in self._datasets:
            if dataset.reference:
                self._derive(dataset, {})

    def add(self, tables: Tables) -> None:
        """Derive the rows of a batch of whole participants."""
        for dataset in self._datasets:
            if not dataset.reference:
                self._derive(dataset, tables)

    def finish(self, folder: Path) -> list[Remark]:
        """Write XPT, Dataset-JSON and define.xml into `folder`; gives all remarks."""
        described = [self._write(dataset, folder) for dataset in self._datasets]
        write_define(folder / "define.xml", described, codelists=self._codelists, release=self._release)
        return list(self._remarks)

    def rows(self) -> dict[str, int]:
        """Count the rows by dataset name."""
        return {name: measure.rows for name, measure in self._measures.items()}

    def _derive(self, dataset: CdiscDataset, tables: Tables) -> None:
        frame = dataset.derive(tables, self._release)
        self._spool.add(dataset.table, frame)
        self._measures[dataset.name].add(dataset, frame)
        if dataset.find_remarks:
            self._remarks.update(dict.fromkeys(dataset.find_remarks(frame, self._release)))

    def _frames(self, dataset: CdiscDataset) -> Iterator[pl.DataFrame]:
        return _gather(self._spool.frames(dataset.name))

    def _write(self, dataset: CdiscDataset, folder: Path) -> DescribedDataset:
        """Write a dataset in both formats; gives what define.xml says of it."""
        measure, stem = self._measures[dataset.name], dataset.name.lower()
        if measure.rows > self._most_rows:
            self._remarks[_too_many_rows(dataset, self._most_rows)] = None
            names = [f"{stem}.ndjson"]
        else:
            names = [f"{stem}.xpt", f"{stem}.json"]
            frames = self._frames(dataset)
            remarks = write_xpt(folder / names[0], dataset, frames, release=self._release, measure=measure)
            self._remarks.update(dict.fromkeys(remarks))
        frames = self._frames(dataset)
        write_dataset_json(folder / names[-1], dataset, frames, release=self._release, measure=measure)
        return DescribedDataset(dataset, measure, names[0])


def _gather(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Put frames together until they are worth the writers' while; the rows stay in their order."""
    kept: list[pl.DataFrame] = []
    for frame in frames:
        kept.append(frame)
        if sum(part.height for part in kept) >= _ROWS_AT_ONCE:
            yield pl.concat(kept)
            kept = []
    if kept:
        yield pl.concat(kept)


def _too_many_rows(dataset: CdiscDataset, most: int) -> Remark:
    return Remark(
        "xpt_too_many_rows",
        f"{dataset.name} a plus de {most} lignes : il n’y a pas de fichier XPT, seulement Dataset-JSON.",
        f"{dataset.name} has more than {most} rows: there is no XPT file, only Dataset-JSON.",
        dataset.name,
    )
