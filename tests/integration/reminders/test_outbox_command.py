"""`pro-app outbox`: the messages by their state, as a table and as JSON, and never an address."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from conftest import TEST_SECRET
from reminders_world import Post

from pro_app.cli import main

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
Run = Callable[..., Result]


@pytest.fixture
def run(post: Post, contacts_url: str) -> Run:
    """Give a function that runs the command in English on the clinic's database."""
    env = {
        "PRO_APP_DATABASE_URL": post.clinic.database.engine.url.render_as_string(hide_password=False),
        "PRO_APP_CONTACTS_DATABASE_URL": contacts_url,
        "PRO_APP_SECRET_KEY": TEST_SECRET,
        "PRO_APP_CONTACTS_KEY": TEST_SECRET,
        "PRO_APP_MAIL_URL": "smtp://localhost",
        "PRO_APP_MAIL_SENDER": "ne-pas-repondre@example.org",
        "PRO_APP_PUBLIC_URL": "https://suivi.example.org",
        "PRO_APP_LANGUAGE": "en",
    }

    def run_command(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["outbox", *arguments], env=env)

    return run_command


def test_messages_are_listed_by_state(run: Run, post: Post) -> None:
    assert run("--state", "sent").output == "There is no such message.\n"
    post.dispatch(INVITED_AT)
    result = run("--state", "sent")
    assert result.exit_code == 0
    head, line = result.output.splitlines()
    assert (head.split()[0], head.split()[-3:]) == ("Due", ["State", "Attempts", "Reason"])
    said = ["2026-03-02", "10:00", "15-001", "15", "W08", "invitation", "email", "sent", "1", "–"]
    assert line.split() == said
    assert "example.fr" not in run().output


def test_json_holds_the_same_in_utc(run: Run, post: Post) -> None:
    post.dispatch(INVITED_AT)
    (message,) = json.loads(run("--state", "sent", "--format", "json").output)
    assert message["due_at"] == INVITED_AT.isoformat()
    assert (message["rule"], message["state"], message["reason"]) == ("invitation", "sent", None)
    every = json.loads(run("--format", "json", "--limit", "5").output)
    assert len(every) == 5
    assert [one["due_at"] for one in every] == sorted((one["due_at"] for one in every), reverse=True)


def test_what_should_have_gone_is_late(run: Run) -> None:
    # Months have passed since the invitation was due, and nothing has sent it.
    late = json.loads(run("--state", "late", "--format", "json").output)
    assert "invitation" in {message["rule"] for message in late}
    assert {message["state"] for message in late} == {"planned"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--state", "lost"), "'lost' is not one of"), (("--study", "nothing"), "There is no study “nothing”")],
)
def test_a_state_or_study_that_is_none_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
