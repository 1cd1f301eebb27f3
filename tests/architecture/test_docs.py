"""What the documents say exists, and what exists is in the documents."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from architecture.repository_files import ROOT
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from pro_app.app import create_app
from pro_app.cli import main as pro_app
from pro_app.exports.tables.catalogue import TABLES
from pro_app.settings import Settings

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "questionnaires" / "README.md"]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CONTEXT = click.Context(pro_app)
COMMANDS = {name: pro_app.get_command(CONTEXT, name) for name in pro_app.list_commands(CONTEXT)}
SETTING = re.compile(r"\bPRO_APP_[A-Z_]*[A-Z]\b")


def read_code_block(text: str, heading: str) -> list[str]:
    """Give the lines of the first fenced block below `heading`."""
    below = text.split(f"\n## {heading}\n", 1)[1]
    return below.split("```", 2)[1].splitlines()[1:]


def list_tree_paths(lines: list[str]) -> Iterator[str]:
    """Give every path of an annotated tree: names up to two blanks, two blanks of indentation a level."""
    folders: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        names = [
            re.sub(r"<[^>]+>", "*", name) for name in re.split(r" {2,}", line.strip())[:-1] or [line.strip()]
        ]
        for name in " ".join(names).split():
            yield "".join(folders[:depth]) + name
            if name.endswith("/"):
                folders[depth:] = [name]


def list_links(document: Path) -> Iterator[str]:
    """Give the relative targets of a document's links and pictures, without their anchors."""
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text):
        address = "".join(target).split("#")[0]
        if address and "://" not in address and not address.startswith("mailto:"):
            yield address


def load_command(name: str) -> click.Command:
    """Give a command by its name, loaded."""
    command = COMMANDS[name]
    assert command is not None
    return command


def list_commands() -> Iterator[tuple[Path, str, str]]:
    """Give every use of `pro-app <command> …` in the documents: document, command, the rest of the line."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8").replace("\\\n", " ")
        for command, rest in re.findall(r"pro-app ([a-z][a-z-]+)\b([^`\n]*)", text):
            yield document, command, rest


def test_every_path_of_the_annotated_tree_exists() -> None:
    paths = list(list_tree_paths(read_code_block(ARCHITECTURE, "Layout")))
    assert len(paths) > 40
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


def test_every_folder_of_the_app_stands_in_the_annotated_tree() -> None:
    shown = {path.rstrip("/") for path in list_tree_paths(read_code_block(ARCHITECTURE, "Layout"))}
    rooms = [*(ROOT / "pro_app").iterdir(), *(ROOT / "pro_app" / "web").iterdir()]
    folders = {str(p.relative_to(ROOT)) for p in rooms if p.is_dir() and p.name != "__pycache__"}
    assert folders - shown == set()


def test_every_file_that_a_document_names_exists() -> None:
    named = (
        r"`((?:pro_app|tests|docs|questionnaires|migrations|translations|requirements|benchmarks)/[\w./-]+)`"
    )
    missing = [
        f"{document.name}: {path}"
        for document in DOCUMENTS
        for path in re.findall(named, document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []


def test_every_link_and_picture_leads_somewhere() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in list_links(document)
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_order_of_imports_in_the_documents_is_the_one_that_is_kept() -> None:
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    kept = re.search(r"^layers = \[(.*?)\]", contracts, re.MULTILINE | re.DOTALL)
    assert kept
    assert read_code_block(ARCHITECTURE, "Imports point down only") == re.findall(r'"([^"]+)"', kept[1])


def test_every_setting_is_described_and_no_other() -> None:
    read = set(SETTING.findall((ROOT / "pro_app" / "settings.py").read_text(encoding="utf-8")))
    assert read
    assert set(re.findall(r"^\| `(PRO_APP_\w+)` \|", OPERATIONS, re.MULTILINE)) == read


def test_every_make_command_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = {
        (document.name, target)
        for document in DOCUMENTS
        for line in re.findall(
            r"(?:`|^)make ([a-z][a-z -]*)", document.read_text(encoding="utf-8"), re.MULTILINE
        )
        for target in line.split("  ")[0].split()
    }
    assert ("README.md", "run") in used
    assert {use for use in used if use[1] not in targets} == set()


def test_every_command_in_the_documents_exists_with_its_options() -> None:
    wrong = []
    for document, name, rest in list_commands():
        command = COMMANDS.get(name)
        if isinstance(command, click.Group):
            called = rest.split()
            command = command.commands.get(called[0]) if called else command
        options = {o for p in command.params for o in p.opts} if command else set()
        unknown = set(re.findall(r"--[a-z][a-z-]*", rest)) - options
        if command is None or unknown:
            wrong.append(f"{document.name}: pro-app {name} {' '.join(sorted(unknown))}")
    assert wrong == []


def test_every_command_stands_in_the_readme() -> None:
    shown = {name for document, name, _rest in list_commands() if document.name == "README.md"}
    assert set(COMMANDS) - shown == set()


def test_every_option_of_the_commands_without_a_database_stands_in_the_readme() -> None:
    missing = [
        f"{name} {option}"
        for name in ("score", "schedule", "check-definitions", "demo")
        for parameter in load_command(name).params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option not in README
    ]
    assert missing == []


def test_the_columns_of_the_dataset_in_the_readme_are_those_of_the_code() -> None:
    shown = {
        name: re.findall(r"`(\w+)`", columns)
        for name, columns in re.findall(r"^\| `(\w+)\.csv` \|[^|]*\|([^|]*)\|$", README, re.MULTILINE)
    }
    assert shown == {table.name: [column.name for column in table.columns] for table in TABLES}


@pytest.mark.parametrize("place", ["README.md", "docs/architecture.md"])
def test_every_page_address_in_the_documents_is_served(place: str, tmp_path: Path) -> None:
    text = (ROOT / place).read_text(encoding="utf-8")
    paths = set(re.findall(r"`(/[a-z/-]*)(?:…)?`", text))
    assert {"/", "/clinic/", "/statistics/", "/admin/"} <= paths
    served = create_app(Settings.for_demo(tmp_path, 8000)).url_map.bind("localhost")
    prefixes = [str(rule) for rule in served.map.iter_rules()]
    missing = []
    for path in sorted(paths):
        try:
            served.match(path)
        except (RequestRedirect, MethodNotAllowed):
            continue
        except NotFound:
            if f"`{path}…`" not in text or not any(rule.startswith(path) for rule in prefixes):
                missing.append(path)
    assert missing == []
