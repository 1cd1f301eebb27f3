"""The lock files pin everything by hash, name no address, and agree with pyproject.toml and each other."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from architecture.repository_files import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RUN_LOCK, TEST_LOCK = ROOT / "requirements" / "run.lock", ROOT / "requirements" / "test.lock"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
LOCKS = pytest.mark.parametrize("lock", [RUN_LOCK, TEST_LOCK], ids=lambda path: path.name)


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file: its version, or what stands there instead, and its hashes."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_pins(lock: Path) -> dict[str, Pin]:
    """Read a lock file: each requirement with its continuation lines, comments left out."""
    pins = {}
    lines = [line.split(" #")[0] for line in lock.read_text(encoding="utf-8").splitlines()]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    for entry in text.replace("\\\n", " ").splitlines():
        if entry.strip():
            stated, *hashes = entry.split(" --hash=")
            requirement = Requirement(stated.strip())
            name = canonicalize_name(requirement.name)
            pins[name] = Pin(name, str(requirement.specifier), tuple(f"--hash={h.strip()}" for h in hashes))
    return pins


def declared_requirements(*extras: str) -> list[Requirement]:
    """Read what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return [Requirement(line) for line in wanted]


@LOCKS
def test_every_requirement_has_one_exact_version_and_hashes(lock: Path) -> None:
    pins = read_pins(lock)
    assert pins
    loose = [pin.name for pin in pins.values() if not re.fullmatch(r"==[^,*]+", pin.version)]
    assert loose == []
    bad = [p.name for p in pins.values() if not p.hashes or not all(map(HASH.fullmatch, p.hashes))]
    assert bad == []


@LOCKS
def test_no_line_names_an_address_or_an_index(lock: Path) -> None:
    pattern = re.compile(
        r"://|^\s*-(?!-hash=)|\s@\s|--(?:index|extra-index|find-links|trusted-host)", re.MULTILINE
    )
    lines = lock.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if pattern.search(line)] == []


@pytest.mark.parametrize(
    ("lock", "extras"), [(RUN_LOCK, ("build",)), (TEST_LOCK, ("build", "test"))], ids=["run", "test"]
)
def test_every_declared_dependency_is_locked_at_a_version_that_fits(
    lock: Path, extras: tuple[str, ...]
) -> None:
    pins = read_pins(lock)
    unfit = [
        str(wanted)
        for wanted in declared_requirements(*extras)
        if (pin := pins.get(canonicalize_name(wanted.name))) is None
        or not wanted.specifier.contains(pin.version.removeprefix("=="), prereleases=True)
    ]
    assert unfit == []


def test_the_tests_run_against_the_versions_that_production_runs() -> None:
    tested = read_pins(TEST_LOCK)
    assert [pin.name for name, pin in read_pins(RUN_LOCK).items() if tested.get(name) != pin] == []
