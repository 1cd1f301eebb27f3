"""A mail server that is down for a week: messages fail visibly, the site is asked, and no flood follows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from reminders_world import AnyPortController, Post, list_rows

from pro_app.services.sending_overview import SendingOverview, load_sending_overview
from pro_app.services.site_tasks import list_tasks_of_participant
from pro_app.storage.tables.outbox import OutboxMessage

DOWN_AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
BACK_AT = DOWN_AT + timedelta(days=7)
MINUTE = timedelta(minutes=1)


def live(post: Post, first: datetime, last: datetime) -> None:
    """Let a worker look whenever something is due."""
    now = first
    while now < last:
        post.dispatch(now)
        due = [row.attempt_at for row in list_rows(post.clinic.database) if row.state == "planned"]
        now = max(now + MINUTE, min(due, default=last))


def bring_back(post: Post, port: int) -> None:
    """Let the server listen again where it was."""
    post.server.controller = AnyPortController(post.server, hostname="127.0.0.1", port=port)
    post.server.controller.start()


def enrol(clinic: Clinic, code: str, randomised_on: date) -> int:
    key = clinic.enrol(
        date(2025, 12, 15), participant_code=code, email=f"a@centre-{code}.example", telephone=None
    )
    clinic.answer(key, "BASELINE", date(2025, 12, 15))
    clinic.record(key, "randomised", randomised_on, arm="SURVEILLANCE")
    return key


def rows_of(post: Post, participant_id: int) -> dict[str, OutboxMessage]:
    rows = list_rows(post.clinic.database, visit="W08")
    return {row.rule_code: row for row in rows if row.participant_id == participant_id}


def tasks(post: Post, participant_id: int, day: date) -> list[tuple[str, str]]:
    with post.clinic.database.reading() as session:
        lines = list_tasks_of_participant(
            session, participant_id, actor=post.clinic.nurse, language="en", now=noon(day)
        )
    return [(line.task.kind, line.task.why) for line in lines]


def overview(post: Post, now: datetime) -> SendingOverview:
    with post.clinic.database.reading() as session:
        return load_sending_overview(session, study_id=post.clinic.study_id, language="en", now=now)


@pytest.fixture
def people(post: Post) -> tuple[int, int, int]:
    """Give who is invited as it breaks down, who is two days before its end, whose window ends meanwhile."""
    invited_late = enrol(post.clinic, "15-002", date(2026, 1, 17))
    ends_meanwhile = enrol(post.clinic, "15-003", date(2025, 12, 31))
    live(post, noon(date(2026, 2, 27)), DOWN_AT)
    port = post.server.port
    post.server.stop()
    post.server.accepted.clear()
    live(post, DOWN_AT, BACK_AT)
    assert post.server.accepted == []
    bring_back(post, port)
    return post.participant_id, invited_late, ends_meanwhile


def test_what_should_have_gone_fails_with_its_reason_and_the_site_is_asked(
    post: Post, people: tuple[int, int, int]
) -> None:
    invited, _, ended = people
    invitation, last_call = rows_of(post, invited)["invitation"], rows_of(post, ended)["last-call"]
    assert (invitation.state, invitation.outcome_reason) == ("failed", "smtp_unreachable")
    assert invitation.finished_at is not None
    assert invitation.finished_at < DOWN_AT + timedelta(days=3, hours=1)
    assert (last_call.state, last_call.outcome_reason) == ("failed", "smtp_unreachable")
    assert ("message", "failed") in tasks(post, invited, date(2026, 3, 6))
    lost = {(line.participant_code, line.template_code) for line in overview(post, BACK_AT).lost}
    assert {("15-001", "invitation"), ("15-003", "last_call")} <= lost


def test_while_it_lasts_what_is_late_is_told_all_the_time(post: Post) -> None:
    live(post, DOWN_AT - timedelta(days=1), DOWN_AT)
    post.server.stop()
    live(post, DOWN_AT, DOWN_AT + timedelta(hours=2))
    for hours in range(2, 60, 6):
        now = DOWN_AT + timedelta(hours=hours)
        live(post, now, now + timedelta(hours=6))
        assert [line.participant_code for line in overview(post, now).late] == ["15-001"], now


def test_once_it_is_back_each_gets_what_is_of_that_day_and_nothing_that_was_given_up(
    post: Post, people: tuple[int, int, int]
) -> None:
    invited, invited_late, ended = people
    given_up = {row.id for row in list_rows(post.clinic.database) if row.state == "failed"}
    first_day = BACK_AT + timedelta(days=1)
    live(post, BACK_AT, first_day)
    # The invitation that was still being tried arrives; the one that was given up does not.
    assert [row.rule_code for row in list_sent(post, invited_late)] == ["invitation"]
    assert list_sent(post, invited) == []
    live(post, first_day, BACK_AT + timedelta(days=10))
    assert list_sent(post, ended) == []
    sent = [row for person in (invited, invited_late) for row in list_sent(post, person)]
    assert not {row.id for row in sent} & given_up
    assert [row.rule_code for row in list_sent(post, invited)] == ["second-reminder", "last-call"]
    days = [(row.participant_id, row.finished_at.date()) for row in sent if row.finished_at is not None]
    assert len(days) == len(set(days)) == len(sent)
    names = post.server.message_ids()
    assert len(names) == len(set(names)) == len(sent)
    assert tasks(post, invited, date(2026, 3, 10)) == []


def list_sent(post: Post, participant_id: int) -> list[OutboxMessage]:
    """List what reached a person about week 8 since the server broke down."""
    return [
        row
        for row in rows_of(post, participant_id).values()
        if row.state == "sent" and row.finished_at is not None and row.finished_at >= DOWN_AT
    ]
