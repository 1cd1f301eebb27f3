"""All SDTM datasets in the order of the release."""

from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.sdtm.dm import DM
from pro_app.exports.cdisc.sdtm.ds import DS
from pro_app.exports.cdisc.sdtm.ex import EX
from pro_app.exports.cdisc.sdtm.qs import QS
from pro_app.exports.cdisc.sdtm.se import SE
from pro_app.exports.cdisc.sdtm.suppqs import SUPPQS
from pro_app.exports.cdisc.sdtm.sv import SV
from pro_app.exports.cdisc.sdtm.trial_design import TA, TE, TV


def list_sdtm_datasets() -> tuple[CdiscDataset, ...]:
    """List the datasets: trial design, special purpose, interventions, events, findings, relationship."""
    return (TA, TE, TV, DM, SE, SV, EX, DS, QS, SUPPQS)
