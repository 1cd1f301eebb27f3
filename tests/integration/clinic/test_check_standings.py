"""`pro-app check-standings`: silent while all is well, naming what differs, and mending it when asked."""

import csv
import io
from datetime import date

import pytest
from click.testing import CliRunner
from clinic_world import Clinic
from conftest import TEST_SECRET
from sqlalchemy import text

from pro_app.cli import main, translation


@pytest.fixture(autouse=True)
def english_settings(monkeypatch: pytest.MonkeyPatch, database_url: str, contacts_url: str) -> None:
    for name, value in {
        "DATABASE_URL": database_url,
        "CONTACTS_DATABASE_URL": contacts_url,
        "SECRET_KEY": TEST_SECRET,
        "CONTACTS_KEY": TEST_SECRET,
        "MAIL_URL": "smtp://localhost:1",
        "MAIL_SENDER": "reluth@example.org",
        "PUBLIC_URL": "http://localhost",
        "LANGUAGE": "en",
    }.items():
        monkeypatch.setenv(f"PRO_APP_{name}", value)
    translation._catalogue.cache_clear()  # noqa: SLF001 -- a process reads its language once


def run(*arguments: str) -> tuple[int, list[list[str]], str]:
    result = CliRunner().invoke(main, ["check-standings", *arguments])
    return result.exit_code, list(csv.reader(io.StringIO(result.stdout))), result.stderr.strip()


def test_it_is_silent_names_what_differs_and_mends_it(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    assert run() == (0, [], "0 rows differ")

    with clinic.writing() as session:
        session.execute(text("UPDATE form_standings SET begun = true WHERE visit_code = 'W08'"))
        session.execute(text("DELETE FROM form_standings WHERE visit_code = 'W16'"))
    status, lines, said = run()
    assert (status, said) == (3, "2 rows differ")
    assert [line[1:] for line in lines] == [
        ["field", "stored", "due"],
        ["begun", "True", "False"],
        ["*", "-", "row"],
    ]

    status, lines, said = run("--repair")
    assert (status, len(lines), said) == (0, 3, "2 rows written anew")
    assert run() == (0, [], "0 rows differ")
