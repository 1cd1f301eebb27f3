"""The worker makes what was asked for, in a process of its own that it takes along when it ends."""

import time
from pathlib import Path

import pytest
from conftest import TEST_SECRET
from making_world import MakingWorld

from pro_app.clock import system_clock
from pro_app.services.releases.process import ReleaseProcess
from pro_app.settings import Settings
from pro_app.worker import start_background_worker

LONGEST_WAIT_SECONDS = 120.0


@pytest.fixture
def installed(sqlite_world: MakingWorld, contacts_url: str, tmp_path: Path) -> Settings:
    """Give the settings of the clinic's installation."""
    return Settings(
        database_url=sqlite_world.database.engine.url.render_as_string(hide_password=False),
        contacts_database_url=contacts_url,
        secret_key=TEST_SECRET,
        contacts_key=TEST_SECRET,
        mail_url=f"maildir:{tmp_path / 'mail'}",
        mail_sender="ne-pas-repondre@example.org",
        public_url="https://suivi.example.org",
        data_folder=tmp_path,
    )


def wait_for(world: MakingWorld, state: str) -> None:
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while world.load().state != state:
        assert time.monotonic() < until, world.load()
        time.sleep(0.1)


def test_a_release_that_was_asked_for_is_made_beside_the_reminders(
    sqlite_world: MakingWorld, installed: Settings
) -> None:
    sqlite_world.answer_baseline()
    sqlite_world.request(now=system_clock())

    worker = start_background_worker(installed, system_clock)
    try:
        wait_for(sqlite_world, "made")
    finally:
        worker.stop()

    assert sqlite_world.archive().stat().st_size == sqlite_world.load().archive_size


def test_a_worker_that_stops_ends_the_making_which_stays_to_be_done(
    sqlite_world: MakingWorld, installed: Settings
) -> None:
    sqlite_world.request(now=system_clock())
    making = ReleaseProcess(installed, sqlite_world.database, system_clock)
    making.look()
    wait_for(sqlite_world, "making")

    making.stop()

    assert sqlite_world.load().made_at is None
    assert not sqlite_world.archive().exists()


def test_no_process_is_started_for_nothing(sqlite_world: MakingWorld, installed: Settings) -> None:
    making = ReleaseProcess(installed, sqlite_world.database, system_clock)

    making.look()

    assert not making.is_running


def test_what_goes_wrong_in_the_process_is_told_without_the_words_of_the_error(
    sqlite_world: MakingWorld, installed: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    sqlite_world.request(now=system_clock())
    installed.releases_folder.write_text("a file where the folder should be")

    ReleaseProcess(installed, sqlite_world.database, system_clock).look()
    wait_for(sqlite_world, "failed")
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    said = ""
    while "FileExistsError" not in said:
        assert time.monotonic() < until
        time.sleep(0.1)
        said += capfd.readouterr().err

    assert "files.py:" in said
    assert "Traceback" not in said
    assert str(installed.releases_folder) not in said
