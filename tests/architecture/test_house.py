"""The rules of the house that no linter keeps; each failure names every offender."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from architecture.repository_files import ROOT, list_files, read_text, say

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
NAMELESS = frozenset({"utils", "util", "helpers", "common", "misc"})
VAGUE_VERBS = ("get_", "process_", "handle_", "manage_")
PERSONAL_FOLDER = re.compile(r"(?<![\w.~$}])/(?:home|root|Users|work|workspace|tmp|mnt)/\w")
REASONLESS = re.compile(r"#\s*(?:noqa(?!: [A-Z0-9, ]+ +\S)|type: ignore(?!\[[\w, -]+\]\s+#))")
OPTION_LABELS = (
    "Pas du tout", "Un peu", "Assez", "Beaucoup", "Très mauvais", "Très mauvaise",
    "Not at all", "A little", "Quite a bit", "Very much", "Very poor",
)  # fmt: skip
WHOLE_LABEL = re.compile(
    rf"(?:^|[>\"'«:;,/|·\-\]])[ \t\n\u00a0\u202f]*(?:\d\s*[·.:)]\s*)?({'|'.join(OPTION_LABELS)})"
    r"[ \t\n\u00a0\u202f]*(?:$|[<\"'»;,/|])",
    re.MULTILINE | re.IGNORECASE,
)


def parse_modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Give every Python module below `folders` with its syntax tree."""
    for path in list_files(*folders, suffixes=(".py",)):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def list_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function and method of a module, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def list_own_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions whose names are ours: not the methods that a library's class asks for."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or not node.bases:
            yield from list_functions(node)


def list_imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Give the dotted name and the line of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module or ''}.{alias.name}", node.lineno) for alias in node.names)


def list_matches(pattern: re.Pattern[str], paths: Iterator[Path]) -> list[str]:
    """Give the place of every match of `pattern` in the texts at `paths`."""
    places = []
    for path in paths:
        text = read_text(path)
        for found in pattern.finditer(text or ""):
            line = (text or "").count("\n", 0, found.start(found.lastindex or 0)) + 1
            places.append(f"{say(path, line)}: {found.group().strip()}")
    return places


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    offenders = [
        say(path)
        for path in list_files("pro_app", "tests", "benchmarks", "migrations", suffixes=(".py",))
        if NAMELESS & {path.stem, *path.relative_to(ROOT).parts[:-1]}
    ]
    assert offenders == []


def test_no_function_of_ours_starts_with_a_vague_verb() -> None:
    offenders = [
        f"{say(path, function.lineno)}: {function.name}"
        for path, tree in parse_modules("pro_app")
        for function in list_own_functions(tree)
        if function.name.lstrip("_").startswith(VAGUE_VERBS)
    ]
    assert offenders == []


def test_no_function_is_longer_than_anyone_wants_to_read() -> None:
    offenders = [
        f"{say(path, function.lineno)}: {function.name} has {lines} lines"
        for path, tree in parse_modules("pro_app")
        for function in list_functions(tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert offenders == []


def test_no_module_is_longer_than_anyone_wants_to_read() -> None:
    offenders = [
        f"{say(path)} has {lines} lines"
        for path in list_files("pro_app", suffixes=(".py",))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    ]
    assert offenders == []


def test_unit_tests_use_real_parts_and_nothing_mocked() -> None:
    offenders = [
        f"{say(path, line)}: {name}"
        for path, tree in parse_modules("tests/unit")
        for name, line in list_imports(tree)
        if {"mock", "unittest.mock", "pytest_mock"} & {name, name.split(".")[0], name.rpartition(".")[0]}
    ]
    offenders += [
        f"{say(path, function.lineno)}: {argument.arg}"
        for path, tree in parse_modules("tests/unit")
        for function in list_functions(tree)
        for argument in function.args.args
        if argument.arg in {"monkeypatch", "mocker"}
    ]
    assert offenders == []


def test_every_silenced_warning_says_why() -> None:
    assert list_matches(REASONLESS, list_files("pro_app", "migrations", "wsgi.py", suffixes=(".py",))) == []


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    own = Path(__file__)
    assert list_matches(PERSONAL_FOLDER, (path for path in list_files() if path != own)) == []


def test_no_response_option_of_the_licensed_questionnaires_is_shipped() -> None:
    kept = list_files("pro_app", "questionnaires", "translations", "docs", "README.md", "CHANGELOG.md")
    assert list_matches(WHOLE_LABEL, kept) == []


def test_every_wording_pack_that_is_shipped_is_a_placeholder() -> None:
    packs = [path for path in list_files("questionnaires/instruments") if path.parent.name == "wording"]
    licensed = [
        say(path)
        for path in packs
        if yaml.safe_load(path.read_text(encoding="utf-8"))["placeholder"] is not True
    ]
    assert packs, "no wording pack was found"
    assert licensed == []


def test_every_plural_of_a_template_is_written_out_where_the_catalogue_finds_it() -> None:
    """What goes through a variable is never extracted, and so stays English without anybody noticing."""
    hidden = re.compile(r"\bngettext\(\s*[^\"'\s]")
    assert [path.name for path in (ROOT / "pro_app").rglob("*.html") if hidden.search(path.read_text())] == []
