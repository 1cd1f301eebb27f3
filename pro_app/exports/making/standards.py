"""The release in the standards of CDISC and HL7: SDTM, ADaM, ODM and FHIR."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from pro_app.exports.cdisc.codelist import Codelist
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.products import CdiscProduct
from pro_app.exports.fhir.files import FhirFiles
from pro_app.exports.making.workplace import Workplace
from pro_app.exports.odm.file import OdmFile
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.assessments import ASSESSMENTS

MOST_FORMS_IN_A_BUNDLE = 100_000
"""Nobody opens a larger one; line by line the same resources are there in any number."""


def plan_cdisc(
    standard: str,
    list_datasets: Callable[[], Sequence[CdiscDataset]],
    list_codelists: Callable[[Release], Sequence[Codelist]],
) -> Callable[[Workplace], list[Remark]]:
    """Give what makes the datasets of one standard, in the folder `cdisc/<standard>`."""

    def make(place: Workplace) -> list[Remark]:
        folder = place.subfolder(f"cdisc/{standard}")
        # Beside the release's own files, so that the rows on their way fill the same disk.
        with TemporaryDirectory(dir=place.folder.parent) as spool:
            product = CdiscProduct(
                list_datasets(),
                codelists=list_codelists(place.release),
                release=place.release,
                workplace=Path(spool),
            )
            for tables in place.tables.batches():
                product.add(tables)
            remarks = product.finish(folder)
        counts = {name.lower(): count for name, count in product.rows().items()}
        for path in folder.rglob("*"):
            if path.stem in counts:
                place.rows[path.relative_to(place.folder).as_posix()] = counts[path.stem]
        return remarks

    return make


def make_odm(place: Workplace) -> list[Remark]:
    """Make the ODM file with its audit records."""
    sites = {site for frame in place.tables.frames("participants") for site in frame["site"]}
    with closing(OdmFile(place.subfolder("cdisc/odm") / "odm.xml", place.release, sites=sites)) as odm:
        for tables in place.tables.batches():
            odm.add(tables)
        return odm.finish()


def make_fhir(place: Workplace) -> list[Remark]:
    """Make the FHIR resources, line by line and, unless there are too many, as a bundle."""
    bundled = place.tables.rows(ASSESSMENTS.name) <= MOST_FORMS_IN_A_BUNDLE
    with closing(FhirFiles(place.subfolder("fhir"), place.release, bundle=bundled)) as fhir:
        for tables in place.tables.batches():
            fhir.add(tables)
        return fhir.finish() + ([] if bundled else [_remark_on_bundle()])


def _remark_on_bundle() -> Remark:
    return Remark(
        "fhir_no_bundle",
        f"FHIR : plus de {MOST_FORMS_IN_A_BUNDLE} questionnaires, seulement ligne par ligne (NDJSON).",
        f"FHIR: more than {MOST_FORMS_IN_A_BUNDLE} forms, only line by line (NDJSON).",
        table=ASSESSMENTS.name,
    )
