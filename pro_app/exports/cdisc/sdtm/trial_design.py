"""TA, TE and TV: arms, elements and visits as the protocol plans them."""

import polars as pl

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.cdisc.identifiers import study_id
from pro_app.exports.cdisc.sdtm.elements import AFTER, BEFORE, list_arm_elements
from pro_app.exports.cdisc.sdtm.frames import make_reference
from pro_app.exports.cdisc.sdtm.variables import mandatory, planned, trial_identifiers, visit_variables
from pro_app.exports.cdisc.sdtm.visits import describe_visits
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import list_visit_codes

_DESIGN = "TRIAL DESIGN"


def derive_ta(tables: Tables, release: Release) -> pl.DataFrame:  # noqa: ARG001 -- the form of every derivation
    """Give each arm's elements in their order."""
    arms = list_arm_elements(release.protocol)
    rows: list[dict[str, object]] = [
        {
            "STUDYID": study_id(release),
            "DOMAIN": "TA",
            "ARMCD": arm.code,
            "ARM": arm.label.text("en"),
            "TAETORD": order,
            "ETCD": element.code,
            "ELEMENT": element.name,
            "TABRANCH": f"Randomised to {arm.code}" if element == BEFORE else None,
            "EPOCH": element.epoch,
        }
        for arm in release.protocol.arms
        for order, element in enumerate((BEFORE, arms[arm.code], AFTER), start=1)
    ]
    return make_reference(TA, rows)


def derive_te(tables: Tables, release: Release) -> pl.DataFrame:  # noqa: ARG001 -- the form of every derivation
    """Give each element with its rules."""
    rows: list[dict[str, object]] = [
        {
            "STUDYID": study_id(release),
            "DOMAIN": "TE",
            "ETCD": element.code,
            "ELEMENT": element.name,
            "TESTRL": element.start,
            "TEENRL": element.end,
        }
        for element in (BEFORE, *list_arm_elements(release.protocol).values(), AFTER)
    ]
    return make_reference(TE, rows)


def derive_tv(tables: Tables, release: Release) -> pl.DataFrame:  # noqa: ARG001 -- the form of every derivation
    """Give the planned visits, of a series those up to its cap without any delay; alike in all arms."""
    protocol = release.protocol
    visits = describe_visits(protocol, list_visit_codes(protocol))
    rows = [
        {"STUDYID": study_id(release), "DOMAIN": "TV", **_window(protocol, visit.pop("visit_code")), **visit}
        for visit in visits.sort("VISITNUM").iter_rows(named=True)
    ]
    return make_reference(TV, rows)


def _window(protocol: Protocol, code: str) -> dict[str, object]:
    """Say in words when the window of a visit opens and closes."""
    visit = protocol.find_visit(code)
    if visit is None:
        raise ValueError(f"{code} is no visit of the protocol")
    anchor = protocol.anchors_by_code[visit.anchor].label.text("en").lower()
    step = visit.repeats.every.unit if visit.repeats else visit.at.unit
    count = visit.number_of(code) if visit.repeats else visit.at.count
    target = f"{count} {step} after {anchor}" if count else f"the day of {anchor}"
    return {"TVSTRL": _bound(visit.opens_days, target), "TVENRL": _bound(visit.closes_days, target)}


def _bound(days: int, target: str) -> str:
    """Say in words how many days from the target an end of the window lies."""
    if not days:
        return target.capitalize()
    return f"{abs(days)} days {'before' if days < 0 else 'after'} {target}"


def _arm_variables() -> tuple[Variable, Variable]:
    return (
        planned("ARMCD", "Planned Arm Code", "Topic"),
        planned("ARM", "Description of Planned Arm", "Synonym Qualifier"),
    )


def _element_variables() -> tuple[Variable, Variable]:
    return (
        mandatory(planned("ETCD", "Element Code", "Record Qualifier")),
        planned("ELEMENT", "Description of Element", "Synonym Qualifier"),
    )


TA = CdiscDataset(
    name="TA",
    label="Trial Arms",
    standard="SDTM",
    class_name=_DESIGN,
    structure="One record per planned element per arm",
    keys=("STUDYID", "ARMCD", "TAETORD"),
    variables=(
        *trial_identifiers("TA"),
        *(mandatory(variable) for variable in _arm_variables()),
        mandatory(planned("TAETORD", "Planned Order of Element within Arm", "Timing", data_type="integer")),
        *_element_variables(),
        planned("TABRANCH", "Branch", "Rule"),
        planned("TATRANS", "Transition Rule", "Rule"),
        mandatory(planned("EPOCH", "Epoch", "Timing")),
    ),
    derive=derive_ta,
    reference=True,
)

TE = CdiscDataset(
    name="TE",
    label="Trial Elements",
    standard="SDTM",
    class_name=_DESIGN,
    structure="One record per planned element",
    keys=("STUDYID", "ETCD"),
    variables=(
        *trial_identifiers("TE"),
        *_element_variables(),
        mandatory(planned("TESTRL", "Rule for Start of Element", "Rule")),
        planned("TEENRL", "Rule for End of Element", "Rule"),
        planned("TEDUR", "Planned Duration of Element", "Timing"),
    ),
    derive=derive_te,
    reference=True,
)

TV = CdiscDataset(
    name="TV",
    label="Trial Visits",
    standard="SDTM",
    class_name=_DESIGN,
    structure="One record per planned visit, alike in all arms",
    keys=("STUDYID", "VISITNUM"),
    variables=(
        *trial_identifiers("TV"),
        *visit_variables(),
        *_arm_variables(),
        mandatory(planned("TVSTRL", "Visit Start Rule", "Rule")),
        planned("TVENRL", "Visit End Rule", "Rule"),
    ),
    derive=derive_tv,
    reference=True,
)
