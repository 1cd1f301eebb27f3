"""The elements that the trial is made of: before randomisation, one for each arm, and follow-up."""

from dataclasses import dataclass

from pro_app.exports.cdisc.sdtm.subjects import FOLLOW_UP, SCREENING, TREATMENT
from pro_app.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Element:
    """One element (ETCD has at most 8 letters) with the rules for its start and end."""

    code: str
    name: str
    epoch: str
    start: str
    end: str


BEFORE = Element("SCRN", "Screening", SCREENING, "Informed consent", "Randomisation")
AFTER = Element(
    "FUP",
    "Follow-up",
    FOLLOW_UP,
    "End of treatment or of the surveillance period",
    "Death, leaving the trial or loss to follow-up, at the latest the end of the trial",
)


def list_arm_elements(protocol: Protocol) -> dict[str, Element]:
    """Give the element between randomisation and the end of treatment by arm code: TRT1, TRT2 and so on."""
    return {
        arm.code: Element(
            f"TRT{number}",
            arm.label.text("en"),
            TREATMENT,
            f"Randomisation to {arm.code}",
            protocol.event_label("treatment_ended", "en", arm.code),
        )
        for number, arm in enumerate(protocol.arms, start=1)
    }
