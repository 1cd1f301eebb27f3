"""A clock that jumps: nothing goes out twice, nothing is lost; and a person who moves to another zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from reminders_world import Post, list_rows

from pro_app.reminders.dispatch import dispatch_due
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.outbox.attempts import LEASE, Outcome
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.health import check_health
from pro_app.services.heartbeats import record_heartbeat
from pro_app.services.sending_overview import load_sending_overview
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def replan(post: Post, now: datetime) -> None:
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id, with_for_update=True)
        replan_reminders(session, participant=participant, now=now)


def dispatch_from_to(post: Post, first: datetime, last: datetime, *, step: timedelta = HOUR) -> None:
    """Let a worker look at every step, both ends included, in either direction of time."""
    now = first
    while now <= last:
        post.dispatch(now)
        now += step


def subjects_once(post: Post) -> bool:
    return len(post.server.message_ids()) == len(set(post.server.message_ids()))


@pytest.mark.parametrize("back", [HOUR, 5 * HOUR, DAY])
def test_a_clock_that_jumps_back_sends_nothing_twice_and_goes_on_when_it_has_caught_up(
    post: Post, back: timedelta
) -> None:
    dispatch_from_to(post, INVITED_AT, INVITED_AT + 2 * HOUR)
    replan(post, INVITED_AT - back)
    dispatch_from_to(post, INVITED_AT - back, INVITED_AT + 6 * DAY, step=3 * HOUR)
    assert subjects_once(post)
    assert post.rows()["invitation"].state == "sent"
    assert post.rows()["first-reminder"].state == "sent"


def test_a_clock_that_ran_a_day_ahead_and_came_back_sends_nothing_twice_and_loses_nothing(
    post: Post,
) -> None:
    post.dispatch(INVITED_AT + DAY)
    replan(post, INVITED_AT + DAY)
    post.dispatch(INVITED_AT)
    replan(post, INVITED_AT)
    dispatch_from_to(post, INVITED_AT, INVITED_AT + 5 * DAY, step=3 * HOUR)
    assert subjects_once(post)
    assert [row.state for row in post.rows().values()][:1] == ["sent"]
    assert len(post.server.accepted) == 2


def test_a_retry_that_was_planned_by_a_clock_ahead_is_made_once_the_time_has_come(post: Post) -> None:
    ahead = INVITED_AT + DAY
    post.record(post.claim("ahead", ahead), Outcome("retryable", "smtp_451"), ahead)
    assert post.dispatch(INVITED_AT + HOUR) == {}
    assert post.dispatch(ahead + timedelta(minutes=1)) == {"sent": 1}


def test_a_claim_by_a_clock_ahead_is_nobody_elses_until_its_own_lease_is_over(post: Post) -> None:
    post.claim("ahead", INVITED_AT + HOUR)
    assert post.dispatch(INVITED_AT + HOUR - LEASE) == {}
    assert post.dispatch(INVITED_AT + HOUR + LEASE) == {"sent": 1}
    assert len(post.server.accepted) == 1


def test_a_worker_that_was_frozen_beyond_its_lease_sends_nothing_under_it(post: Post) -> None:
    left = [INVITED_AT]

    def clock() -> datetime:
        """Freeze after the claim; while it lasts, another worker takes the message over and sends it."""
        if left:
            return left.pop()
        if not post.server.accepted:
            assert post.dispatch(INVITED_AT + LEASE) == {"sent": 1}
        return INVITED_AT + LEASE

    assert dict(dispatch_due(post.office, clock=clock).states) == {"claim_lost": 1}
    assert len(post.server.accepted) == 1
    row = post.rows()["invitation"]
    assert (row.state, row.attempts, row.doubts) == ("sent", 2, 1)


def test_the_outcome_of_a_claim_counts_also_when_the_clock_jumped_back_meanwhile(post: Post) -> None:
    claimed = post.claim("mine", INVITED_AT)
    assert post.record(claimed, Outcome("sent"), INVITED_AT - HOUR) == "sent"
    assert post.dispatch(INVITED_AT + HOUR) == {}


def test_a_sign_of_life_before_the_clock_was_set_back_hides_no_silence(post: Post) -> None:
    def beat(name: str, at: datetime) -> None:
        with post.clinic.writing() as session:
            record_heartbeat(session, name=name, now=at)

    def is_silent_at(now: datetime) -> tuple[bool, bool, list[bool]]:
        with post.clinic.database.reading() as session:
            overview = load_sending_overview(session, study_id=post.clinic.study_id, language="en", now=now)
            health = check_health(session, now=now)
        return overview.silent, health.worker == "silent", [line.silent for line in overview.workers]

    beat("killed when the clock was ahead", INVITED_AT + HOUR)
    assert is_silent_at(INVITED_AT + HOUR) == (False, False, [False])
    assert is_silent_at(INVITED_AT) == (True, True, [True])
    beat("alive", INVITED_AT)
    assert is_silent_at(INVITED_AT) == (False, False, [True, False])


def move_to(clinic: Clinic, participant_id: int, zone: str, *, now: datetime) -> None:
    change = ContactChange(
        email="a.dupont@example.fr", telephone="06 12 34 56 78", language="fr", zone=zone, reminder_hour=10
    )
    with clinic.writing() as session:
        change_contact(session, participant_id, change, vault=clinic.vault, actor=clinic.nurse, now=now)


def newest(post: Post, visit: str) -> dict[str, OutboxMessage]:
    rows = list_rows(post.clinic.database, visit=visit)
    return {row.rule_code: row for row in sorted(rows, key=lambda row: row.id)}


def test_who_moves_gets_messages_at_the_hour_of_the_new_zone_while_a_begun_form_keeps_its_window(
    post: Post,
) -> None:
    post.dispatch(INVITED_AT)
    post.clinic.answer(post.participant_id, "W08", date(2026, 3, 3), submit=False)
    move_to(post.clinic, post.participant_id, "Pacific/Tahiti", now=noon(date(2026, 3, 4)))
    begun, to_come = newest(post, "W08")["last-call"], newest(post, "W16")["last-call"]
    assert begun.due_at == datetime(2026, 3, 14, 20, tzinfo=UTC)  # 10:00 in Tahiti
    assert begun.expires_at == datetime(2026, 3, 16, 23, tzinfo=UTC)  # midnight in Paris
    assert to_come.expires_at == datetime(2026, 5, 12, 10, tzinfo=UTC)  # midnight in Tahiti


def test_who_moves_on_the_day_of_the_invitation_is_not_invited_twice(post: Post) -> None:
    post.dispatch(INVITED_AT)
    move_to(post.clinic, post.participant_id, "America/Martinique", now=INVITED_AT + HOUR)
    dispatch_from_to(post, INVITED_AT + HOUR, INVITED_AT + 3 * DAY)
    assert len(post.server.accepted) == 1
