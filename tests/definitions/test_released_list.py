import hashlib
from pathlib import Path

import pytest

from pro_app.definitions.released import check_released, find_released_list

SHA256 = hashlib.sha256(b"a: 1\n").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one released file and its list."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.yaml").write_bytes(b"a: 1\n")
    (tmp_path / "released.sha256").write_text(f"{SHA256}  sub/x.yaml\n", encoding="utf-8")
    return tmp_path


def list_problems(folder: Path, below: Path | None = None) -> list[str]:
    """Give `line: words` of each problem of the folder's list."""
    problems = check_released(folder / "released.sha256", below)
    return [f"{problem.line}: {problem.message % (problem.values or {})}" for problem in problems]


def test_an_unchanged_released_file_is_well(folder: Path) -> None:
    assert list_problems(folder) == []


def test_a_released_file_that_changed_by_one_byte_is_a_problem(folder: Path) -> None:
    (folder / "sub" / "x.yaml").write_bytes(b"a: 1\r\n")
    assert list_problems(folder) == [
        "1: sub/x.yaml was released and has changed: undo the change and make a new version."
    ]


def test_a_released_file_that_is_gone_is_a_problem(folder: Path) -> None:
    (folder / "sub" / "x.yaml").unlink()
    assert list_problems(folder) == ["1: sub/x.yaml was released and is gone."]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "sub/x.yaml",
        f"{SHA256} sub/x.yaml",
        f"{SHA256[:-1]}  sub/x.yaml",
        f"{SHA256}  ../x",
        f"{SHA256}  /x",
    ],
)
def test_a_line_that_is_no_sum_and_path_is_a_problem(folder: Path, line: str) -> None:
    (folder / "released.sha256").write_text(f"{SHA256}  sub/x.yaml\n{line}\n", encoding="utf-8")
    assert list_problems(folder) == [
        "2: The line must hold a SHA-256 in hex, two spaces and a path below this folder."
    ]


def test_a_file_listed_twice_is_a_problem(folder: Path) -> None:
    (folder / "released.sha256").write_text(f"{SHA256}  sub/x.yaml\n" * 2, encoding="utf-8")
    assert list_problems(folder) == ["2: sub/x.yaml is listed twice; first in line 1."]


def test_only_files_below_the_named_path_are_compared(folder: Path) -> None:
    (folder / "sub" / "x.yaml").write_bytes(b"changed")
    (folder / "other").mkdir()
    assert list_problems(folder, folder / "other") == []
    assert len(list_problems(folder, folder / "sub")) == 1
    assert len(list_problems(folder, folder / "sub" / "x.yaml")) == 1


def test_the_list_of_a_file_is_found_in_the_folders_above_it(folder: Path) -> None:
    assert find_released_list(folder / "sub" / "x.yaml") == folder / "released.sha256"
    assert find_released_list(folder) == folder / "released.sha256"
