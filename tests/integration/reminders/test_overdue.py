"""What should have gone and did not: shown while it can still go, finished once it cannot."""

from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic
from reminders_world import Post, list_rows

from pro_app.reminders.outbox import close_expired
from pro_app.reminders.outbox.attempts import LEASE, Outcome
from pro_app.storage.queries.outbox import list_messages, list_overdue

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WINDOW_ENDS_AT = datetime(2026, 3, 16, 23, tzinfo=UTC)
GRACE = timedelta(minutes=15)


def overdue(clinic: Clinic, now: datetime) -> list[str]:
    with clinic.database.reading() as session:
        return [listed.message.rule_code for listed in list_overdue(session, now=now, grace=GRACE)]


def close(clinic: Clinic, now: datetime, *, most: int = 500) -> int:
    with clinic.writing() as session:
        return close_expired(session, now=now, most=most)


def test_a_message_is_overdue_when_nobody_has_tried_it_for_longer_than_the_grace(post: Post) -> None:
    assert overdue(post.clinic, INVITED_AT + GRACE - timedelta(seconds=1)) == []
    assert overdue(post.clinic, INVITED_AT + GRACE) == ["invitation"]
    post.dispatch(INVITED_AT + GRACE)
    assert overdue(post.clinic, INVITED_AT + timedelta(days=1)) == []


def test_a_message_that_a_broken_mail_server_refuses_again_and_again_is_overdue_all_the_time(
    post: Post,
) -> None:
    at = INVITED_AT
    for _ in range(7):
        post.record(post.claim("tried", at), Outcome("retryable", "smtp_unreachable"), at)
        assert overdue(post.clinic, max(at, INVITED_AT + GRACE)) == ["invitation"]
        at = post.rows()["invitation"].attempt_at
    assert at - INVITED_AT > timedelta(hours=9)


def test_a_claim_that_nobody_came_back_from_is_overdue_when_its_lease_is_over(post: Post) -> None:
    post.claim("dead", INVITED_AT)
    assert overdue(post.clinic, INVITED_AT + LEASE - timedelta(seconds=1)) == []
    assert overdue(post.clinic, INVITED_AT + LEASE) == ["invitation"]


def test_what_a_pause_has_put_off_is_not_overdue(post: Post) -> None:
    post.record(post.claim("first", INVITED_AT), Outcome("retryable", "smtp_451"), INVITED_AT)
    assert overdue(post.clinic, INVITED_AT + GRACE) == ["invitation"]
    post.clinic.record(post.participant_id, "paused", date(2026, 3, 2), until="2026-03-12")
    post.dispatch(INVITED_AT + timedelta(hours=1))
    assert overdue(post.clinic, INVITED_AT + timedelta(days=3)) == []


def test_what_nobody_tried_before_its_window_closed_ends_as_cancelled_and_is_overdue_no_more(
    post: Post,
) -> None:
    assert close(post.clinic, WINDOW_ENDS_AT - timedelta(seconds=1)) == 0
    assert len(overdue(post.clinic, WINDOW_ENDS_AT)) == 5
    assert close(post.clinic, WINDOW_ENDS_AT, most=3) == 3
    assert close(post.clinic, WINDOW_ENDS_AT) == 2
    assert close(post.clinic, WINDOW_ENDS_AT) == 0
    rows = list_rows(post.clinic.database, visit="W08")
    assert {(row.state, row.outcome_reason) for row in rows} == {("cancelled", "window_closed")}
    assert overdue(post.clinic, WINDOW_ENDS_AT) == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("retryable", "smtp_451"), ("failed", "smtp_451")),
        (Outcome("doubtful", "no_reply_after_text"), ("unknown", "window_closed")),
        (None, ("unknown", "claim_ran_out")),
    ],
)
def test_what_was_tried_and_then_left_until_its_window_closed_is_not_called_cancelled(
    post: Post, outcome: Outcome | None, expected: tuple[str, str]
) -> None:
    claimed = post.claim("first", INVITED_AT)
    if outcome is not None:
        post.record(claimed, outcome, INVITED_AT)
    close(post.clinic, WINDOW_ENDS_AT)
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == expected


def test_the_dispatcher_says_the_same_of_what_was_tried_until_its_window_closed(post: Post) -> None:
    post.record(post.claim("first", INVITED_AT), Outcome("retryable", "smtp_451"), INVITED_AT)
    post.dispatch(WINDOW_ENDS_AT)
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == ("failed", "smtp_451")


def test_messages_are_listed_by_state_site_and_time_with_the_codes_that_people_know(post: Post) -> None:
    post.dispatch(INVITED_AT)
    post.enqueue_test(INVITED_AT)
    clinic = post.clinic
    with clinic.database.reading() as session:
        (sent,) = list_messages(session, states=["sent"])
        assert (sent.participant_code, sent.site_code, sent.visit_code) == ("15-001", "15", "W08")
        assert list_messages(session, states=["sent"], site_ids=[clinic.other_site_id]) == []
        assert list_messages(session, states=["sent"], since=INVITED_AT + timedelta(seconds=1)) == []
        assert len(list_messages(session, states=["sent"], since=INVITED_AT, study_id=clinic.study_id)) == 1
        latest = list_messages(session, limit=2)
        assert [listed.visit_code for listed in latest] == ["Y5", "Y5"]
        assert latest[0].message.due_at > latest[1].message.due_at
        (test,) = [listed for listed in list_messages(session) if listed.message.rule_code == "test"]
        assert test.visit_code is None
