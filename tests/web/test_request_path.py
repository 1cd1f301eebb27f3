"""How much of our own code one saved answer goes through, counted over a real request."""

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Self

import pytest
from flask import Flask
from participant_world import activate, build_world, form_fields

import pro_app

PACKAGE = str(Path(pro_app.__file__).parent)
MOST_FILES = 15
MOST_FUNCTIONS = 40


class Census:
    """Notes every function of the package that runs while it watches."""

    def __init__(self) -> None:
        self.seen: set[CodeType] = set()

    def __enter__(self) -> Self:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.seen.add(frame.f_code)

    @property
    def functions(self) -> list[str]:
        """List what has a name of its own; a comprehension belongs to the function around it."""
        return sorted(
            f"{Path(code.co_filename).relative_to(PACKAGE)}:{code.co_qualname}"
            for code in self.seen
            if not code.co_name.startswith("<")
        )

    @property
    def files(self) -> list[str]:
        """List the files that those functions stand in."""
        return sorted({function.partition(":")[0] for function in self.functions})


@pytest.fixture
def census(app: Flask) -> Census:
    """Save one answer, then watch the next one being saved, with everything warm as in a living server."""
    parts = app.extensions["pro_app"]
    world = build_world(parts.database, parts.vault)
    client = app.test_client()
    activate(client, world.card)
    address = f"/p/q/{world.assessment().assessment_id}"
    for number in (2, 3):
        form = form_fields(client.get(f"{address}/{number}")) | {"answer": "2", "go": "next"}
        with Census() as census:
            reply = client.post(f"{address}/{number}", data=form)
        assert reply.headers["Location"] == f"{address}/{number + 1}"
    return census


def test_one_saved_answer_goes_through_few_of_our_files(census: Census) -> None:
    assert len(census.files) <= MOST_FILES, "\n".join(census.files)


def test_one_saved_answer_goes_through_few_of_our_functions(census: Census) -> None:
    assert "services/answers.py:save_operations" in census.functions
    assert len(census.functions) <= MOST_FUNCTIONS, "\n".join(census.functions)
