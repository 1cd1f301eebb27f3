"""What failed for want of an address goes out once there is one, if its window still runs."""

from datetime import UTC, date, datetime, timedelta

from reminders_world import Post, list_rows

from pro_app.contacts.vault import NO_CONTACT
from pro_app.reminders.outbox import replan_reminders
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
REMINDED_AT = datetime(2026, 3, 6, 9, tzinfo=UTC)


def lose_contact(post: Post) -> None:
    with post.clinic.database.reading() as session:
        reference = session.get_one(Participant, post.participant_id).contact_ref
    post.clinic.vault.save(reference, NO_CONTACT, now=INVITED_AT)


def states(post: Post) -> dict[str, tuple[str, str | None]]:
    rows = list_rows(post.clinic.database, visit="W08")
    return {f"{row.rule_code}:{row.channel}": (row.state, row.outcome_reason) for row in rows}


def test_an_invitation_without_an_address_goes_out_when_one_is_added(post: Post) -> None:
    lose_contact(post)
    assert post.dispatch(INVITED_AT) == {"failed": 1}
    post.change_contact(INVITED_AT + timedelta(days=1))
    assert post.dispatch(INVITED_AT + timedelta(days=1)) == {"sent": 1}
    assert [str(message["To"]) for message in post.server.accepted] == ["nouvelle@example.fr"]
    assert states(post)["invitation:email"] == ("sent", None)


def test_of_several_that_failed_one_goes_out_and_it_is_the_latest(post: Post) -> None:
    lose_contact(post)
    post.dispatch(INVITED_AT)
    post.dispatch(REMINDED_AT)
    now = REMINDED_AT + timedelta(hours=1)
    post.change_contact(now)
    assert post.dispatch(now) == {"cancelled": 1, "sent": 1}
    assert states(post)["invitation:email"] == ("cancelled", "overtaken")
    assert states(post)["first-reminder:email"] == ("sent", None)


def test_a_contact_added_at_night_waits_for_the_morning(post: Post) -> None:
    lose_contact(post)
    post.dispatch(INVITED_AT)
    night = datetime(2026, 3, 2, 22, tzinfo=UTC)
    post.change_contact(night)
    assert post.dispatch(night) == {}
    assert post.dispatch(datetime(2026, 3, 3, 7, tzinfo=UTC)) == {"sent": 1}


def test_what_is_revived_in_a_pause_beyond_the_window_goes_when_the_pause_is_ended_early(post: Post) -> None:
    lose_contact(post)
    post.dispatch(INVITED_AT)
    post.clinic.record(post.participant_id, "paused", date(2026, 3, 3), until="2026-04-30")
    post.change_contact(INVITED_AT + timedelta(days=1, hours=4))
    assert states(post)["invitation:email"] == ("planned", None)
    assert post.dispatch(datetime(2026, 3, 4, 10, tzinfo=UTC)) == {}
    post.clinic.record(post.participant_id, "resumed", date(2026, 3, 4), of="paused")
    assert post.dispatch(datetime(2026, 3, 4, 14, tzinfo=UTC)) == {"sent": 1}
    assert states(post)["invitation:email"] == ("sent", None)


def test_nothing_comes_back_after_the_window_a_stop_or_the_answers(post: Post) -> None:
    lose_contact(post)
    post.dispatch(INVITED_AT)
    post.change_contact(datetime(2026, 3, 16, 20, tzinfo=UTC))
    assert states(post)["invitation:email"] == ("failed", "no_address")
    post.clinic.answer(post.participant_id, "W08", date(2026, 3, 7))
    post.change_contact(REMINDED_AT + timedelta(days=2), email="autre@example.fr")
    assert states(post)["invitation:email"] == ("failed", "no_address")


def test_where_both_channels_had_no_address_the_chain_begins_anew_with_the_first(post: Post) -> None:
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        participant.channels = "sms,email"
        replan_reminders(session, participant=participant, now=INVITED_AT - timedelta(days=1))
    lose_contact(post)
    assert post.dispatch(INVITED_AT) == {"failed": 2}  # sms is not set up here, e-mail has no address
    assert states(post)["invitation:email"] == ("failed", "no_address")
    post.change_contact(INVITED_AT + timedelta(hours=1))
    assert states(post)["invitation:sms"] == ("planned", None)
    assert states(post)["invitation:email"] == ("cancelled", "address_changed")
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {"failed": 1, "sent": 1}
    assert states(post)["invitation:email"] == ("sent", None)


def test_a_new_address_ends_the_rest_of_a_channel_that_bounced_and_no_other_rest(post: Post) -> None:
    with post.clinic.writing() as session:
        for channel, reason in (("email", "bounced"), ("sms", "unsubscribed")):
            session.add(
                ChannelStop(
                    participant_id=post.participant_id, channel=channel, reason=reason, since_at=INVITED_AT
                )
            )
    assert post.dispatch(INVITED_AT) == {"cancelled": 1}
    post.change_contact(INVITED_AT + timedelta(minutes=5), telephone="06 99 88 77 66")
    with post.clinic.database.reading() as session:
        stops = {stop.channel: stop.lifted_at for stop in session.query(ChannelStop)}
    assert stops == {"email": INVITED_AT + timedelta(minutes=5), "sms": None}
    assert post.dispatch(INVITED_AT + timedelta(minutes=5)) == {"sent": 1}


def test_a_change_of_the_hour_alone_revives_nothing(post: Post) -> None:
    lose_contact(post)
    post.dispatch(INVITED_AT)
    post.change_contact(INVITED_AT + timedelta(hours=1), email="", hour=11)
    assert states(post)["invitation:email"] == ("failed", "no_address")
