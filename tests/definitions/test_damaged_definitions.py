import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pro_app.definitions.files import DefinitionFile, parse_definition_text, read_definition
from pro_app.definitions.plain_yaml import NodePath
from pro_app.instruments.check import check_instrument, check_wording
from pro_app.instruments.parse import parse_instrument

HERE = Path(__file__).parent
INSTRUMENT = read_definition(HERE / "tiny-instrument.yaml")
WORDING = read_definition(HERE / "tiny-wording.yaml")
JUNK: tuple[tuple[object, int], ...] = (
    # What is put in the place of each part in turn, and in how many places it may well stand.
    (None, 2),  # a recall period
    (True, 1),  # a flag
    (-1, 0),
    (2.5, 0),
    ("junk", 8),  # a title, a category, a code that nothing refers to, a remark
    ([], 1),  # facts to confirm
    (["junk"], 0),
    ({"junk": 1}, 0),
)


def damage(definition: DefinitionFile, path: NodePath, junk: object) -> DefinitionFile:
    """Put junk in the place of one part of a definition."""
    data = copy.deepcopy(definition.data)
    part: Any = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = junk
    return parse_definition_text(json.dumps(data), "damaged")


@pytest.mark.parametrize(("junk", "places"), JUNK, ids=repr)
def test_junk_in_any_place_of_an_instrument_is_reported_and_never_crashes(junk: object, places: int) -> None:
    damaged = [damage(INSTRUMENT, path, junk) for path in INSTRUMENT.lines if path]
    sound = [definition for definition in damaged if not check_instrument(definition)]
    assert len(sound) == places
    assert all(parse_instrument(definition).items for definition in sound)


@pytest.mark.parametrize("junk", [junk for junk, _ in JUNK], ids=repr)
def test_junk_in_any_place_of_a_wording_is_reported_and_never_crashes(junk: object) -> None:
    instrument = parse_instrument(INSTRUMENT)
    for path in WORDING.lines:
        if path:
            problems = check_wording(damage(WORDING, path, junk), instrument)
            assert problems or junk == "junk" or path == ("placeholder",)
