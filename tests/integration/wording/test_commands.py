import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clinic_world import Clinic
from conftest import NOW, TEST_SECRET
from sqlalchemy import text
from wording_packs import C30, GINET21, change, make_pack, write_pack
from wording_world import put_in_use

from pro_app.app import create_app
from pro_app.audit.actor import Actor
from pro_app.cli import main
from pro_app.errors import ProductionRefused
from pro_app.services.production.entries import ENTRY_WORDS
from pro_app.settings import Settings


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Run the commands on SQLite; the services have been tested on both."""
    return sqlite_url


@pytest.fixture
def env(clinic: Clinic, sqlite_url: str, contacts_url: str) -> dict[str, str]:
    assert clinic
    return {
        "PRO_APP_DATABASE_URL": sqlite_url,
        "PRO_APP_CONTACTS_DATABASE_URL": contacts_url,
        "PRO_APP_SECRET_KEY": TEST_SECRET,
        "PRO_APP_CONTACTS_KEY": TEST_SECRET,
        "PRO_APP_MAIL_URL": "maildir:/nowhere",
        "PRO_APP_MAIL_SENDER": "x@test.invalid",
        "PRO_APP_PUBLIC_URL": "http://localhost",
        "PRO_APP_LANGUAGE": "en",
    }


def run(env: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=env | {"PRO_APP_LANGUAGE": "en"})


@pytest.mark.parametrize("form", ["yaml", "json", "xlsx"])
def test_a_template_is_written_and_named_empty_without_any_setting(tmp_path: Path, form: str) -> None:
    path = str(tmp_path / f"pack.{form}")

    written = run({}, "wording", "template", "--instrument", "qlq-c30/3.0", "--output", path)
    checked = run({}, "wording", "check", path)

    assert (written.exit_code, "30 items" in written.stdout) == (0, True)
    assert checked.exit_code == 2
    assert checked.stderr.count("The text is empty.") == 1 + 6 + 30 + 6 + 1
    place = {"yaml": f"{path}:9: title", "json": f"{path}:10: title", "xlsx": f"{path}: pack!B8: title"}
    assert f"{place[form]}: The text is empty." in checked.stderr


def test_a_template_never_overwrites_what_was_filled_in(tmp_path: Path) -> None:
    path = write_pack(tmp_path, make_pack())
    before = path.read_bytes()

    refused = run({}, "wording", "template", "--instrument", "qlq-ginet21", "--output", str(path))

    assert refused.exit_code == 2
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--instrument", "qlq-x", "--output", "a.yaml"), "Known: qlq-c30, qlq-ginet21."),
        (("--instrument", "qlq-c30/9.9", "--output", "a.yaml"), "Known: qlq-c30, qlq-ginet21."),
        (("--instrument", "qlq-c30", "--output", "a.doc"), "--format"),
        (("--instrument", "qlq-c30", "--output", "/nowhere/a.yaml"), "no such file or folder"),
        (("--instrument", "qlq-c30", "--output", "/nowhere/a.xlsx"), "no such file or folder"),
    ],
)
def test_a_template_that_cannot_be_written_is_refused_in_words(
    arguments: tuple[str, ...], words: str
) -> None:
    refused = run({}, "wording", "template", *arguments)

    assert refused.exit_code == 2
    assert words in refused.stderr


def test_a_sound_pack_is_imported_listed_and_shown_with_its_hash(env: dict[str, str], tmp_path: Path) -> None:
    path = write_pack(tmp_path, make_pack(), "yaml")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    assert run({}, "wording", "check", str(path)).exit_code == 0
    imported = run(env, "wording", "import", str(path), "--study", "reluth")
    again = run(env, "wording", "import", str(path))
    listed = run(env, "wording", "list")
    shown = run(env, "wording", "show", sha256)

    assert imported.exit_code == 0, imported.stderr
    assert f"SHA-256 {sha256}" in imported.stdout
    assert "waits for approval (0 of 2)" in imported.stdout
    assert "http://localhost/admin/wording" in imported.stdout
    assert "nothing was changed" in again.stdout
    assert listed.stdout.startswith(f"{sha256}  qlq-ginet21 1.0 fr  essai-1  waits for approval")
    assert hashlib.sha256(shown.stdout_bytes).hexdigest() == sha256


def test_an_unsound_pack_is_refused_with_every_problem_and_nothing_is_stored(
    env: dict[str, str], tmp_path: Path
) -> None:
    data = change(change(make_pack(), "items.40", ""), "copyright_line", "")
    path = write_pack(tmp_path, data, "xlsx")

    refused = run(env, "wording", "import", str(path))

    assert refused.exit_code == 2
    assert refused.stderr.splitlines() == [
        f"{path}: pack!B10: copyright_line: The text is empty.",
        f"{path}: items!B11: items.40: The text is empty.",
    ]
    assert "No pack was imported yet." in run(env, "wording", "list").stdout


def test_a_file_or_a_pack_that_is_not_there_is_said_in_words(env: dict[str, str], tmp_path: Path) -> None:
    missing = run(env, "wording", "import", str(tmp_path / "none.yaml"))
    unknown = run(env, "wording", "show", "0" * 64)

    assert (missing.exit_code, "no such file" in missing.stderr) == (2, True)
    assert (unknown.exit_code, "wording_pack" in unknown.stderr) == (2, True)


def record_documents(env: dict[str, str]) -> None:
    for kind in ENTRY_WORDS:
        until = ("--until", "2035-01-01") if kind == "hosting-certificate" else ()
        done = run(env, "study", "document", kind, "--reference", f"R-{kind}", "--on", "2026-01-15", *until)
        assert done.exit_code == 0, done.stderr


@pytest.mark.usefixtures("told")
def test_going_live_is_refused_by_name_until_everything_is_there(
    env: dict[str, str], clinic: Clinic, people: tuple[Actor, Actor], *, tmp_path: Path
) -> None:
    refused = run(env, "study", "go-live", "--study", "reluth")
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[0] == "The study reluth may not run in production:"
    assert "  Missing: certificate of the hosting (HDS). [hosting-certificate]" in refused.stderr.splitlines()
    assert "  Patients would read a placeholder: qlq-c30 3.0 (fr)." in refused.stderr.splitlines()
    assert run(env, "study", "status").exit_code == 1

    record_documents(env)
    for code in (C30, GINET21):
        put_in_use(clinic.database, make_pack(code), people=people, folder=tmp_path, now=NOW)
    live = run(env, "study", "go-live")
    status = run(env, "study", "status")

    assert live.exit_code == 0, live.stderr
    assert live.stdout.splitlines()[-1] == "The study reluth is in production from now on."
    assert live.stdout.count("Placeholder taken out of use") == 2
    assert (status.exit_code, "R-ecoa-licence" in status.stdout) == (0, True)
    assert status.stdout.splitlines()[-1] == "Nothing is missing for production."


@pytest.mark.parametrize(
    "arguments",
    [
        ("authority", "--reference", "A", "--on", "2999-01-01"),
        ("hosting-certificate", "--reference", "A", "--on", "2026-01-01"),
        ("unheard-of", "--reference", "A", "--on", "2026-01-01"),
        ("authority", "--reference", "A", "--on", "01/02/2026"),
    ],
)
def test_a_document_that_cannot_be_is_refused(env: dict[str, str], arguments: tuple[str, ...]) -> None:
    assert run(env, "study", "document", *arguments).exit_code == 2


def make_production(clinic: Clinic) -> None:
    """Say production behind the gate's back."""
    with clinic.writing() as session:
        session.execute(text("UPDATE studies SET mode = 'production'"))


@pytest.mark.parametrize("command", [("serve", "--port", "1"), ("worker",)])
def test_nothing_starts_for_a_study_in_production_that_lacks_something(
    env: dict[str, str], clinic: Clinic, command: tuple[str, ...]
) -> None:
    make_production(clinic)

    refused = run(env, *command)

    assert refused.exit_code == 2
    assert "The study reluth may not run in production:" in refused.stderr
    assert "EORTC’s licence for the electronic version" in refused.stderr


def test_the_app_itself_refuses_to_be_made_whatever_server_runs_it(
    env: dict[str, str], clinic: Clinic
) -> None:
    create_app(Settings.from_env(env))
    make_production(clinic)

    with pytest.raises(ProductionRefused) as refused:
        create_app(Settings.from_env(env))

    assert len(refused.value.problems) == len(ENTRY_WORDS) + 5  # what patients are told, four texts
