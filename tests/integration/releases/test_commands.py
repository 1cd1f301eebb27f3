"""The commands about releases, as whoever keeps the installation runs them."""

import csv
import errno
import hashlib
import zipfile
from pathlib import Path

import pytest
from command_world import Run, make_environment, make_runner
from making_world import MakingWorld
from sqlalchemy import text

from pro_app.services.releases.contents import list_downloads


@pytest.fixture
def run(sqlite_world: MakingWorld, contacts_url: str, tmp_path: Path) -> Run:
    """Give a function that runs a command on the clinic's installation, in English."""
    sqlite_world.answer_baseline()
    more = {"PRO_APP_MAIL_URL": f"maildir:{tmp_path / 'mail'}", "PRO_APP_DATA_FOLDER": str(tmp_path)}
    return make_runner(make_environment(sqlite_world.database, contacts_url, **more), "release")


CREATE = ("create", "--reason", "A look", "--purpose", "data_check")


def test_a_release_is_made_listed_and_verified(sqlite_world: MakingWorld, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "given.zip"
    assert run("list").output == "There is no release yet.\n"

    made = run(*CREATE, "--study", "reluth", "--out", out)

    content = sqlite_world.archive().read_bytes()
    assert made.exit_code == 0
    assert f"Release 1 is made: {out} ({len(content)} bytes)" in made.output
    assert hashlib.sha256(content).hexdigest() in made.output
    assert out.read_bytes() == content
    assert zipfile.ZipFile(out).testzip() is None
    listed = run("list").output.split()
    assert (listed[0], listed[3:]) == ("1", ["made", "data_check", "A", "look"])
    rebuilt = tmp_path / "rebuilt.zip"
    verified = run("rebuild", "1", "--verify", "--out", rebuilt)
    assert (verified.exit_code, verified.stdout.strip()) == (0, "Release 1: 0 differences")
    assert rebuilt.read_bytes() == content
    with sqlite_world.database.reading() as session:
        taken = list_downloads(session, sqlite_world.load())
    assert [(entry.actor, entry.after("what")) for entry in taken] == [
        ("system:command", "rebuilt archive"),
        ("system:command", "archive"),
    ]


def test_a_file_with_age_and_sex_goes_along_and_a_bad_one_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("participant_code,age,sex\n15-001,64,F\n", encoding="utf-8")
    assert run(*CREATE, "--demographics", file).exit_code == 0

    file.write_text("participant_code,age,sex\n15-404,64,F\n", encoding="utf-8")
    bad = run(*CREATE, "--demographics", file)
    absent = run(*CREATE, "--demographics", tmp_path / "nowhere.csv")

    assert (bad.exit_code, absent.exit_code) == (2, 2)
    assert "Line 2: the study has no participant “15-404”." in bad.output
    assert "nowhere.csv: there is no such file or folder." in absent.output
    assert len(run("list").output.splitlines()) == 1


def test_scores_that_disagree_refuse_the_release(sqlite_world: MakingWorld, run: Run) -> None:
    with sqlite_world.database.writing() as session:
        session.execute(text("UPDATE scores SET value = value + 1 WHERE scale_code = 'QL2'"))

    refused = run(*CREATE)

    assert refused.exit_code == 3
    assert "15-001" in refused.output
    assert "Release 1 is refused: the scores do not agree." in refused.output
    assert "failed" in run("list").output
    assert not sqlite_world.archive().exists()


def test_tampering_is_found_with_exit_status_3(sqlite_world: MakingWorld, run: Run) -> None:
    run(*CREATE)
    with sqlite_world.database.writing() as session:
        session.execute(text("UPDATE answers SET operation_id = 'gone' WHERE item_number = 2"))

    verified = run("rebuild", "1", "--verify")

    assert verified.exit_code == 3
    assert "the release has 15-001 qlq-c30 2 answered" in verified.stdout
    assert "the database nothing." in verified.stdout
    assert "Release 1: 1 difference\n" in verified.stdout


def test_two_releases_are_compared_in_counts_and_row_by_row(
    sqlite_world: MakingWorld, run: Run, tmp_path: Path
) -> None:
    run(*CREATE)
    sqlite_world.answer_baseline("15-002", line=7)
    run(*CREATE)
    out = tmp_path / "changes.csv"

    compared = run("compare", "1", "2", "--out", out)

    assert compared.exit_code == 0
    assert "participants: 1 added, 0 changed, 0 removed" in compared.output
    with out.open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    added = [row for row in changes if (row["table"], row["change"]) == ("participants", "added")]
    assert [row["participant_code"] for row in added] == ["15-002"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rebuild", "1"), "Say --verify, or --out with a file, or both."),
        (("rebuild", "1", "--verify"), "There is no such thing: release."),
        (("compare", "1", "2"), "There is no such thing: release."),
        (("list", "--study", "other"), "There is no study “other”."),
        (("create", "--reason", " ", "--purpose", "final"), "reason: Please say why the release is made."),
        (("create", "--reason", "x", "--purpose", "fun"), "'fun' is not one of"),
        (("rebuild", "0", "--verify"), "0 is not in the range"),
    ],
)
def test_unusable_arguments_are_explained(run: Run, arguments: tuple[str, ...], message: str) -> None:
    refused = run(*arguments)

    assert refused.exit_code == 2
    assert message in refused.output


def test_damage_is_told_in_words(sqlite_world: MakingWorld, run: Run, tmp_path: Path) -> None:
    run(*CREATE)
    run(*CREATE)
    sqlite_world.damage("tables/parquet/items.parquet")

    verified = run("rebuild", "1", "--verify", "--out", tmp_path / "rebuilt.zip")
    compared = run("compare", "1", "2")

    assert verified.exit_code == 3
    assert "The stored ZIP is not the one that was made" in verified.output
    assert "Release 1 cannot be read any more: take its ZIP from a backup." in verified.output
    assert not (tmp_path / "rebuilt.zip").exists()
    assert compared.exit_code == 2
    assert "The ZIP of the release is gone or damaged: take it from a backup." in compared.output


def test_where_the_files_go_is_looked_at_before_anything_is_made(
    sqlite_world: MakingWorld, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    nowhere = run(*CREATE, "--out", tmp_path / "nowhere" / "x.zip")
    no_folder = run(*CREATE, "--out", tmp_path / "file" / "x.zip")
    a_folder = run(*CREATE, "--out", tmp_path)
    sqlite_world.folder.touch()
    unusable = run(*CREATE)

    assert [found.exit_code for found in (nowhere, no_folder, a_folder, unusable)] == [2, 2, 2, 2]
    assert "x.zip: there is no such file or folder." in nowhere.output
    assert "x.zip: there is no such file or folder." in no_folder.output
    assert "this is a folder, not a file." in a_folder.output
    assert "releases: the file cannot be read or written" in unusable.output
    assert run("list").output == "There is no release yet.\n"


def test_a_copy_that_fails_leaves_the_release_made_and_says_so(
    sqlite_world: MakingWorld, run: Run, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(*_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fill_the_disk)

    made = run(*CREATE, "--out", tmp_path / "x.zip")

    assert made.exit_code == 2
    assert f"Release 1 is made ({sqlite_world.archive()}); only the copy failed." in made.output
    assert "x.zip: the disk is full." in made.output
    assert sqlite_world.load().state == "made"


def test_an_analysis_needs_the_account_of_the_one_who_asks(sqlite_world: MakingWorld, run: Run) -> None:
    final = ("create", "--reason", "The end", "--purpose", "final")
    without = run(*final)
    wrong = [run(*final, "--account", name) for name in ("member-0", "nobody")]
    made = run(*final, "--account", "member-2")

    assert [found.exit_code for found in (without, *wrong, made)] == [2, 2, 2, 0]
    assert "account: For this purpose, say whose account asks for the release" in without.output
    assert "account: The study has no coordinator or statistician" in wrong[0].output
    assert sqlite_world.load().requested_by_id == sqlite_world.clinic.coordinator.account_id
    assert len(run("list").output.splitlines()) == 1


def test_a_release_that_another_process_took_over_is_not_called_refused(
    sqlite_world: MakingWorld, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pro_app.cli.release.make_release", lambda *_, **__: sqlite_world.load())

    lost = run(*CREATE)

    assert lost.exit_code == 1
    assert "Release 1 was not made here; another process has taken it over: being made." in lost.output
