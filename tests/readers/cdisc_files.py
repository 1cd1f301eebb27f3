"""The CDISC files of the small release, written once for all readers, and what should be in them."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
from release_world import list_small_batches

from pro_app.exports.cdisc.adam.catalogue import list_adam_datasets
from pro_app.exports.cdisc.adam.codelists import list_adam_codelists
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.products import CdiscProduct
from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.codelists import list_sdtm_codelists

SDTM, ADAM = list_sdtm_datasets(), list_adam_datasets()
DATASETS = {dataset.name: dataset for dataset in (*SDTM, *ADAM)}


@dataclass(frozen=True)
class WrittenRelease:
    """The folders of both standards."""

    folder: Path

    def path_of(self, name: str, suffix: str) -> Path:
        """Give the path of a dataset's file."""
        return self.folder / DATASETS[name].standard / f"{name.lower()}{suffix}"

    def define_of(self, standard: str) -> Path:
        """Give the path of a standard's define.xml."""
        return self.folder / standard / "define.xml"


def write_cdisc_files(folder: Path, *, most_rows: int = 2_000_000) -> WrittenRelease:
    """Write the datasets of both standards for the small release."""
    release, batches = list_small_batches()
    for datasets, codelists in ((SDTM, list_sdtm_codelists(release)), (ADAM, list_adam_codelists(release))):
        out = folder / datasets[0].standard
        out.mkdir()
        product = CdiscProduct(
            datasets,
            codelists=codelists,
            release=release,
            workplace=Path(mkdtemp(dir=folder)),
            most_rows=most_rows,
        )
        for batch in batches:
            product.add(batch)
        product.finish(out)
    return WrittenRelease(folder)


def rows_that_should_be_there(dataset: CdiscDataset) -> pl.DataFrame:
    """Derive a dataset of the small release, batch by batch as the product does."""
    release, batches = list_small_batches()
    if dataset.reference:
        return dataset.derive({}, release)
    return pl.concat(dataset.derive(batch, release) for batch in batches)
