"""What became of a message reaches the nurse's list, from the mail or the reply of a server to the task."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from clinic_world import noon
from reminders_world import Post
from returned_mail import unsubscription
from returns_world import INVITED_AT, address, put, read, stops

from pro_app.protocol.events import fold_events
from pro_app.services.site_tasks import SiteTaskLine, list_tasks_of_sites
from pro_app.settings import Settings
from pro_app.storage.queries.events import list_events, read_events

INVITED_ON = date(2026, 3, 2)


def tasks(post: Post, day: date) -> list[SiteTaskLine]:
    """List what the nurse of the site sees."""
    with post.clinic.database.reading() as session:
        return list_tasks_of_sites(
            session, site_ids=None, actor=post.clinic.nurse, language="en", now=noon(day)
        )


def test_a_wish_to_stop_by_mail_is_a_task_for_the_nurse_and_no_event_of_the_participant(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    with post.clinic.database.reading() as session:
        before = fold_events(read_events(list_events(session, post.participant_id)))
    assert tasks(post, INVITED_ON) == []
    put(mailbox_folder, unsubscription(address(post, "u")))
    read(post, reading)
    (line,) = tasks(post, INVITED_ON)
    (stop,) = stops(post)
    assert (line.participant_code, line.task.kind, line.task.channel, line.task.why) == (
        "15-001", "channel", "email", "unsubscribed",
    )  # fmt: skip
    assert line.task.stop_id == stop.id
    with post.clinic.database.reading() as session:
        assert fold_events(read_events(list_events(session, post.participant_id))) == before
    visits = post.clinic.assessments(post.participant_id)
    assert all(visits[code].expected and visits[code].reason_code is None for code in ("W08", "Y5"))


@pytest.mark.parametrize(
    ("answers", "state", "why"),
    [(["RCPT 550 5.1.1 no such user"], "failed", "failed"), (["DROP", "DROP"], "unknown", "perhaps_sent")],
)
def test_a_message_that_did_not_arrive_or_perhaps_did_not_is_a_task_until_the_next_one_arrives(
    post: Post, *, answers: list[str], state: str, why: str
) -> None:
    post.server.answers.extend(answers)
    post.dispatch(INVITED_AT)
    for minutes in (1, 10):
        post.dispatch(INVITED_AT + timedelta(minutes=minutes))
    row = post.rows()["invitation"]
    assert row.state == state
    (line,) = tasks(post, INVITED_ON)
    assert (line.task.kind, line.task.why, line.visit_label) == ("message", why, "Week 8")
    assert line.task.failure is not None
    assert line.task.failure.message_id == row.id
    post.dispatch(noon(date(2026, 3, 6)))
    assert post.rows()["first-reminder"].state == "sent"
    assert tasks(post, date(2026, 3, 6)) == []
