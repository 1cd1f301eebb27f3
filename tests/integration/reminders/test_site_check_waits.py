"""The invitation to a yearly form waits for the site's check of status and contacts, but not for ever."""

from datetime import UTC, date, datetime, timedelta

from clinic_world import Clinic, noon
from reminders_world import Post, list_rows

from pro_app.reminders.outbox import replan_reminders
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord

TREATMENT_ENDED_ON = date(2026, 7, 12)
Y2_OPENS_ON = date(2028, 6, 12)
"""A Monday: 24 months after the end of treatment, less 30 days."""
OPENING_DAY = datetime(2028, 6, 12, 8, tzinfo=UTC)
WAITS_UNTIL = datetime(2028, 6, 19, 8, tzinfo=UTC)


def record_check(
    clinic: Clinic, participant_id: int, at: datetime, *, outcome: str = "confirmed", visit: str = "Y2"
) -> None:
    """Record what the site did, and plan anew in the same transaction."""
    with clinic.writing() as session:
        participant = session.get_one(Participant, participant_id, with_for_update=True)
        session.add(
            SiteTaskRecord(
                task_key=f"check_status_and_contacts:{participant_id}:{visit}",
                site_id=participant.site_id,
                participant_id=participant_id,
                outcome=outcome,
                recorded_at=at,
            )
        )
        session.flush()
        replan_reminders(session, participant=participant, now=at)


def invitation(post: Post) -> OutboxMessage:
    rows = [row for row in list_rows(post.clinic.database, visit="Y2") if row.rule_code == "invitation"]
    return max(rows, key=lambda row: row.id)


def end_treatment(post: Post) -> None:
    for visit, day in (("W08", date(2026, 3, 3)), ("W16", date(2026, 5, 4)), ("W24", date(2026, 6, 29))):
        post.clinic.answer(post.participant_id, visit, day)
    post.clinic.record(post.participant_id, "treatment_ended", TREATMENT_ENDED_ON)


def test_without_a_check_the_invitation_goes_seven_days_after_the_opening(post: Post) -> None:
    end_treatment(post)
    assert invitation(post).due_at == WAITS_UNTIL
    others = {row.rule_code: row for row in list_rows(post.clinic.database, visit="Y2")}
    assert others["first-reminder"].due_at.date() == Y2_OPENS_ON + timedelta(days=14)


def test_a_check_before_the_opening_lets_the_invitation_go_on_the_opening_day(post: Post) -> None:
    end_treatment(post)
    record_check(post.clinic, post.participant_id, noon(Y2_OPENS_ON - timedelta(days=10)))
    assert invitation(post).due_at == OPENING_DAY


def test_a_check_in_the_window_lets_the_invitation_go_at_the_next_allowed_moment(post: Post) -> None:
    end_treatment(post)
    record_check(post.clinic, post.participant_id, datetime(2028, 6, 14, 12, 30, tzinfo=UTC))
    assert invitation(post).attempt_at == datetime(2028, 6, 14, 12, 30, tzinfo=UTC)


def test_a_check_at_night_lets_the_invitation_go_in_the_morning(post: Post) -> None:
    end_treatment(post)
    record_check(post.clinic, post.participant_id, datetime(2028, 6, 14, 20, 30, tzinfo=UTC))
    assert invitation(post).attempt_at == datetime(2028, 6, 15, 6, tzinfo=UTC)


def test_a_check_of_long_ago_and_one_for_another_visit_do_not_count(post: Post) -> None:
    end_treatment(post)
    record_check(post.clinic, post.participant_id, noon(Y2_OPENS_ON - timedelta(days=45)))
    record_check(post.clinic, post.participant_id, noon(Y2_OPENS_ON - timedelta(days=3)), visit="Y3")
    assert invitation(post).due_at == WAITS_UNTIL
    record_check(post.clinic, post.participant_id, noon(Y2_OPENS_ON - timedelta(days=44)))
    assert invitation(post).due_at == OPENING_DAY


def test_an_attempt_that_reached_nobody_is_no_check(post: Post) -> None:
    end_treatment(post)
    at = noon(Y2_OPENS_ON - timedelta(days=10))
    record_check(post.clinic, post.participant_id, at, outcome="not_reached")
    assert invitation(post).due_at == WAITS_UNTIL


def test_a_check_after_the_invitation_went_out_sends_nothing_again(post: Post) -> None:
    end_treatment(post)
    assert post.dispatch(WAITS_UNTIL)["sent"] == 1
    record_check(post.clinic, post.participant_id, WAITS_UNTIL + timedelta(hours=1))
    row = invitation(post)
    assert (row.state, row.due_at) == ("sent", WAITS_UNTIL)
    assert post.dispatch(WAITS_UNTIL + timedelta(hours=2)) == {}
