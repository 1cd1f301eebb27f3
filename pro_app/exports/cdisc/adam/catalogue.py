"""The analysis datasets in their order."""

from pro_app.exports.cdisc.adam.adqs import ADQS
from pro_app.exports.cdisc.adam.adsl import ADSL
from pro_app.exports.cdisc.adam.adtte import ADTTE
from pro_app.exports.cdisc.dataset import CdiscDataset


def list_adam_datasets() -> tuple[CdiscDataset, ...]:
    """List ADSL, ADQS and ADTTE, with their variables, derivations and what define.xml says of them."""
    return (ADSL, ADQS, ADTTE)
