"""The lines of docs/api.md, run by R against the real server."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from builders import build_staff
from clinic_world import build_clinic
from conftest import TEST_SECRET
from making_world import MakingWorld
from readers.r_runner import run_r
from server_process import HOST, ServerProcess

from pro_app.app import create_app
from pro_app.clock import system_clock
from pro_app.contacts.vault import ContactVault
from pro_app.services.api_tokens import create_token
from pro_app.settings import Settings
from pro_app.storage.database import open_database

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = "https://pro.example.org"
REPORT = """
cat(nrow(scores), sum(scores$value, na.rm = TRUE), unique(scores$participant_code), "\\n")
cat(nrow(items), attr(items$state, "label"), "\\n")
"""


@pytest.fixture
def served(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[MakingWorld, str]]:
    """Make a release, serve it, and put a token where R finds it; gives the world and the address."""
    settings = replace(settings, secure_cookies=False)
    database = open_database(settings.database_url)
    vault = ContactVault(open_database(settings.contacts_database_url), TEST_SECRET)
    world = MakingWorld(build_clinic(database, vault), settings.releases_folder)
    world.answer_baseline()
    world.make()
    now = system_clock()
    statistician = build_staff(
        database, "statistician", study_id=world.clinic.study_id, username="statistician", now=now
    )
    with database.writing() as session:
        token = create_token(session, label="R", days=1, actor=statistician, now=now)
    monkeypatch.setenv("PRO_APP_TOKEN", token)
    server = ServerProcess(partial(create_app, settings), tmp_path / "server.log", workers=1)
    server.start()
    yield world, f"http://{HOST}:{server.port}"
    server.stop()
    for opened in (database, vault.database):
        opened.engine.dispose()


def test_the_lines_of_the_document_read_scores_and_items(
    served: tuple[MakingWorld, str], tmp_path: Path
) -> None:
    world, address = served
    blocks = re.findall(r"```r\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "lines.R"
    script.write_text("".join(blocks).replace(EXAMPLE, address) + REPORT, encoding="utf-8")
    scores = pl.read_csv(world.read("tables/csv/scores.csv"))

    about_scores, about_items = run_r(script, folder=tmp_path).splitlines()[-2:]
    rows, total, code = about_scores.split()
    assert len(blocks) == 2
    assert (int(rows), code) == (scores.height, "15-001")
    assert scores.height > 0
    assert float(total) == pytest.approx(scores["value"].sum())
    assert about_items.split()[0] == str(pl.read_csv(world.read("tables/csv/items.csv")).height)
    assert "NULL" not in about_items


def test_the_first_example_has_two_lines() -> None:
    first = re.findall(r"```r\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert len(first.splitlines()) == 2
