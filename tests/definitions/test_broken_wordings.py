from pathlib import Path

import pytest

from pro_app.definitions.files import parse_definition_text, read_definition
from pro_app.errors import DefinitionRejected
from pro_app.instruments.check import check_wording
from pro_app.instruments.parse import parse_instrument, parse_wording

HERE = Path(__file__).parent
INSTRUMENT = parse_instrument(read_definition(HERE / "tiny-instrument.yaml"))
TINY = (HERE / "tiny-wording.yaml").read_text(encoding="utf-8")

BROKEN = [
    ((1, "pack: tiny-fr", ""), ["2: : The key “pack” is missing."]),
    ((2, "code: tiny", "code: other"), ["2: instrument: The pack is for other 1.0, not for tiny 1.0."]),
    ((2, '"1.0"', '"2.0"'), ["2: instrument: The pack is for tiny 2.0, not for tiny 1.0."]),
    ((3, "fr-FR", "French"), ["3: language: “French” does not have the expected form, for example fr-FR."]),
    ((4, "false", "no"), ["4: placeholder: “no” must be true or false."]),
    ((5, "L-1", '""'), ["5: licence_reference: The licence reference is missing."]),
    (
        (6, "Petit", "Petit [texte provisoire]"),
        ["6: title: A placeholder mark was left in a licensed text."],
    ),
    (
        (8, "Consigne.", '"[Texte provisoire] Consigne."'),
        ["8: blocks.now.instruction: A placeholder mark was left in a licensed text."],
    ),
    ((8, "recall_line: Maintenant", ""), ["8: blocks.now: The key “recall_line” is missing."]),
    ((9, "week", "month"), [
        "7: blocks: The block “week” has no text.",
        "9: blocks.month: The instrument has no block “month”.",
    ]),
    ((11, "Un", '""'), ["11: items.1: The text is empty."]),
    ((11, "Un", "null"), ["11: items.1: “null” must be text (in quotes if it looks like a number)."]),
    ((11, "Un", "12"), ["11: items.1: “12” must be text (in quotes if it looks like a number)."]),
    ((12, "2: Deux", ""), ["10: items: Item 2 has no text."]),
    ((14, "4: Quatre", "4: Quatre\n  5: Cinq"), ["15: items.5: The instrument has no item 5."]),
    ((14, "4: Quatre", "04: Quatre"), ["10: items: “04” does not have the expected form, for example 31."]),
    ((16, ", 2: haut", ""), ["16: options.pair: The option 2 has no label."]),
    ((16, "2: haut", "2: haut, 3: haut"), ["16: options.pair.3: The response set has no option 3."]),
    ((16, "  pair", "  trio"), [
        "15: options: The response set “pair” has no labels.",
        "16: options.trio: The instrument has no response set “trio”.",
    ]),
    ((17, "3: haut", "2: milieu, 3: haut"), [
        "17: options.ruler.2: Only the two ends of a row carry a label, not 2."
    ]),
    ((17, ", 3: haut", ""), ["17: options.ruler: The option 3 has no label."]),
    ((18, "Sans objet", '""'), [
        "18: not_applicable_label: An item offers “not applicable”: its label is missing."
    ]),
    ((19, "Tous droits", '"   "'), [
        "19: copyright_line: The text begins or ends with a blank or an empty line."
    ]),
]  # fmt: skip


def check_tiny(text: str) -> list[str]:
    """Check a wording of the tiny instrument; gives `line: place: words` of each problem."""
    return [
        f"{problem.line}: {problem.place}: {problem.message % (problem.values or {})}"
        for problem in check_wording(parse_definition_text(text, "tiny"), INSTRUMENT)
    ]


def test_the_tiny_wording_itself_is_sound() -> None:
    assert check_tiny(TINY) == []


@pytest.mark.parametrize(("change", "problems"), BROKEN)
def test_a_broken_wording_gives_exactly_its_problems(
    change: tuple[int, str, str], problems: list[str]
) -> None:
    number, old, new = change
    lines = TINY.splitlines()
    assert lines[number - 1].count(old) == 1
    lines[number - 1] = lines[number - 1].replace(old, new)
    assert check_tiny("\n".join(lines)) == problems


def test_a_placeholder_has_no_licence_and_says_so_in_its_block_texts() -> None:
    assert check_tiny(TINY.replace("placeholder: false", "placeholder: true")) == [
        "5: licence_reference: A placeholder pack has no licence: leave the licence reference empty.",
        *[
            f"{line}: blocks.{block}.{key}: The text of a placeholder pack must begin with one of: "
            "[Texte provisoire], [Placeholder text]."
            for line, block in ((8, "now"), (9, "week"))
            for key in ("instruction", "recall_line")
        ],
    ]


def test_a_label_for_not_applicable_that_no_item_offers_is_a_problem() -> None:
    text = (HERE / "tiny-instrument.yaml").read_text(encoding="utf-8").replace(", na_allowed: true", "")
    instrument = parse_instrument(parse_definition_text(text, "tiny"))
    (problem,) = check_wording(parse_definition_text(TINY, "tiny"), instrument)
    assert (problem.line, problem.message) == (18, "No item offers “not applicable”: leave its label empty.")


def test_a_pack_is_parsed_alone_but_held_against_its_instrument_when_given() -> None:
    definition = parse_definition_text(TINY.replace("  4: Quatre\n", ""), "tiny")
    assert parse_wording(definition).items == {1: "Un", 2: "Deux", 3: "Trois"}
    with pytest.raises(DefinitionRejected):
        parse_wording(definition, INSTRUMENT)
