import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pro_app.definitions import schema as schema_module
from pro_app.definitions.files import QUESTIONNAIRES, parse_definition_text
from pro_app.definitions.schema import check_schema

SCHEMAS = sorted((QUESTIONNAIRES / "schema").glob("*.schema.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_is_valid_and_refuses_unknown_keys_at_its_top(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


@pytest.fixture
def whole_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a schema with one rule of each kind in place of the folder of schemas; gives its name."""
    rules = {
        "words": {"type": "string", "minLength": 2, "maxLength": 4},
        "day": {"format": "date", "examples": ["2026-11-22"]},
        "size": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        "entries": {"type": "array", "maxItems": 2},
        "part": {"type": "object", "minProperties": 1, "maxProperties": 2},
        "either": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["deep"]}]},
        "never": {"not": {}},
        "exact": {"const": 5},
    }
    (tmp_path / "schema").mkdir()
    schema = {
        "type": "object",
        "required": ["words", "day"],
        "properties": rules,
        "additionalProperties": False,
    }
    (tmp_path / "schema" / "whole.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    monkeypatch.setattr(schema_module, "QUESTIONNAIRES", tmp_path)
    return "whole"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("words: abc\nday: 2026-11-22\nsize: 1.5\n", []),
        ("x: 1\ny: 2\n", [
            ": The key “words” is missing.", ": The key “day” is missing.",
            "x: The key “x” is not known here.", "y: The key “y” is not known here.",
        ]),
        ("words: a\nday: 2026-02-30\n", [
            "words: The text is too short: the least length is 2.",
            "day: “2026-02-30” does not have the expected form, for example 2026-11-22.",
        ]),
        ("words: abcde\nday: 2026-02-28\n", ["words: The text is too long: the greatest length is 4."]),
        ("words: abc\nday: 2026-02-28\nsize: 0\n", ["size: 0 is too small: more than 0."]),
        ("words: abc\nday: 2026-02-28\nsize: 10\n", ["size: 10 is too large: less than 10."]),
        ("words: abc\nday: 2026-02-28\nsize: big\n", ["size: “big” must be a number."]),
        ("words: abc\nday: 2026-02-28\nentries: [1, 2, 3]\n", [
            "entries: The list is too long: the greatest number of entries is 2."
        ]),
        ("words: abc\nday: 2026-02-28\nentries: one\n", ["entries: “one” must be a list."]),
        ("words: abc\nday: 2026-02-28\npart: {}\n", ["part: Too few entries: at least 1."]),
        ("words: abc\nday: 2026-02-28\npart: {a: 1, b: 2, c: 3}\n", ["part: Too many entries: at most 2."]),
        ("words: abc\nday: 2026-02-28\npart: [1]\n", ["part: “1” must be keys with their values."]),
        ("words: abc\nday: 2026-02-28\neither: {shallow: 1}\n", ["either: The key “deep” is missing."]),
        ("words: abc\nday: 2026-02-28\nexact: 4\n", ["exact: “4” must be 5."]),
        ("words: abc\nday: 2026-02-28\nnever: 4\n", ["never: “4” breaks the rule “not” of the schema."]),
    ],
)  # fmt: skip
def test_each_kind_of_breach_is_put_in_plain_words(whole_schema: str, text: str, problems: list[str]) -> None:
    found = check_schema(parse_definition_text(text, "x.yaml"), whole_schema)
    assert [f"{p.place}: {p.message % (p.values or {})}" for p in found] == problems
