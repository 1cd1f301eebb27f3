"""Without its databases nothing starts, and what is wrong is said in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_world import make_environment, make_runner

from pro_app.storage.database import open_database
from pro_app.storage.migrate import migrate

ROOT = Path(__file__).parents[2]
NOWHERE = "postgresql+psycopg://app:a-secret-word@127.0.0.1:1/none"


def url(folder: Path, name: str, revision: str | None = None) -> str:
    """Give the address of a store in `folder`, brought to `revision` if one is given."""
    address = f"sqlite:///{folder / name}.sqlite"
    if revision is not None:
        database = open_database(address)
        migrate(database, "contacts" if name == "contacts" else "main", revision)
        database.engine.dispose()
    return address


@pytest.mark.parametrize("command", [("serve", "--port", "1"), ("worker",), ("study", "status")])
def test_a_database_that_cannot_be_reached_is_said_without_its_password(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    env = make_environment(NOWHERE, url(tmp_path, "contacts", "head"))
    refused = make_runner(env)(*command)
    assert refused.exit_code == 2
    [line] = refused.stderr.splitlines()
    assert line.startswith("A database cannot be reached: ")
    assert "a-secret-word" not in line


@pytest.mark.parametrize(
    ("main", "contacts", "said"),
    [
        (None, "head", "A database has no tables yet. Make them with “pro-app init”."),
        ("head", None, "A database has no tables yet. Make them with “pro-app init”."),
        ("0001", "head", "A database has the tables of an older release. Renew them with “pro-app init”."),
    ],
)
def test_a_database_without_its_tables_stops_the_start(
    tmp_path: Path, *, main: str | None, contacts: str | None, said: str
) -> None:
    env = make_environment(url(tmp_path, "main", main), url(tmp_path, "contacts", contacts))
    refused = make_runner(env)("serve", "--port", "1")
    assert (refused.exit_code, refused.stderr.splitlines()) == (2, [said])


def test_any_other_server_is_told_in_a_line_too_and_stops_for_good(tmp_path: Path) -> None:
    env = make_environment(NOWHERE, url(tmp_path, "contacts", "head"))
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert line.startswith("A database cannot be reached: ")
