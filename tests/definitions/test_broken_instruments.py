from pathlib import Path

import pytest

from pro_app.definitions.files import parse_definition_text
from pro_app.errors import DefinitionRejected
from pro_app.instruments.check import check_instrument
from pro_app.instruments.parse import parse_instrument

TINY = (Path(__file__).parent / "tiny-instrument.yaml").read_text(encoding="utf-8")

Change = tuple[int, str, str]

TWO_ORIGINS = "“cdisc_%(name)s” and “sponsor_%(name)s” exclude each other: a code has one origin."
TWO_MEANINGS = "The test code TAA stands for two different things."
SUMMARY = "scoring.definitions.manual.summary"
SCALES = "scoring.definitions.manual.scales"
SIDES = "in a summary exactly the symptom scales are reversed."

BROKEN = [
    # One slip: (line to change, what stands there, what is written instead) and every problem it must give.
    ((1, "code: tiny", ""), ["2: : The key “code” is missing."]),
    ((1, "tiny", "Tiny!"), ["1: code: “Tiny!” does not have the expected form, for example qlq-c30."]),
    ((2, '"1.0"', "1.0"), ["2: version: “1.0” must be text (in quotes if it looks like a number)."]),
    ((2, '"1.0"', "v1"), ["2: version: “v1” does not have the expected form, for example 3.0."]),
    ((3, "Tiny", '""'), ["3: title: The text is empty."]),
    ((3, "Tiny", '" Tiny"'), ["3: title: The text begins or ends with a blank or an empty line."]),
    (
        (3, "Tiny", "Te\u0301ne"),
        ["3: title: The text has letters and accents apart (it is not Unicode NFC)."],
    ),
    ((3, "Tiny", "Ti\ufffdny"), ["3: title: The text has the unreadable character U+FFFD."]),
    ((3, "Tiny", "Ti\u200bny"), ["3: title: The text has the unreadable character U+200B."]),
    ((3, "Tiny", "Tiny\ncolour: red"), ["4: colour: The key “colour” is not known here."]),
    (
        (4, "TINY", "TINY\ncdisc_category: TINY"),
        ["4: sponsor_category: " + TWO_ORIGINS % {"name": "category"}],
    ),
    (
        (6, "[1, 2]", "[1, 3]"),
        ["6: response_sets.pair.values: The codes of the response set “pair” must rise by one."],
    ),
    (
        (6, "[1, 2]", "[2, 1]"),
        ["6: response_sets.pair.values: The codes of the response set “pair” must rise by one."],
    ),
    ((6, "[1, 2]", "[1]"), [
        "6: response_sets.pair.values: The list is too short: the least number of entries is 2."
    ]),
    ((6, "list", "circle"), ["6: response_sets.pair.layout: “circle” is not one of: list, row."]),
    (
        (7, "layout: row}", "layout: row}\n  spare: {values: [0, 1], layout: list}"),
        ["8: response_sets.spare: No item uses the response set “spare”."],
    ),
    ((9, "[1, 2]", "[1]"), ["8: blocks: Item 2 stands in no block."]),
    ((9, "[1, 2]", "[1, 2, 3]"), ["10: blocks[2].items[1]: Item 3 stands in more than one block."]),
    ((9, "[1, 2]", "[2, 1]"), ["9: blocks[1].items[2]: Item 1 stands out of its printed order."]),
    ((9, "[1, 2]", "[1, 2, 2]"), ["9: blocks[1].items[3]: “2” appears twice in the list."]),
    ((10, "[3, 4]", "[3, 4, 5]"), ["10: blocks[2].items[3]: There is no item 5."]),
    ((10, "week", "now"), ["10: blocks[2].code: The block “now” appears twice."]),
    (
        (10, "-P1W", "1 week"),
        ["10: blocks[2].recall_period: “1 week” does not have the expected form, for example -P1W."],
    ),
    ((12, "number: 1,", "number: 0,"), ["12: items[1].number: 0 is too small: at least 1."]),
    (
        (12, "T1", "T12345678"),
        ["12: items[1].sponsor_testcd: “T12345678” does not have the expected form, for example EOR0101."],
    ),
    ((12, "T1", "T3"), ["14: items[3]: The test code T3 stands for two different things."]),
    (
        (12, "sponsor_testcd: T1", "sponsor_testcd: T1, cdisc_testcd: X1"),
        ["12: items[1].sponsor_testcd: " + TWO_ORIGINS % {"name": "testcd"}],
    ),
    ((12, "T1", "TAA"), [
        f"22: {SCALES}[1]: {TWO_MEANINGS}",
        f"29: scoring.definitions.other.scales[1]: {TWO_MEANINGS}",
    ]),
    ((13, "true", "yes"), ["13: items[2].na_allowed: “yes” must be true or false."]),
    ((14, "pair", "trio"), ["14: items[3].response_set: There is no response set “trio”."]),
    ((14, "number: 3", "number: 2"), [
        "10: blocks[2].items[1]: There is no item 3.",
        "11: items: Item 3 is missing: the numbers run from 1 to 4.",
        "14: items[3].number: Item 2 appears twice.",
        f"23: {SCALES}[2].items[2]: There is no item 3.",
    ]),
    ((17, "manual", "book"), ["17: scoring.default: There is no scoring definition “book”."]),
    (
        (20, "eortc_linear", "guess"),
        ["20: scoring.definitions.manual.manual: “guess” is not one of: eortc_linear."],
    ),
    ((22, "AA,", "BB,"), [
        f"23: {SCALES}[2].code: The scale BB appears twice.",
        f"25: {SUMMARY}.scales[1]: There is no scale AA.",
        "29: scoring.definitions.other.scales[1]: The test code TAA stands for two different things.",
    ]),
    ((23, "[2, 3]", "[2, 9]"), [f"23: {SCALES}[2].items[2]: There is no item 9."]),
    (
        (23, "[2, 3]", "[1, 2]"),
        [f"23: {SCALES}[2].items[1]: Item 1 counts in two scales."],
    ),
    ((23, "[2, 3]", "[3, 4]"), [
        f"23: {SCALES}[2]: The items of the scale BB have different response ranges.",
        f"24: {SCALES}[3].items[1]: Item 4 counts in two scales.",
    ]),
    ((24, "global", "sideways"), [
        f"24: {SCALES}[3].kind: “sideways” is not one of: functional, symptom, global."
    ]),
    ((25, "SUM", "CC"), [f"25: {SUMMARY}.code: The scale CC appears twice."]),
    ((25, "[AA, BB], reversed", "[AA, BB, DD], reversed"), [
        f"25: {SUMMARY}.scales[3]: There is no scale DD."
    ]),
    ((25, "[BB]", "[]"), [
        f"25: {SUMMARY}.scales[2]: BB: {SIDES}"
    ]),
    ((25, "[BB]", "[AA, BB]"), [
        f"25: {SUMMARY}.scales[1]: AA: {SIDES}"
    ]),
    ((25, "[BB]", "[BB, CC]"), [
        f"25: {SUMMARY}.reversed_scales[2]: CC is reversed but not part of the summary."
    ]),
    ((29, "functional", "symptom"), [
        "29: scoring.definitions.other.scales[1]: The test code TAA stands for two different things."
    ]),
    ((31, "[items]", "[colours]"), ["31: to_confirm[1].concerns[1]: The file has no part “colours”."]),
    ((31, "fact: F., ", ""), ["31: to_confirm[1]: The key “fact” is missing."]),
]  # fmt: skip


def check_tiny(*changes: Change) -> list[str]:
    """Check the tiny instrument with some lines changed; gives `line: place: words` of each problem."""
    lines = TINY.splitlines()
    for number, old, new in changes:
        assert lines[number - 1].count(old) == 1
        lines[number - 1] = lines[number - 1].replace(old, new)
    definition = parse_definition_text("\n".join(lines), "tiny")
    return [
        f"{problem.line}: {problem.place}: {problem.message % (problem.values or {})}"
        for problem in check_instrument(definition)
    ]


def test_the_tiny_instrument_itself_is_sound() -> None:
    assert check_tiny() == []


@pytest.mark.parametrize(("change", "problems"), BROKEN)
def test_a_broken_instrument_gives_exactly_its_problems(
    change: tuple[int, str, str], problems: list[str]
) -> None:
    assert check_tiny(change) == problems


def test_every_problem_is_reported_at_once_and_in_the_order_of_the_lines() -> None:
    problems = check_tiny((2, '"1.0"', "v1"), (9, "[1, 2]", "[1]"), (17, "manual", "book"))
    assert [problem.split(":")[0] for problem in problems] == ["2", "8", "17"]


def test_a_slip_in_one_part_does_not_hide_another_in_the_same_file() -> None:
    problems = check_tiny((13, "true", "yes"), (25, "[AA, BB], reversed", "[AA, BB, DD], reversed"))
    assert [problem.split(":")[0] for problem in problems] == ["13", "25"]


def test_parsing_a_broken_instrument_raises_with_all_its_problems() -> None:
    definition = parse_definition_text(TINY.replace("eortc_linear", "guess"), "tiny")
    with pytest.raises(DefinitionRejected) as rejected:
        parse_instrument(definition)
    assert rejected.value.source == "tiny"
    assert [problem.line for problem in rejected.value.problems] == [20, 27]
