"""The same release again from its own source, whatever became of the data; every answer traced back."""

import hashlib
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from export_world import give_answers, golden_answers, send
from making_world import MakingWorld
from sqlalchemy import text

from pro_app.errors import NotFound
from pro_app.services.releases.rebuild import RebuildReport, rebuild_release
from pro_app.services.releases.records import ReleaseRecord


def rebuild(world: MakingWorld, release: ReleaseRecord, tmp_path: Path) -> RebuildReport:
    with world.database.reading() as session:
        return rebuild_release(session, release, tmp_path / "rebuilt.zip", folder=world.folder)


def rewrite(path: Path, name: str, content: bytes) -> None:
    """Put another content behind one name of a ZIP."""
    changed = path.with_suffix(".changed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for info in old.infolist():
            new.writestr(info, content if info.filename == name else old.read(info))
    shutil.move(changed, path)


def test_a_release_comes_out_the_same_after_the_data_have_changed(world: MakingWorld, tmp_path: Path) -> None:
    participant_id = world.answer_baseline()
    made = world.make()
    world.answer_baseline("15-002", line=7)
    visit = {"qlq-c30": golden_answers("c30", 3)}
    assessment_id = give_answers(world.clinic, participant_id, "W08", on=date(2026, 3, 9), answers=visit)
    send(world.clinic, participant_id, assessment_id, on=date(2026, 3, 9))
    world.clinic.record(participant_id, "died", date(2026, 4, 2))

    report = rebuild(world, made, tmp_path)

    assert report == RebuildReport(same_version=True, is_intact=True, same_bytes=True, files=(), traces=())
    assert (tmp_path / "rebuilt.zip").read_bytes() == world.archive().read_bytes()


def test_a_file_that_was_changed_in_the_zip_is_named(sqlite_world: MakingWorld, tmp_path: Path) -> None:
    sqlite_world.answer_baseline()
    made = sqlite_world.make()
    name = "tables/csv/participants.csv"
    rewrite(sqlite_world.archive(), name, sqlite_world.read(name).replace(b"15-001", b"15-002"))
    made = replace(made, archive_size=sqlite_world.archive().stat().st_size)

    report = rebuild(sqlite_world, made, tmp_path)

    assert not report.is_intact
    assert not report.is_well
    assert [(file.name, file.what) for file in report.files] == [(name, "bytes")]


def test_under_another_version_values_are_compared_and_not_bytes(
    sqlite_world: MakingWorld, tmp_path: Path
) -> None:
    sqlite_world.answer_baseline()
    made = replace(sqlite_world.make(), app_version="0.0.9")
    quoted, changed = "tables/csv/participants.csv", "tables/csv/assessments.csv"
    lines = sqlite_world.read(quoted).replace(b"15-001", b'"15-001"')
    rewrite(sqlite_world.archive(), quoted, lines)
    rewrite(sqlite_world.archive(), changed, sqlite_world.read(changed).replace(b"BASELINE", b"BASE"))
    rewrite(sqlite_world.archive(), "programs/read_release.R", b"# another program")
    made = replace(made, archive_size=sqlite_world.archive().stat().st_size)

    report = rebuild(sqlite_world, made, tmp_path)

    assert not report.same_version
    assert [(file.name, file.what) for file in report.files] == [(changed, "values")]


def test_an_answer_that_was_tampered_with_in_the_database_is_found(
    world: MakingWorld, tmp_path: Path
) -> None:
    world.answer_baseline()
    made = world.make()
    with world.database.writing() as session:
        session.execute(
            text(
                "UPDATE answers SET value = CASE value WHEN 4 THEN 3 ELSE value + 1 END WHERE item_number = 1"
            )
        )
        session.execute(text("UPDATE answers SET operation_id = 'gone' WHERE item_number = 2"))

    report = rebuild(world, made, tmp_path)

    assert report.same_bytes
    assert not report.is_well
    changed, gone = sorted(report.traces, key=lambda trace: trace.stored is None)
    assert changed.stored is not None
    assert changed.released[:4] == changed.stored[:4] == ("15-001", "qlq-c30", 1, "answered")
    assert changed.released[4] != changed.stored[4]
    assert gone.stored is None
    assert gone.released[2] == 2


def test_a_release_whose_zip_is_gone_cannot_be_rebuilt(sqlite_world: MakingWorld, tmp_path: Path) -> None:
    made = sqlite_world.make()
    sqlite_world.archive().unlink()

    with pytest.raises(NotFound):
        rebuild(sqlite_world, made, tmp_path)


def test_a_damaged_zip_is_said_to_be_damaged(sqlite_world: MakingWorld, tmp_path: Path) -> None:
    sqlite_world.answer_baseline()
    made = sqlite_world.make()
    sqlite_world.damage("tables/parquet/items.parquet")

    report = rebuild(sqlite_world, made, tmp_path)

    assert (report.is_intact, report.is_readable, report.is_well) == (False, False, False)
    assert list(tmp_path.glob("*.zip")) == []


def test_another_compression_of_the_same_files_is_no_difference(
    sqlite_world: MakingWorld, tmp_path: Path
) -> None:
    made = sqlite_world.make()
    with zipfile.ZipFile(sqlite_world.archive()) as old, zipfile.ZipFile(tmp_path / "other", "w") as new:
        for info in old.infolist():
            new.writestr(info, old.read(info), zipfile.ZIP_STORED)
    shutil.move(tmp_path / "other", sqlite_world.archive())
    sha256 = hashlib.sha256(sqlite_world.archive().read_bytes()).hexdigest()

    report = rebuild(sqlite_world, replace(made, archive_sha256=sha256), tmp_path)

    assert not report.same_bytes
    assert report.is_well
