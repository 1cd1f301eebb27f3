"""`pro-app check-definitions`: every problem of every definition file, with file and line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from pro_app.cli.file_problems import file_problem
from pro_app.definitions.files import QUESTIONNAIRES, DefinitionFile, read_definition
from pro_app.definitions.released import RELEASED_LIST, check_released, find_released_list
from pro_app.errors import DefinitionRejected, Problem
from pro_app.instruments.check import check_instrument, check_wording
from pro_app.instruments.find import find_worded_instrument_path
from pro_app.instruments.parse import parse_instrument
from pro_app.instruments.place import check_instrument_place, check_wording_place
from pro_app.language import mark, mark_plural

UNUSABLE_INPUT = 2

_translate = mark


def _translate_plural(singular: str, plural: str, count: int) -> str:
    return singular if count == 1 else plural


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of one file, or a remark, which fails nothing."""

    path: Path
    problem: Problem
    is_remark: bool = False


@click.command(
    "check-definitions",
    help=mark(
        "Check questionnaires, wording packs and protocols: the given files and folders, or all of them."
    ),
)
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(exists=True, path_type=Path))
def check_definitions(paths: tuple[Path, ...]) -> None:
    """Print every problem as `file:line: words`; exit status 0 well, 2 if there is any."""
    findings, files = check_paths(paths or (QUESTIONNAIRES,))
    for finding in findings:
        click.echo(_render_finding(finding))
    problems = sum(not finding.is_remark for finding in findings)
    click.echo(_render_count(files, problems, remarks=len(findings) - problems))
    if problems:
        raise SystemExit(UNUSABLE_INPUT)


def check_paths(paths: Iterable[Path]) -> tuple[list[Finding], int]:
    """Check files and folders; gives what was found and how many definition files were read."""
    findings: list[Finding] = []
    seen: set[Path] = set()
    for path in paths:
        files = [file for file in _list_definition_files(path) if file.resolve() not in seen]
        seen.update(file.resolve() for file in files)
        for file in files:
            findings.extend(_check_file(file))
        findings.extend(_check_released_below(path))
    if not seen:
        findings.extend(Finding(path, Problem(mark("There is no definition file here."))) for path in paths)
    return findings, len(seen)


def _list_definition_files(path: Path) -> list[Path]:
    """Give the file itself, or every YAML file in and below a folder."""
    if not path.is_dir():
        return [] if path.name == RELEASED_LIST else [path]
    return sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"} and file.is_file())


def _check_released_below(path: Path) -> Iterator[Finding]:
    """Check those released files that are `path` or stand below it."""
    released_list = find_released_list(path)
    if released_list is not None:
        below = None if path.name == RELEASED_LIST else path
        yield from (Finding(released_list, problem) for problem in check_released(released_list, below))


def _check_file(path: Path) -> Iterator[Finding]:
    """Read one file and check it as what it is."""
    remarks: list[Problem] = []
    try:
        definition = read_definition(path)
        problems = _CHECKS[_find_kind(definition)](definition)
        remarks = _list_remarks(definition)
    except DefinitionRejected as rejected:
        problems = list(rejected.problems)
    except OSError as error:
        problems = [file_problem(error)]
    yield from (Finding(path, problem) for problem in problems)
    yield from (Finding(path, remark, is_remark=True) for remark in remarks)


def _find_kind(definition: DefinitionFile) -> str:
    """Say what a file is: by its name, and a wording pack, which may have any name, by its key `pack`."""
    if definition.path.name in {"instrument.yaml", "protocol.yaml"}:
        return definition.path.stem
    return "wording" if "pack" in definition.data or definition.path.parent.name == "wording" else "unknown"


def _check_instrument_file(definition: DefinitionFile) -> list[Problem]:
    return [*check_instrument_place(definition), *check_instrument(definition)]


def _check_wording_file(definition: DefinitionFile) -> list[Problem]:
    """Check a pack in itself and against its instrument, if there is a sound one."""
    problems = check_wording_place(definition)
    path = find_worded_instrument_path(definition)
    instrument = None
    if path is None:
        problems.append(definition.problem(mark("There is no instrument for this pack."), ("instrument",)))
    else:
        try:
            instrument = parse_instrument(read_definition(path))
        except DefinitionRejected:
            message = mark("The instrument of this pack has problems, so the pack was not compared with it.")
            problems.append(definition.problem(message, ("instrument",)))
    return problems + check_wording(definition, instrument)


def _check_unknown_file(definition: DefinitionFile) -> list[Problem]:
    message = mark("This is no definition: instrument.yaml, protocol.yaml or a wording pack is expected.")
    return [definition.problem(message, ())]


_CHECKS: Mapping[str, Callable[[DefinitionFile], list[Problem]]] = {
    "instrument": _check_instrument_file,
    "wording": _check_wording_file,
    "unknown": _check_unknown_file,
}


_REMARK_KEYS = ("fact", "why", "against")


def _list_remarks(definition: DefinitionFile) -> list[Problem]:
    """Give what the file itself says is still to be confirmed, as far as it says so in the right shape."""
    entries = definition.data.get("to_confirm")
    message = mark("To confirm against %(against)s: %(fact)s %(why)s")
    return [
        definition.problem(message, ("to_confirm", index), **{key: str(entry[key]) for key in _REMARK_KEYS})
        for index, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.keys() >= set(_REMARK_KEYS)
    ]


def _render_finding(finding: Finding) -> str:
    """Write one finding as `file:line: place: words`, the file below the working folder if it is there."""
    problem = finding.problem
    path = finding.path.resolve()
    name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    words = _translate(problem.message) % (problem.values or {})
    kind = _translate(mark("remark")) if finding.is_remark else problem.place
    parts = [f"{name}:{problem.line or 1}", *([kind] if kind else []), words]
    return ": ".join(parts)


def _render_count(files: int, problems: int, *, remarks: int) -> str:
    """Write the closing line: how many files, problems and remarks."""
    counts = (
        (files, mark_plural("%(count)s file checked", "%(count)s files checked")),
        (problems, mark_plural("%(count)s problem", "%(count)s problems")),
        (remarks, mark_plural("%(count)s remark", "%(count)s remarks")),
    )
    return ", ".join(_translate_plural(*forms, count) % {"count": count} for count, forms in counts)
