"""One message on the first channel that works, the next one when it definitely does not; push beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from reminders_world import Post, list_rows
from sqlalchemy import select

from pro_app.reminders.outbox import enqueue_test_message, replan_reminders
from pro_app.reminders.outbox.attempts import ClaimedMessage, Outcome
from pro_app.reminders.outbox.claims import claim_next
from pro_app.reminders.outbox.outcomes import record_outcome
from pro_app.reminders.outbox.take_over import record_return
from pro_app.services.sending_overview import load_sending_overview
from pro_app.services.site_tasks import list_tasks_of_participant
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 18, 59, tzinfo=UTC)
ALL = frozenset({"email", "sms", "push"})
REFUSED = Outcome("undeliverable", "smtp_550")


def choose_channels(post: Post, channels: str, *, now: datetime = INVITED_AT - timedelta(days=1)) -> None:
    """Give the participant an own order of channels, and plan."""
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id, with_for_update=True)
        participant.channels = channels
        replan_reminders(session, participant=participant, now=now)


def record(
    post: Post,
    claimed: ClaimedMessage,
    outcome: Outcome,
    *,
    now: datetime = INVITED_AT,
    usable: frozenset[str] = ALL,
) -> str | None:
    with post.clinic.writing() as session:
        return record_outcome(session, claimed, outcome, usable_channels=usable, now=now)


def claim_one_of_many(post: Post, token: str, now: datetime) -> ClaimedMessage:
    """Claim the one message that goes out, settling those that it overtakes."""
    while True:
        with post.clinic.writing() as session:
            claimed = claim_next(session, claim_token=token, now=now)
        assert claimed is not None
        if isinstance(claimed, ClaimedMessage):
            return claimed


def rest(post: Post, channel: str, reason: str, *, now: datetime) -> None:
    """Let a channel rest for the participant, as a report about a message does."""
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id, with_for_update=True)
        session.add(ChannelStop(participant_id=participant.id, channel=channel, reason=reason, since_at=now))
        session.flush()
        replan_reminders(session, participant=participant, now=now)


def invitations(post: Post) -> dict[str, OutboxMessage]:
    rows = list_rows(post.clinic.database, visit="W08")
    return {row.channel: row for row in rows if row.rule_code == "invitation"}


def states(post: Post) -> dict[str, tuple[str, str | None]]:
    return {channel: (row.state, row.outcome_reason) for channel, row in invitations(post).items()}


def test_what_is_refused_for_good_goes_at_once_on_the_next_channel_in_the_same_commit(post: Post) -> None:
    choose_channels(post, "email,sms")
    assert states(post) == {"email": ("planned", None)}
    assert record(post, post.claim("first", INVITED_AT), REFUSED) == "failed"
    rows = invitations(post)
    assert rows["email"].taken_over_by == rows["sms"].message_key
    assert states(post) == {"email": ("failed", "smtp_550"), "sms": ("planned", None)}
    assert (rows["sms"].due_at, rows["sms"].attempt_at) == (INVITED_AT, INVITED_AT)
    assert rows["sms"].expires_at == rows["email"].expires_at
    taken = post.claim("second", INVITED_AT)
    assert (taken.channel, taken.template_code) == ("sms", "invitation")
    assert record(post, taken, Outcome("sent", provider_ref="sms-77")) == "sent"
    assert invitations(post)["sms"].provider_ref == "sms-77"


def test_planning_again_leaves_the_message_with_the_channel_that_took_it_over(post: Post) -> None:
    choose_channels(post, "email,sms")
    record(post, post.claim("first", INVITED_AT), REFUSED)
    before = states(post)
    choose_channels(post, "email,sms", now=INVITED_AT + timedelta(minutes=1))
    assert states(post) == before


def test_a_channel_that_the_installation_lacks_is_passed_over(post: Post) -> None:
    choose_channels(post, "email,sms")
    record(post, post.claim("first", INVITED_AT), REFUSED, usable=frozenset({"email"}))
    assert states(post) == {"email": ("failed", "smtp_550")}
    assert invitations(post)["email"].taken_over_by is None


def test_where_every_channel_failed_the_last_message_is_failed_and_the_site_is_asked(post: Post) -> None:
    choose_channels(post, "email,sms")
    for token in ("first", "second"):
        record(post, post.claim(token, INVITED_AT), Outcome("undeliverable", "no_address"))
    assert states(post) == {"email": ("failed", "no_address"), "sms": ("failed", "no_address")}
    assert invitations(post)["sms"].taken_over_by is None
    with post.clinic.database.reading() as session:
        tasks = list_tasks_of_participant(
            session, post.participant_id, actor=post.clinic.nurse, language="fr", now=INVITED_AT
        )
    sms = invitations(post)["sms"]
    assert [line.task.task_key for line in tasks if line.task.kind == "message"] == [
        f"message:{post.participant_id}:{sms.id}"
    ]


@pytest.mark.parametrize(
    "outcome", [Outcome("retryable", "smtp_451"), Outcome("doubtful", "no_reply_after_text")]
)
def test_what_is_only_late_or_may_have_arrived_is_not_taken_over(post: Post, outcome: Outcome) -> None:
    choose_channels(post, "email,sms")
    assert record(post, post.claim("first", INVITED_AT), outcome) == "planned"
    assert states(post).keys() == {"email"}


def test_a_message_that_may_have_arrived_and_is_then_refused_is_unknown_and_not_taken_over(
    post: Post,
) -> None:
    choose_channels(post, "email,sms")
    record(post, post.claim("first", INVITED_AT), Outcome("doubtful", "no_reply_after_text"))
    later = INVITED_AT + timedelta(minutes=1)
    assert record(post, post.claim("second", later), REFUSED, now=later) == "unknown"
    assert states(post) == {"email": ("unknown", "smtp_550")}


def test_a_late_take_over_waits_for_the_morning(post: Post) -> None:
    choose_channels(post, "email,sms")
    claimed = post.claim("first", EVENING)
    record(post, claimed, REFUSED, now=EVENING + timedelta(minutes=2))
    assert invitations(post)["sms"].attempt_at == datetime(2026, 3, 3, 7, tzinfo=UTC)


def test_a_take_over_never_goes_beyond_the_window(post: Post) -> None:
    choose_channels(post, "email,sms")
    last_evening = datetime(2026, 3, 16, 18, 59, tzinfo=UTC)
    claimed = claim_one_of_many(post, "first", last_evening)
    assert record(post, claimed, REFUSED, now=last_evening + timedelta(minutes=2)) == "failed"
    failed = [row for row in list_rows(post.clinic.database, visit="W08") if row.state == "failed"]
    assert [row.taken_over_by for row in failed] == [None]


@pytest.mark.parametrize(
    ("until", "waits_until"),
    [
        ("2026-03-11", datetime(2026, 3, 11, 9, tzinfo=UTC)),
        ("2026-04-30", datetime(2026, 3, 16, 23, tzinfo=UTC)),
    ],
)
def test_a_take_over_in_a_pause_waits_and_goes_soon_after_a_pause_that_is_ended_early(
    post: Post, until: str, waits_until: datetime
) -> None:
    choose_channels(post, "email,sms")
    claimed = post.claim("first", INVITED_AT)
    post.clinic.record(post.participant_id, "paused", date(2026, 3, 2), until=until)
    record(post, claimed, REFUSED)
    assert states(post) == {"email": ("failed", "smtp_550"), "sms": ("planned", None)}
    assert invitations(post)["sms"].attempt_at == waits_until
    post.clinic.record(post.participant_id, "resumed", date(2026, 3, 3), of="paused")
    sms = invitations(post)["sms"]
    assert (sms.state, sms.attempt_at.date()) == ("planned", date(2026, 3, 3))


def test_a_take_over_of_what_was_answered_meanwhile_does_not_happen(post: Post) -> None:
    choose_channels(post, "email,sms")
    claimed = post.claim("first", INVITED_AT)
    post.clinic.answer(post.participant_id, "W08", date(2026, 3, 2))
    record(post, claimed, REFUSED, now=INVITED_AT + timedelta(hours=3))
    assert states(post) == {"email": ("failed", "smtp_550")}


def test_push_goes_beside_the_other_channel_and_nothing_takes_its_place(post: Post) -> None:
    choose_channels(post, "email,push,sms")
    assert states(post) == {"email": ("planned", None), "push": ("planned", None)}
    outcomes = {"email": Outcome("sent"), "push": Outcome("undeliverable", "gone")}
    for token in ("first", "second"):
        claimed = post.claim(token, INVITED_AT)
        record(post, claimed, outcomes[claimed.channel])
    assert states(post) == {"email": ("sent", None), "push": ("failed", "gone")}


def test_where_email_fails_sms_takes_over_and_push_does_not(post: Post) -> None:
    choose_channels(post, "push,email,sms")
    for token in ("first", "second"):
        claimed = post.claim(token, INVITED_AT)
        record(post, claimed, REFUSED if claimed.channel == "email" else Outcome("sent"))
    assert states(post) == {
        "email": ("failed", "smtp_550"),
        "push": ("sent", None),
        "sms": ("planned", None),
    }


def test_after_an_outage_one_message_goes_out_on_each_of_both_ways(post: Post) -> None:
    choose_channels(post, "email,push")
    late = datetime(2026, 3, 10, 12, tzinfo=UTC)
    claims = [claim_one_of_many(post, token, late) for token in ("first", "second")]
    assert {claimed.channel for claimed in claims} == {"email", "push"}
    assert {claimed.message_key.split(":")[2] for claimed in claims} == {"second-reminder"}


def test_a_channel_that_comes_to_rest_is_not_used_from_that_commit_on(post: Post) -> None:
    choose_channels(post, "email,sms")
    rest(post, "email", "unsubscribed", now=INVITED_AT)
    assert states(post) == {"email": ("cancelled", "channel_rests"), "sms": ("planned", None)}
    assert post.claim("first", INVITED_AT).channel == "sms"


def test_the_claim_sees_that_a_channel_rests_even_if_nobody_planned_anew(post: Post) -> None:
    with post.clinic.writing() as session:
        session.add(
            ChannelStop(
                participant_id=post.participant_id,
                channel="email",
                reason="unsubscribed",
                since_at=INVITED_AT,
            )
        )
    assert post.dispatch(INVITED_AT) == {"cancelled": 1}
    assert states(post) == {"email": ("cancelled", "channel_rests")}


def test_nothing_goes_out_by_push_alone_where_the_other_channels_rest(post: Post) -> None:
    choose_channels(post, "email,push")
    rest(post, "email", "bounced", now=INVITED_AT)
    assert {state for state, _ in states(post).values()} == {"cancelled"}
    with post.clinic.writing() as session:
        assert claim_next(session, claim_token="none", now=INVITED_AT) is None


def test_a_test_message_takes_the_first_channel_that_does_not_rest_and_has_no_successor(post: Post) -> None:
    choose_channels(post, "email,sms")
    post.enqueue_test(INVITED_AT - timedelta(hours=2))
    claimed = post.claim("first", INVITED_AT - timedelta(hours=2))
    record(post, claimed, REFUSED, now=INVITED_AT - timedelta(hours=2))
    rest(post, "email", "bounced", now=INVITED_AT - timedelta(hours=1))
    post.enqueue_test(INVITED_AT - timedelta(hours=1))
    rest(post, "sms", "unsubscribed", now=INVITED_AT)
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        assert not enqueue_test_message(session, participant=participant, now=INVITED_AT)
    tests = [row for row in list_rows(post.clinic.database) if row.rule_code == "test"]
    assert [(row.channel, row.state) for row in tests] == [("email", "failed"), ("sms", "planned")]
    assert post.dispatch(INVITED_AT) == {"cancelled": 1}


def test_a_message_that_came_back_has_failed_and_the_next_channel_takes_over(post: Post) -> None:
    choose_channels(post, "email,sms")
    record(post, post.claim("first", INVITED_AT), Outcome("sent"))
    sent = invitations(post)["email"]
    an_hour_later = INVITED_AT + timedelta(hours=1)
    with post.clinic.writing() as session:
        session.get_one(Participant, post.participant_id, with_for_update=True)
        state = record_return(session, sent.id, reason="bounced", usable_channels=ALL, now=an_hour_later)
    assert state == "failed"
    assert states(post) == {"email": ("failed", "bounced"), "sms": ("planned", None)}
    assert invitations(post)["sms"].attempt_at == an_hour_later
    rest(post, "email", "bounced", now=an_hour_later)
    assert states(post) == {"email": ("failed", "bounced"), "sms": ("planned", None)}


def test_what_never_went_out_cannot_come_back(post: Post) -> None:
    planned = invitations(post)["email"]
    with post.clinic.writing() as session:
        assert (
            record_return(session, planned.id, reason="bounced", usable_channels=ALL, now=INVITED_AT) is None
        )
        assert record_return(session, 10**6, reason="bounced", usable_channels=ALL, now=INVITED_AT) is None
    assert states(post) == {"email": ("planned", None)}


def test_deferring_counts_no_attempt_and_gives_the_message_back_for_later(post: Post) -> None:
    until = INVITED_AT + timedelta(minutes=7)
    deferred = Outcome("deferred", "queue_rests", until=until)
    assert record(post, post.claim("first", INVITED_AT), deferred) == "planned"
    row = invitations(post)["email"]
    assert (row.attempts, row.doubts, row.first_attempt_at, row.attempt_at) == (0, 0, None, until)
    assert record(post, post.claim("second", until), Outcome("sent"), now=until) == "sent"
    assert invitations(post)["email"].attempts == 1


def test_deferring_into_the_night_waits_for_the_morning(post: Post) -> None:
    deferred = Outcome("deferred", "queue_rests", until=EVENING + timedelta(hours=1))
    record(post, post.claim("first", EVENING), deferred, now=EVENING)
    assert invitations(post)["email"].attempt_at == datetime(2026, 3, 3, 7, tzinfo=UTC)


def test_what_is_deferred_beyond_its_window_has_visibly_failed(post: Post) -> None:
    last_evening = datetime(2026, 3, 16, 18, 59, tzinfo=UTC)
    claimed = claim_one_of_many(post, "first", last_evening)
    deferred = Outcome("deferred", "queue_rests", until=last_evening + timedelta(hours=1))
    assert record(post, claimed, deferred, now=last_evening) == "failed"
    with post.clinic.database.reading() as session:
        row = session.scalars(select(OutboxMessage).where(OutboxMessage.id == claimed.message_id)).one()
    assert row.outcome_reason == "queue_rests"


def find_lost(post: Post, now: datetime) -> tuple[list[str], list[tuple[str, str]]]:
    """Give the tasks about messages, and what coordinators are told that did not arrive."""
    with post.clinic.database.reading() as session:
        tasks = list_tasks_of_participant(
            session, post.participant_id, actor=post.clinic.nurse, language="fr", now=now
        )
        study_id = session.get_one(Participant, post.participant_id).study_id
        overview = load_sending_overview(session, study_id=study_id, language="fr", now=now)
    about_messages = [line.task.task_key for line in tasks if line.task.kind == "message"]
    return about_messages, [(line.template_code, line.channel) for line in overview.lost]


def test_a_message_whose_successor_was_withdrawn_is_asked_about_and_not_forgotten(post: Post) -> None:
    choose_channels(post, "email,sms")
    at_night = INVITED_AT + timedelta(hours=10, minutes=1)
    record(post, post.claim("first", INVITED_AT), REFUSED, now=at_night)
    assert find_lost(post, at_night) == ([], [])
    choose_channels(post, "email", now=at_night + timedelta(minutes=1))
    assert states(post) == {"email": ("failed", "smtp_550"), "sms": ("cancelled", "channel_changed")}
    failed = invitations(post)["email"]
    assert find_lost(post, at_night + timedelta(hours=1)) == (
        [f"message:{post.participant_id}:{failed.id}"],
        [("invitation", "email")],
    )


def test_of_two_channels_that_failed_one_after_the_other_the_last_one_is_told(post: Post) -> None:
    choose_channels(post, "email,sms")
    for token in ("first", "second"):
        record(post, post.claim(token, INVITED_AT), REFUSED)
    failed = invitations(post)["sms"]
    assert find_lost(post, INVITED_AT) == (
        [f"message:{post.participant_id}:{failed.id}"],
        [("invitation", "sms")],
    )


def test_a_notification_that_went_beside_a_refused_e_mail_does_not_hide_it(post: Post) -> None:
    choose_channels(post, "email,push")
    for token in ("first", "second"):
        claimed = post.claim(token, INVITED_AT)
        record(post, claimed, REFUSED if claimed.channel == "email" else Outcome("sent"))
    failed = invitations(post)["email"]
    assert find_lost(post, INVITED_AT + timedelta(days=1))[0] == [
        f"message:{post.participant_id}:{failed.id}"
    ]


def test_a_notification_that_no_browser_took_is_not_lost_where_the_e_mail_went(post: Post) -> None:
    choose_channels(post, "email,push")
    for token in ("first", "second"):
        claimed = post.claim(token, INVITED_AT)
        record(
            post, claimed, Outcome("undeliverable", "gone") if claimed.channel == "push" else Outcome("sent")
        )
    assert states(post) == {"email": ("sent", None), "push": ("failed", "gone")}
    assert find_lost(post, INVITED_AT + timedelta(days=1)) == ([], [])
