"""`pro-app outbox`: the messages by their state, as a table and as JSON, and never an address."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from command_world import Run, make_environment, make_runner
from reminders_world import Post
from sqlalchemy import select

from pro_app.clock import system_clock
from pro_app.storage.tables.outbox import OutboxMessage

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def run(post: Post, contacts_url: str) -> Run:
    """Give a function that runs the command on the clinic's database."""
    return make_runner(make_environment(post.clinic.database, contacts_url), "outbox")


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
    assert len(json.loads(run("--format", "json", "--limit", "5").output)) == 5


def test_what_was_due_last_comes_first_and_after_it_what_is_next(run: Run) -> None:
    now = system_clock().isoformat()
    due = [one["due_at"] for one in json.loads(run("--format", "json", "--limit", "1000").output)]
    past, coming = [at for at in due if at < now], [at for at in due if at >= now]
    assert past
    assert coming
    assert due == [*sorted(past, reverse=True), *sorted(coming)]


def test_days_reach_as_far_ahead_as_back(run: Run, post: Post) -> None:
    now = system_clock()
    with post.clinic.writing() as session:
        first, second, third, *_others = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        first.due_at, second.due_at = now - timedelta(hours=23), now + timedelta(hours=23)
        third.due_at = now + timedelta(hours=25)
        wanted = [first.due_at.isoformat(), second.due_at.isoformat()]
    within = json.loads(run("--days", "1", "--format", "json").output)
    assert [one["due_at"] for one in within if one["due_at"] in wanted] == wanted
    assert all(
        abs(datetime.fromisoformat(one["due_at"]) - now) <= timedelta(days=1, minutes=1) for one in within
    )


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
