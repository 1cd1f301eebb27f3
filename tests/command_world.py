"""Running `pro-app` on the stores of a test, in English and as a part of the test's own process."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result
from conftest import TEST_SECRET

from pro_app.cli import main
from pro_app.storage.database import Database

Run = Callable[..., Result]


def make_environment(database: Database | str, contacts_url: str, **more: str) -> dict[str, str]:
    """Give the settings of an installation with these stores, the first one also by its address."""
    url = database if isinstance(database, str) else database.engine.url.render_as_string(hide_password=False)
    return {
        "PRO_APP_DATABASE_URL": url,
        "PRO_APP_CONTACTS_DATABASE_URL": contacts_url,
        "PRO_APP_SECRET_KEY": TEST_SECRET,
        "PRO_APP_CONTACTS_KEY": TEST_SECRET,
        "PRO_APP_MAIL_URL": "maildir:/nowhere",
        "PRO_APP_MAIL_SENDER": "ne-pas-repondre@example.org",
        "PRO_APP_PUBLIC_URL": "https://suivi.example.org",
        "PRO_APP_LANGUAGE": "en",
        **more,
    }


def make_runner(env: dict[str, str], *command: str) -> Run:
    """Give a function that runs a command with whatever arguments come; `typed` is read as its input."""

    def run(*arguments: str | Path, typed: str = "") -> Result:
        given = [*command, *map(str, arguments)]
        # An unforeseen fault shall show itself here, and not as an exit status that a test may expect.
        return CliRunner().invoke(main, given, env=env, input=typed, catch_exceptions=False)

    return run
