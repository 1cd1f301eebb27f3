"""Every action that the code writes into the audit trail has words."""

import ast
import re
from pathlib import Path

import pro_app
from pro_app.web.clinic.trail_actions import _KIND_OF_NOUN, ACTIONS, KINDS, kind_of

SOURCES = Path(pro_app.__file__).parent
WRITERS = ("services", "audit", "reminders", "contacts", "cli", "demo")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
NO_ACTIONS = {"flufl.bounce", "submission.respondent"}
FILE_ENDINGS = (".json", ".yaml", ".sqlite", ".zip", ".draft", ".txt", ".csv", ".toml", ".lock", ".xlsx")


def list_written_actions() -> set[str]:
    """List every text of the code below the pages that has the form of an action, and is no file."""
    found = set()
    for folder in WRITERS:
        for path in (SOURCES / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return {text for text in found if ACTION.fullmatch(text) and not text.endswith(FILE_ENDINGS)} - NO_ACTIONS


def test_every_action_that_the_code_can_write_has_words() -> None:
    nouns = {action.partition(".")[0] for action in ACTIONS}
    written = {action for action in list_written_actions() if action.partition(".")[0] in nouns}
    assert len(written) > 60
    assert sorted(written - set(ACTIONS)) == []


def test_every_noun_of_an_action_is_known_so_that_no_new_one_escapes() -> None:
    nouns = {action.partition(".")[0] for action in ACTIONS}
    unknown = {text for text in list_written_actions() if text.partition(".")[0] not in nouns}
    assert sorted(unknown) == []
    assert nouns <= set(_KIND_OF_NOUN)


def test_every_action_belongs_to_a_kind_that_can_be_chosen() -> None:
    assert {kind_of(action) for action in ACTIONS} <= set(KINDS)
