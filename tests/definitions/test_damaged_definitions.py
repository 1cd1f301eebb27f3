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
JUNK: tuple[Any, ...] = (None, True, -1, 99, 2.5, "", "junk", [], ["junk"], [[]], {}, {"junk": 1}, {"1": {}})


def damage(definition: DefinitionFile, path: NodePath, junk: object) -> DefinitionFile:
    """Put junk in the place of one part of a definition."""
    data = copy.deepcopy(definition.data)
    part: Any = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = junk
    return parse_definition_text(json.dumps(data), "damaged")


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_in_the_place_of_any_part_of_an_instrument_is_reported_and_never_crashes(junk: object) -> None:
    sound = 0
    for path in INSTRUMENT.lines:
        if path:
            damaged = damage(INSTRUMENT, path, junk)
            problems = check_instrument(damaged)
            if not problems:
                sound += 1
                parse_instrument(damaged)
    # A title, a category or a remark may be any text, a flag any truth value, and another list may be empty.
    assert sound < 12


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_in_the_place_of_any_part_of_a_wording_is_reported_and_never_crashes(junk: object) -> None:
    instrument = parse_instrument(INSTRUMENT)
    for path in WORDING.lines:
        if path:
            problems = check_wording(damage(WORDING, path, junk), instrument)
            assert problems or junk == "junk" or isinstance(junk, bool)
