"""Everything that is derived from the frozen tables: one line a product, in the order of their making."""

from collections.abc import Callable
from dataclasses import dataclass

from pro_app.exports.cdisc.adam.catalogue import list_adam_datasets
from pro_app.exports.cdisc.adam.codelists import list_adam_codelists
from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.codelists import list_sdtm_codelists
from pro_app.exports.making.documents import make_codebook, make_programs
from pro_app.exports.making.standards import make_fhir, make_odm, plan_cdisc
from pro_app.exports.making.tidy_files import TABLE_FORMATS, make_remarks, plan_tables
from pro_app.exports.making.workplace import Workplace
from pro_app.exports.remarks import Remark


@dataclass(frozen=True, slots=True)
class Product:
    """Files that are made together; `step` is its code in the progress; making it gives remarks.

    It writes into its own `folder` alone, so that several products can be made at a time.
    """

    step: str
    folder: str
    make: Callable[[Workplace], list[Remark]]


PRODUCTS = (
    *(Product(form.name, form.folder, plan_tables(form)) for form in TABLE_FORMATS),
    Product("sdtm", "cdisc/sdtm", plan_cdisc("sdtm", list_sdtm_datasets, list_sdtm_codelists)),
    Product("adam", "cdisc/adam", plan_cdisc("adam", list_adam_datasets, list_adam_codelists)),
    Product("odm", "cdisc/odm", make_odm),
    Product("fhir", "fhir", make_fhir),
    Product("programs", "programs", make_programs),
)
"""Every product that depends on the frozen source alone."""
LAST_PRODUCTS = (
    Product("codebook", "codebook", make_codebook),
    Product("remarks", "tables", make_remarks),
)
"""What needs the remarks of all others; then come the first page and the manifest."""
