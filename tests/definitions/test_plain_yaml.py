import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.definitions.files import parse_definition_text, read_definition, render_place
from pro_app.errors import DefinitionRejected

BROKEN = [
    ("", ["1: The file must hold keys and their values at its top."]),
    ("- a\n- b\n", ["1: The file must hold keys and their values at its top."]),
    ("a: 1\nb: 2\na: 3\n", ["3: The key “a” appears twice; it stands first in line 1."]),
    ("a: {x: 1, x: 2}\nb:\n  y: 1\n  y: 2\n", [
        "1: The key “x” appears twice; it stands first in line 1.",
        "4: The key “y” appears twice; it stands first in line 3.",
    ]),
    ('a:\n  1: one\n  "1": uno\n', ["3: The key “1” appears twice; it stands first in line 2."]),
    ("a: 1\n? [b, c]\n: 2\n", ["2: A key must be a plain word or number."]),
    ("a: 1\nb: &anchor 2\n", ["2: Anchors, aliases and tags are not allowed: write the value out."]),
    ("a: 1\nb: *anchor\n", ["2: Anchors, aliases and tags are not allowed: write the value out."]),
    ("a: !!python/name:os.system x", ["1: Anchors, aliases and tags are not allowed: write the value out."]),
    ("a: 1\nb: x\x07y\n", ["2: The character U+0007 is not allowed in a definition."]),
    ("a: 1\n---\nb: 2\n", [(
        "2: The file is not readable YAML: expected a single document in the stream "
        "but found another document."
    )]),
    ("a: 1\nb: c: d\n", ["2: The file is not readable YAML: mapping values are not allowed here."]),
    ("a: " + "[" * 100_000, ["None: The file is nested too deeply."]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), BROKEN)
def test_a_text_that_is_not_plain_yaml_is_rejected_with_every_line(text: str, problems: list[str]) -> None:
    with pytest.raises(DefinitionRejected) as rejected:
        parse_definition_text(text, "x.yaml")
    found = [
        f"{problem.line}: {problem.message % (problem.values or {})}" for problem in rejected.value.problems
    ]
    assert found == problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10", 10),
        ("-14", -14),
        ("0", 0),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("10:30", "10:30"),
        ("2026-11-22", "2026-11-22"),
        ("3.0", 3.0),
        ('"3.0"', "3.0"),
        (".5", ".5"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("-P1W", "-P1W"),
        ("9" * 5000, "9" * 5000),
        ("<<", "<<"),
    ],
)
def test_a_value_is_what_people_wrote(written: str, value: object) -> None:
    data = parse_definition_text(f"a: {written}\n", "x.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    data = parse_definition_text("{1: a, no: b, null: c, 2026-11-22: d, true: e}", "x.yaml").data
    assert list(data) == ["1", "no", "null", "2026-11-22", "true"]


def test_the_line_of_every_part_is_known_and_a_missing_part_stands_at_what_surrounds_it() -> None:
    definition = parse_definition_text("# top\na: 1\nb:\n  - x\n  - y: 2\n    z: |\n      long\n", "x.yaml")
    lines = {(): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "y"): 5, ("b", 1, "z"): 6}
    assert {path: definition.line_of(path) for path in lines} == lines
    assert definition.line_of(("b", 1, "nothing", 3)) == 5
    assert definition.line_of(("nothing",)) == 2


def test_places_count_from_one_as_people_do() -> None:
    assert render_place(("items", 2, "response_set")) == "items[3].response_set"
    assert render_place(()) == ""


def test_the_hash_is_that_of_the_bytes_read_and_of_the_text_kept(tmp_path: Path) -> None:
    raw = "\ufeffa: é\r\nb: 1\r\n".encode()
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    read = read_definition(path)
    assert read.sha256 == hashlib.sha256(raw).hexdigest()
    assert read.data == {"a": "é", "b": 1}
    assert parse_definition_text(read.text, "database").sha256 == read.sha256


def test_a_file_that_is_not_utf8_is_rejected_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(DefinitionRejected) as rejected:
        read_definition(path)
    (problem,) = rejected.value.problems
    assert (problem.line, problem.values) == (2, {"position": 9})
    assert rejected.value.source == str(path)


@given(st.text(max_size=40))
def test_any_text_is_read_or_rejected_and_never_crashes(text: str) -> None:
    with suppress(DefinitionRejected):
        assert isinstance(parse_definition_text(text, "x.yaml").data, dict)
