import logging
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from reminders_world import Post, list_rows
from returned_mail import absence, complaint, postfix_bounce, unsubscription
from returns_world import (
    DOMAIN,
    INVITED_AT,
    LATER,
    address,
    come_back,
    put,
    read,
    record,
    reports,
    stops,
    use_channels,
)
from sqlalchemy import select

from pro_app.audit.verification import verify_audit_trail
from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.outbox.attempts import Outcome
from pro_app.services.channel_reports import Recorded, Report
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.inbox import read_inbox
from pro_app.settings import Settings
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.outbox import OutboxMessage


def test_a_bounce_shows_the_message_as_returned_and_lets_the_channel_rest(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    assert come_back(post, reading, mailbox_folder, make=postfix_bounce) == 1
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == ("failed", "bounced")
    (stop,) = stops(post)
    assert (stop.channel, stop.reason, stop.outbox_message_id) == ("email", "bounced", row.id)
    (report,) = reports(post)
    assert (report.kind, report.reason, report.outbox_message_id) == ("bounced", "5.1.1", row.id)
    later = {rule: each.state for rule, each in post.rows().items() if rule != "invitation"}
    assert set(later.values()) == {"cancelled"}
    for day in range(1, 15):
        post.dispatch(INVITED_AT + timedelta(days=day))
    assert len(post.server.accepted) == 1


def test_what_came_back_is_in_the_audit_trail_without_any_address(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    come_back(post, reading, mailbox_folder, make=postfix_bounce)
    with post.clinic.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "message.report")).one()
        payload = session.get_one(AuditPayload, entry.id)
        assert (entry.actor, entry.subject_ref) == ("system:inbox", f"participant:{post.participant_id}")
        assert [item["after"] for item in payload.items] == ["failed", "bounced"]
        assert "@" not in str(payload.items)
        assert verify_audit_trail(session)[1] == []


def test_the_address_that_a_sent_message_offers_leads_back_to_it(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    channel = post.office.channels["email"]
    assert isinstance(channel, EmailChannel)
    channels = {"email": replace(channel, reply_address=reading.mail_reply_address)}
    post.office = replace(post.office, channels=channels)
    post.dispatch(INVITED_AT)
    offered = re.fullmatch("<mailto:(.+)[?]subject=stop>", str(post.server.accepted[0]["List-Unsubscribe"]))
    assert offered is not None
    put(mailbox_folder, unsubscription(offered[1]))
    read(post, reading)
    assert [(stop.reason, stop.outbox_message_id) for stop in stops(post)] == [
        ("unsubscribed", post.rows()["invitation"].id)
    ]


def test_a_mail_is_recorded_once_however_often_it_is_read(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    mail = postfix_bounce(address(post, "b"))
    for _ in range(3):
        put(mailbox_folder, mail)
    assert read(post, reading) == 3
    assert (len(reports(post)), len(stops(post))) == (1, 1)
    assert read(post, reading) == 0
    assert len(list((mailbox_folder / "cur").iterdir())) == 3


def test_a_second_bounce_of_another_message_adds_no_second_stop(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    put(mailbox_folder, postfix_bounce(address(post, "b"), said="again"))
    read(post, reading)
    assert (len(reports(post)), len(stops(post))) == (2, 1)


def test_after_a_bounce_the_next_channel_takes_over_within_the_window(post: Post) -> None:
    use_channels(post, "email,sms")
    post.dispatch(INVITED_AT)
    row = post.rows()["invitation"]
    bounced = Report("k", "bounced", outbox_message_id=row.id, blames_address=True)
    assert record(post, bounced, "email", "sms") == Recorded(is_new=True, is_known=True)
    by_channel = {(r.rule_code, r.channel): r for r in list_rows(post.clinic.database, visit="W08")}
    first, second = by_channel["invitation", "email"], by_channel["invitation", "sms"]
    assert (first.state, first.taken_over_by) == ("failed", second.message_key)
    assert (second.state, second.attempt_at) == ("planned", LATER)
    assert by_channel["last-call", "sms"].state == "planned"
    assert by_channel["last-call", "email"].state == "cancelled"


def test_a_full_mailbox_is_a_failed_message_and_no_stop(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    come_back(post, reading, mailbox_folder, make=partial(postfix_bounce, status="5.2.2", said="over quota"))
    assert post.rows()["invitation"].state == "failed"
    assert stops(post) == []
    assert post.rows()["last-call"].state == "planned"


def test_a_report_that_it_takes_longer_changes_nothing(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    come_back(post, reading, mailbox_folder, make=partial(postfix_bounce, action="delayed", status="4.4.1"))
    assert (post.rows()["invitation"].state, stops(post)) == ("sent", [])
    assert [report.kind for report in reports(post)] == ["delayed"]


def test_a_wish_to_stop_rests_the_channel_and_is_no_withdrawal(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    come_back(post, reading, mailbox_folder, make=unsubscription, kind="u")
    (stop,) = stops(post)
    assert stop.reason == "unsubscribed"
    assert post.rows()["invitation"].state == "sent"
    assert post.rows()["last-call"].state == "cancelled"
    post.clinic.answer(post.participant_id, "W08", date(2026, 3, 3))
    assert post.clinic.assessments(post.participant_id)["W08"].submitted_at is not None


def test_a_wish_that_is_taken_back_plans_the_messages_again(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    come_back(post, reading, mailbox_folder, make=unsubscription, kind="u")
    with post.clinic.writing() as session:
        lift_channel_stop(session, post.participant_id, stops(post)[0].id, actor=post.clinic.nurse, now=LATER)
    assert post.rows()["last-call"].state == "planned"


def test_a_complaint_rests_the_channel(post: Post, reading: Settings, mailbox_folder: Path) -> None:
    come_back(post, reading, mailbox_folder, make=complaint)
    assert [stop.reason for stop in stops(post)] == ["complained"]


def test_the_answer_of_somebody_who_is_away_changes_nothing_and_is_read(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    assert come_back(post, reading, mailbox_folder, make=absence) == 1
    assert (reports(post), stops(post)) == ([], [])
    assert [path.name.partition(":2,")[2] for path in (mailbox_folder / "cur").iterdir()] == ["S"]


@pytest.mark.parametrize(
    "raw",
    [
        b"From: somebody@example.fr\r\nSubject: Bonjour\r\n\r\nQuand dois-je venir ?\r\n",
        b"\xff\x00\xfe",
        postfix_bounce(f"retours+b-{'z' * 9}{'0' * 20}@{DOMAIN}"),
    ],
)
def test_a_mail_that_nobody_can_place_is_kept_marked_and_counted(
    post: Post, reading: Settings, mailbox_folder: Path, *, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    put(mailbox_folder, raw)
    with caplog.at_level(logging.WARNING):
        assert read(post, reading) == 1
    assert [report.outbox_message_id for report in reports(post)] == [None]
    assert [path.name.partition(":2,")[2] for path in (mailbox_folder / "cur").iterdir()] == ["FS"]
    assert "@" not in caplog.text


def test_a_message_is_found_by_the_message_id_that_its_bounce_returns(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    (sent_as,) = post.server.message_ids()
    bounce = postfix_bounce("ne-pas-repondre@example.org")
    put(
        mailbox_folder,
        bounce.replace(
            b"0123456789abcdef0123456789abcdef01234567@" + DOMAIN.encode(), sent_as.strip("<>").encode()
        ),
    )
    read(post, reading)
    assert post.rows()["invitation"].state == "failed"


def test_a_bounce_of_a_message_in_doubt_ends_the_doubt_and_its_second_try(post: Post) -> None:
    claimed = post.claim("first", INVITED_AT)
    post.record(claimed, Outcome("doubtful", "no_reply_after_text"), INVITED_AT)
    record(post, Report("k", "bounced", outbox_message_id=claimed.message_id, blames_address=True))
    assert post.rows()["invitation"].state == "failed"
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {}
    assert post.server.accepted == []


def test_an_arrival_of_a_message_in_doubt_ends_the_doubt_and_its_second_try(post: Post) -> None:
    claimed = post.claim("first", INVITED_AT)
    post.record(claimed, Outcome("doubtful", "no_reply_after_text"), INVITED_AT)
    record(post, Report("k", "delivered", outbox_message_id=claimed.message_id))
    assert post.rows()["invitation"].state == "sent"
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {}
    assert post.server.accepted == []


def test_a_report_about_a_message_that_never_left_changes_nothing_about_it(post: Post) -> None:
    row = post.rows()["last-call"]
    record(post, Report("k", "bounced", outbox_message_id=row.id))
    record(post, Report("l", "delivered", outbox_message_id=row.id))
    assert post.rows()["last-call"].state == "planned"


def test_a_bounce_after_death_is_kept_and_sends_nothing_more(post: Post) -> None:
    use_channels(post, "email,sms")
    post.dispatch(INVITED_AT)
    post.clinic.record(post.participant_id, "died", date(2026, 3, 2))
    row = post.rows()["invitation"]
    record(post, Report("k", "bounced", outbox_message_id=row.id, blames_address=True), "email", "sms")
    rows = list_rows(post.clinic.database)
    assert {each.state for each in rows if each.id != row.id} == {"cancelled"}
    with post.clinic.database.reading() as session:
        planned = session.scalars(select(OutboxMessage).where(OutboxMessage.state == "planned")).all()
    assert planned == []


def test_an_installation_without_a_mailbox_reads_none(post: Post, settings: Settings) -> None:
    assert read_inbox(settings, post.clinic.database, clock=lambda: LATER) == 0


def test_a_mailbox_that_cannot_be_reached_is_told_and_tried_again(
    post: Post, reading: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    closed = replace(reading, inbox_url="imaps://me:very-secret@127.0.0.1:1/INBOX")
    with caplog.at_level(logging.WARNING):
        assert read(post, closed) == 0
    assert "could not be read" in caplog.text
    assert "very-secret" not in caplog.text
