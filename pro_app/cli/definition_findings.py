"""What is wrong, or still to be confirmed, in definition files of every kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pro_app.cli.file_problems import file_problem
from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.definitions.place import check_pack_name, check_version_folder
from pro_app.definitions.released import RELEASED_LIST, check_released, find_released_list
from pro_app.definitions.schema import check_schema
from pro_app.errors import DefinitionRejected, NotFound, Problem
from pro_app.instruments.check import check_instrument, check_wording
from pro_app.instruments.find import find_worded_instrument_path, load_instrument
from pro_app.instruments.parse import parse_instrument
from pro_app.language import mark
from pro_app.protocol.analysis_rules import check_scales
from pro_app.protocol.parse import parse_protocol

_DEFINITION_SUFFIXES = frozenset({".yaml", ".yml"})
_FILE_NAMES = {
    "instrument": "instrument.yaml",
    "protocol": "protocol.yaml",
    "scale_names": "scale_names.yaml",
}
"""The name of a file of each kind in the house; a wording pack has that of the pack."""
_OWN_KEYS: Mapping[str, frozenset[str]] = {
    "instrument": frozenset({"response_sets", "scoring", "to_confirm"}),
    "wording": frozenset({"pack", "licence_reference", "not_applicable_label", "copyright_line"}),
    "protocol": frozenset({"trial", "default_zone", "arms", "anchors", "phases", "visits", "event_kinds"}),
    "scale_names": frozenset({"scale_names"}),
}
"""Keys that only files of one kind have, by which a file is known wherever it stands."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of one file, or a remark, which fails nothing."""

    path: Path
    problem: Problem
    is_remark: bool = False


def list_findings(paths: Iterable[Path]) -> tuple[list[Finding], int]:
    """Check files and folders; gives what was found and how many definition files were read.

    Released files at or below the paths are compared with their list.
    """
    findings: list[Finding] = []
    seen: set[Path] = set()
    for path in paths:
        files = [file for file in _list_definition_files(path) if file.resolve() not in seen]
        seen.update(file.resolve() for file in files)
        for file in files:
            findings.extend(_check_file(file))
        if path.is_dir() and not files and not seen:
            findings.append(Finding(path, Problem(mark("There is no definition file here."))))
        findings.extend(_check_released_below(path))
    return findings, len(seen)


def _list_definition_files(path: Path) -> list[Path]:
    """Give the file itself, or every YAML file in and below a folder."""
    if not path.is_dir():
        return [] if path.name == RELEASED_LIST else [path]
    return sorted(file for file in path.rglob("*") if file.suffix in _DEFINITION_SUFFIXES and file.is_file())


def _check_released_below(path: Path) -> Iterator[Finding]:
    """Check those released files that are `path` or stand below it; for the list itself all of them."""
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
        remarks = [*_list_facts_to_confirm(definition), *_list_assumptions(definition)]
    except DefinitionRejected as rejected:
        problems = list(rejected.problems)
    except OSError as error:
        problems = [file_problem(error)]
    yield from (Finding(path, problem) for problem in problems)
    yield from (Finding(path, remark, is_remark=True) for remark in remarks)


def _find_kind(definition: DefinitionFile) -> str:
    """Say what a file is: by the name that its kind has here, else by its keys, else by its folder."""
    by_name = {name: kind for kind, name in _FILE_NAMES.items()}
    if definition.path.name in by_name:
        return by_name[definition.path.name]
    found = {kind: len(keys & definition.data.keys()) for kind, keys in _OWN_KEYS.items()}
    likeliest = max(found, key=lambda kind: found[kind])
    if found[likeliest]:
        return likeliest
    return "wording" if definition.path.parent.name == "wording" else "unknown"


def _check_place(definition: DefinitionFile, kind: str) -> list[Problem]:
    """Check where an instrument or a protocol stands: among the others it must have the name of its kind."""
    kind_folder = f"{kind}s"
    problems = check_version_folder(definition, kind_folder)
    stands_there = definition.path.resolve().parent.parent.parent.name == kind_folder
    if stands_there and definition.path.name != _FILE_NAMES[kind]:
        message = mark("Here this file is found only if it is called %(name)s.")
        problems.append(definition.problem(message, (), name=_FILE_NAMES[kind]))
    return problems


def _check_instrument_file(definition: DefinitionFile) -> list[Problem]:
    """Check an instrument and where it stands."""
    return _check_place(definition, "instrument") + check_instrument(definition)


def _check_wording_file(definition: DefinitionFile) -> list[Problem]:
    """Check a pack in itself and against its instrument, if there is a sound one."""
    problems = check_pack_name(definition)
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


def _check_protocol_file(definition: DefinitionFile) -> list[Problem]:
    """Check a protocol, where it stands, and that the instruments which it names are there."""
    problems = _check_place(definition, "protocol")
    try:
        protocol = parse_protocol(definition)
    except DefinitionRejected as rejected:
        return problems + list(rejected.problems)
    scale_codes: set[str] = set()
    for index, named in enumerate(protocol.instruments):
        place = ("instruments", index)
        try:
            instrument = load_instrument(named.code, named.version)
        except NotFound:
            message = mark("There is no instrument %(code)s in version %(version)s.")
            problems.append(definition.problem(message, place, code=named.code, version=named.version))
        except DefinitionRejected:
            message = mark("The instrument %(code)s has problems of its own.")
            problems.append(definition.problem(message, place, code=named.code))
        else:
            if named.scoring not in instrument.scoring_definitions:
                message = mark("The instrument %(code)s has no scoring definition “%(name)s”.")
                problems.append(definition.problem(message, place, code=named.code, name=named.scoring))
            else:
                scale_codes.update(instrument.scoring(named.scoring).scale_codes)
    # Without all instruments nobody can say which scales there are.
    return problems or list(check_scales(definition, scale_codes))


def _check_scale_names_file(definition: DefinitionFile) -> list[Problem]:
    """Check the names of scales, and that each instrument which they name is there with that scale."""
    problems = check_schema(definition, "scale_names")
    if problems:
        return problems
    for code, names in definition.data["scale_names"].items():
        try:
            instrument = load_instrument(code)
        except (NotFound, DefinitionRejected):
            message = mark("There is no instrument %(code)s that could be read.")
            problems.append(definition.problem(message, ("scale_names", code), code=code))
            continue
        known = {
            scale for scoring in instrument.scoring_definitions.values() for scale in scoring.scale_codes
        }
        for scale in names:
            if scale not in known:
                message = mark("The instrument %(code)s has no scale %(scale)s.")
                problems.append(
                    definition.problem(message, ("scale_names", code, scale), code=code, scale=scale)
                )
    return problems


def _check_unknown_file(definition: DefinitionFile) -> list[Problem]:
    """Refuse a file that is of none of the kinds, lest one of ours goes unchecked."""
    message = mark(
        "This is no definition: none of the keys of an instrument, a wording pack, a protocol or names of "
        "scales is here."
    )
    return [definition.problem(message, ())]


_CHECKS: Mapping[str, Callable[[DefinitionFile], list[Problem]]] = {
    "instrument": _check_instrument_file,
    "wording": _check_wording_file,
    "protocol": _check_protocol_file,
    "scale_names": _check_scale_names_file,
    "unknown": _check_unknown_file,
}


def _list_facts_to_confirm(definition: DefinitionFile) -> Iterator[Problem]:
    """Give what an instrument says no licensed document has confirmed yet."""
    for index, entry in _list_entries(definition, "to_confirm", {"fact", "why", "against"}):
        yield definition.problem(
            mark("To confirm against %(against)s: %(fact)s %(why)s"),
            ("to_confirm", index),
            against=str(entry["against"]),
            fact=str(entry["fact"]),
            why=str(entry["why"]),
        )


def _list_assumptions(definition: DefinitionFile) -> Iterator[Problem]:
    """Give what a protocol assumes until the sponsor confirms it."""
    for index, entry in _list_entries(definition, "assumed", {"id", "says"}):
        message = mark("Assumed (%(id)s), for the sponsor to confirm: %(says)s")
        yield definition.problem(message, ("assumed", index), id=str(entry["id"]), says=str(entry["says"]))


def _list_entries(
    definition: DefinitionFile, key: str, needed: set[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the well-shaped entries of a list of the file; a broken file may hold anything there."""
    entries = definition.data.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and entry.keys() >= needed:
            yield index, entry
