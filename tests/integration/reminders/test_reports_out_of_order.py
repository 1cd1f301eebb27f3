"""Reports that come too early, too late, again, or beside each other; and mails that are made to do harm."""

import base64
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from reminders_world import Post, list_rows
from returned_mail import postfix_bounce, unsubscription
from returns_world import INVITED_AT, LATER, address, put, read, record, reports, stops, use_channels
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.clock import Clock
from pro_app.reminders.outbox import enqueue_test_message, replan_reminders
from pro_app.reminders.outbox.attempts import Outcome
from pro_app.reminders.outbox.claims import claim_next
from pro_app.reminders.outbox.rows import finish_row, plan_again
from pro_app.reminders.outgoing import Channel, KeepsConnections, OutgoingMessage
from pro_app.services import inbox
from pro_app.services.channel_reports import Recorded, Report, apply_waiting_reports, record_report
from pro_app.services.hook_reports import parse_hook_report
from pro_app.settings import Settings
from pro_app.storage.database import open_database
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

NEW_ADDRESS_AT = INVITED_AT + timedelta(hours=1)
LATER_STILL = INVITED_AT + timedelta(hours=2)
NEW = Recorded(is_new=True, is_known=True)


@dataclass
class Way:
    """A channel on whose messages something is reported before it says that it took them."""

    says: Callable[[OutgoingMessage], str | None]
    inner: KeepsConnections | None = None
    taken: list[OutgoingMessage] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> str | None:
        """Take a message."""
        self.taken.append(message)
        return self.says(message)

    def rest(self) -> None:
        """Close the connections of the channel whose place this one takes."""
        if self.inner is not None:
            self.inner.rest()


def hook(post: Post, settings: Settings, name: str | None, *, now: datetime = LATER) -> Recorded:
    """Let a provider's program report that an address does not exist."""
    told: dict[str, Any] = {"message_id": name, "event": "hard_bounce", "reason": "5.1.1"}
    report = parse_hook_report(told, settings)
    assert report is not None
    with post.clinic.writing() as session:
        actor = system_actor("hook", "test")
        return record_report(session, report, usable_channels={"email"}, actor=actor, now=now)


def use_way(post: Post, code: str, says: Callable[[OutgoingMessage], str | None]) -> Way:
    inner = post.office.channels.get(code)
    way = Way(says, inner if isinstance(inner, KeepsConnections) else None)
    channels: dict[str, Channel] = {**post.office.channels, code: way}
    post.office = replace(post.office, channels=channels)
    return way


def wait_for(post: Post, at: datetime = LATER) -> int:
    clock: Clock = lambda: at  # noqa: E731 -- a clock is a function
    actor = system_actor("worker", "test")
    return apply_waiting_reports(post.clinic.database, usable_channels={"email"}, actor=actor, clock=clock)


def make_poison(to: str) -> bytes:
    """Make a bounce in which the Message-ID of ours, once decoded, holds a byte that no database takes."""
    hidden = base64.b64encode(b"Message-ID: <" + b"a" * 40 + b"@x\x00y>\r\n")
    bounce = postfix_bounce(to)
    start = bounce.index(b"Content-Type: text/rfc822-headers")
    headers = b"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return bounce[:start] + headers + hidden + bounce[bounce.index(b"\r\n--4F1A2", start) :]


def test_a_stranger_s_mail_does_not_keep_those_behind_it_from_being_read(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    put(mailbox_folder, make_poison("retours@suivi.example.org"))
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    assert read(post, reading) == 2
    assert post.rows()["invitation"].state == "failed"
    assert read(post, reading) == 0


def test_a_mail_that_cannot_be_recorded_is_flagged_counted_and_passed_by(
    post: Post,
    reading: Settings,
    mailbox_folder: Path,
    *,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stumble(raw: bytes, secret_key: str) -> tuple[Report | None, bool]:
        if b"harm" in raw:
            raise RuntimeError("a.dupont@example.fr")
        return make_report(raw, secret_key)

    make_report = inbox.make_report
    monkeypatch.setattr(inbox, "make_report", stumble)
    post.dispatch(INVITED_AT)
    put(mailbox_folder, postfix_bounce(address(post, "b"), said="harm"))
    put(mailbox_folder, unsubscription(address(post, "u")))
    assert read(post, reading) == 2
    assert [report.kind for report in reports(post)] == ["unreadable", "unsubscribed"]
    assert sorted(path.name.partition(":2,")[2] for path in (mailbox_folder / "cur").iterdir()) == ["FS", "S"]
    assert "RuntimeError" in caplog.text
    assert "a.dupont" not in caplog.text


def test_while_the_database_cannot_be_reached_mails_stay_unread(
    post: Post, reading: Settings, mailbox_folder: Path, *, caplog: pytest.LogCaptureFixture
) -> None:
    post.dispatch(INVITED_AT)
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    nowhere = open_database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with caplog.at_level(logging.WARNING):
        assert inbox.read_inbox(reading, nowhere, clock=lambda: LATER) == 0
    nowhere.engine.dispose()
    assert "OperationalError" in caplog.text
    assert read(post, reading) == 1
    assert post.rows()["invitation"].state == "failed"


def test_a_message_that_begins_anew_has_a_name_of_its_own_and_its_bounce_counts(
    post: Post, settings: Settings
) -> None:
    post.dispatch(INVITED_AT)
    first = post.rows()["invitation"].provider_ref
    assert hook(post, settings, first) == NEW
    post.change_contact(NEW_ADDRESS_AT)
    assert post.dispatch(NEW_ADDRESS_AT) == {"sent": 1}
    again = post.rows()["invitation"].provider_ref
    assert post.server.message_ids() == [f"<{first}>", f"<{again}>"]
    assert first != again
    assert hook(post, settings, again, now=LATER_STILL) == NEW
    assert post.rows()["invitation"].state == "failed"
    assert [stop.lifted_at for stop in stops(post)] == [NEW_ADDRESS_AT, None]


def test_a_late_bounce_of_the_old_address_does_nothing_to_the_new_one(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    old_address = address(post, "b")
    put(mailbox_folder, postfix_bounce(old_address))
    read(post, reading)
    post.change_contact(NEW_ADDRESS_AT)
    put(mailbox_folder, postfix_bounce(old_address, said="while the new one waits"))
    read(post, reading, NEW_ADDRESS_AT)
    assert post.dispatch(NEW_ADDRESS_AT) == {"sent": 1}
    put(mailbox_folder, postfix_bounce(old_address, said="again, about the old address"))
    read(post, reading, LATER_STILL)
    row = post.rows()["invitation"]
    assert (row.state, [stop.lifted_at for stop in stops(post)]) == ("sent", [NEW_ADDRESS_AT])
    assert [report.outbox_message_id for report in reports(post)] == [row.id] * 3
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    read(post, reading, LATER_STILL)
    assert post.rows()["invitation"].state == "failed"


def test_a_bounce_of_a_message_that_may_have_gone_to_both_addresses_says_nothing_of_either(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.server.answers.append("DROP")
    post.dispatch(INVITED_AT)
    post.change_contact(INVITED_AT + timedelta(seconds=30))
    assert post.dispatch(INVITED_AT + timedelta(minutes=1)) == {"sent": 1}
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    read(post, reading, INVITED_AT + timedelta(minutes=5))
    assert (post.rows()["invitation"].state, stops(post)) == ("sent", [])
    assert [report.kind for report in reports(post)] == ["bounced"]
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {}


def test_a_bounce_of_the_old_address_stops_nothing_where_the_answers_withdrew_a_doubtful_message(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.server.answers.append("DROP")
    post.dispatch(INVITED_AT)
    post.change_contact(INVITED_AT + timedelta(hours=1))
    post.clinic.answer(post.participant_id, "W08", INVITED_AT.date())
    assert post.rows()["invitation"].state == "unknown"
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    read(post, reading, LATER_STILL)
    assert stops(post) == []


def test_a_complaint_takes_back_what_was_to_be_tried_again_on_its_channel(post: Post) -> None:
    post.server.answers.append("DATA 451 later")
    post.dispatch(INVITED_AT)
    complaint = Report("complaint", "complained", outbox_message_id=post.rows()["invitation"].id)
    with post.clinic.writing() as session:
        actor = system_actor("hook", "test")
        record_report(session, complaint, usable_channels={"email"}, actor=actor, now=LATER)
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == ("cancelled", "channel_rests")


def test_a_bounce_that_comes_after_the_address_was_changed_lets_no_channel_rest(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    old_address = address(post, "b")
    post.change_contact(NEW_ADDRESS_AT)
    assert post.dispatch(NEW_ADDRESS_AT) == {}
    put(mailbox_folder, postfix_bounce(old_address))
    read(post, reading, LATER_STILL)
    assert (stops(post), [report.kind for report in reports(post)]) == ([], ["bounced"])
    with post.clinic.database.reading() as session:
        entry = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "message.report")).one()
        assert [item["after"] for item in session.get_one(AuditPayload, entry).items] == ["failed"]
    # It never arrived, so it goes to the new address, and what comes back from there counts.
    assert post.dispatch(LATER_STILL) == {"sent": 1}
    assert [str(message["To"]) for message in post.server.accepted] == [
        "a.dupont@example.fr",
        "nouvelle@example.fr",
    ]
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    read(post, reading, LATER_STILL + timedelta(minutes=1))
    assert [(stop.channel, stop.reason) for stop in stops(post)] == [("email", "bounced")]


def test_a_change_of_the_telephone_does_not_excuse_the_e_mail_address(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    post.change_contact(NEW_ADDRESS_AT, email="a.dupont@example.fr", telephone="06 99 88 77 66")
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    read(post, reading, LATER_STILL)
    assert [(stop.channel, stop.reason) for stop in stops(post)] == [("email", "bounced")]


def test_a_wish_counts_whichever_message_it_answers(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    old_bounce, old_wish = address(post, "b"), address(post, "u")
    put(mailbox_folder, postfix_bounce(old_bounce))
    read(post, reading)
    post.change_contact(NEW_ADDRESS_AT)
    put(mailbox_folder, unsubscription(old_wish))
    read(post, reading, LATER_STILL)
    assert [(stop.reason, stop.lifted_at) for stop in stops(post)] == [
        ("bounced", NEW_ADDRESS_AT),
        ("unsubscribed", None),
    ]


def test_a_retry_keeps_the_name_and_the_token(post: Post) -> None:
    named: list[tuple[str, str]] = []
    email = post.office.channels["email"]

    def send(message: OutgoingMessage) -> str | None:
        named.append((message.message_id, message.reply_token))
        return email.send(message)

    use_way(post, "email", send)
    post.server.answers.extend(["DATA 451 later", "DROP"])
    for hours in range(5):
        post.dispatch(INVITED_AT + timedelta(hours=hours))
    assert post.rows()["invitation"].state == "sent"
    assert len(named) == 3
    assert len(set(named)) == 1


def test_a_bounce_that_is_faster_than_the_outcome_of_an_e_mail_is_what_counts(
    post: Post, settings: Settings
) -> None:
    email = post.office.channels["email"]

    def send(message: OutgoingMessage) -> str | None:
        name = email.send(message)
        assert hook(post, settings, name, now=INVITED_AT) == NEW
        return name

    use_way(post, "email", send)
    post.dispatch(INVITED_AT)
    assert (post.rows()["invitation"].state, post.rows()["invitation"].outcome_reason) == (
        "failed",
        "bounced",
    )
    assert [stop.reason for stop in stops(post)] == ["bounced"]


def test_an_arrival_of_a_message_whose_sender_died_keeps_it_from_going_again(post: Post) -> None:
    claimed = post.claim("dies", INVITED_AT)
    record(post, Report("k", "delivered", outbox_message_id=claimed.message_id))
    assert post.rows()["invitation"].state == "sent"
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {}
    assert post.server.accepted == []


@pytest.mark.parametrize("repeated", [False, True])
def test_a_report_that_comes_before_the_provider_s_name_is_known_does_its_work_later(
    post: Post, *, repeated: bool
) -> None:
    early = Report("k", "bounced", channel="sms", provider_ref="ref-1", blames_address=True)
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        participant.channels = "sms,email"
        replan_reminders(session, participant=participant, now=INVITED_AT - timedelta(days=1))

    def send(message: OutgoingMessage) -> str | None:
        assert message.reply_token
        assert record(post, early, "sms", "email") == Recorded(is_new=True, is_known=False)
        return "ref-1"

    use_way(post, "sms", send)
    assert post.dispatch(LATER) == {"sent": 1}
    if repeated:
        assert record(post, early, "sms", "email") == Recorded(is_new=False, is_known=True)
    assert wait_for(post) == (0 if repeated else 1)
    assert wait_for(post) == 0
    rows = [row for row in list_rows(post.clinic.database, visit="W08") if row.rule_code == "invitation"]
    assert {row.channel: row.state for row in rows} == {"sms": "failed", "email": "planned"}
    assert [(stop.channel, stop.reason) for stop in stops(post)] == [("sms", "bounced")]
    (report,) = reports(post)
    assert report.outbox_message_id == next(row.id for row in rows if row.channel == "sms")


def test_a_report_that_waits_longer_than_a_day_is_left_alone(post: Post) -> None:
    record(post, Report("k", "bounced", provider_ref="ref-1", blames_address=True))
    with post.clinic.writing() as session:
        row = session.scalars(select(OutboxMessage).where(OutboxMessage.rule_code == "invitation")).first()
        assert row is not None
        row.provider_ref, row.first_attempt_at, row.state = "ref-1", INVITED_AT, "sent"
    assert wait_for(post, LATER + timedelta(days=2)) == 0
    assert stops(post) == []


def test_what_is_decided_about_a_returned_message_is_decided_on_how_it_stands(post: Post) -> None:
    """A report that had to wait for a new address sees the new generation, not what it read before."""
    post.dispatch(INVITED_AT)
    row = post.rows()["invitation"]
    database = post.clinic.database
    if database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    late = Report("k", "bounced", outbox_message_id=row.id, generation=0, blames_address=True)
    with database.writing() as session:
        session.get_one(Participant, post.participant_id, with_for_update=True)
        reader = threading.Thread(target=record, args=(post, late, "email"))
        reader.start()
        time.sleep(1)
        changed = session.get_one(OutboxMessage, row.id, with_for_update=True)
        finish_row(changed, "failed", reason="bounced", now=LATER)
        plan_again(
            changed,
            site_id=changed.site_id,
            due_at=changed.due_at,
            attempt_at=LATER,
            expires_at=changed.expires_at,
        )
    reader.join()
    assert (post.rows()["invitation"].state, post.rows()["invitation"].generation) == ("planned", 1)
    assert stops(post) == []


def test_a_message_that_was_withdrawn_meanwhile_does_not_come_back(post: Post) -> None:
    database = post.clinic.database
    if database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    use_channels(post, "email,sms")
    claimed = post.claim("first", INVITED_AT)
    post.record(claimed, Outcome("doubtful", "no_reply_after_text"), INVITED_AT)
    late = Report("k", "bounced", outbox_message_id=claimed.message_id, reason="5.2.2")
    with database.writing() as session:
        taken = claim_next(session, claim_token="second", now=LATER)
        assert taken is not None
        reader = threading.Thread(target=record, args=(post, late, "email", "sms"))
        reader.start()
        time.sleep(1)
        changed = session.get_one(OutboxMessage, claimed.message_id)
        finish_row(changed, "cancelled", reason="died", now=LATER)
    reader.join()
    assert post.rows()["invitation"].state == "cancelled"
    assert {row.channel for row in list_rows(database, visit="W08")} == {"email"}


def test_a_wish_is_not_lost_where_the_channel_rests_for_a_bounce_already(
    post: Post, reading: Settings, mailbox_folder: Path
) -> None:
    post.dispatch(INVITED_AT)
    put(mailbox_folder, postfix_bounce(address(post, "b")))
    put(mailbox_folder, unsubscription(address(post, "u")))
    read(post, reading)
    assert [(stop.reason, stop.lifted_at) for stop in stops(post)] == [
        ("bounced", LATER),
        ("unsubscribed", None),
    ]
    with post.clinic.database.reading() as session:
        entries = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "message.report")).all()
        said = session.get_one(AuditPayload, entries[-1]).items
    assert said == [{"field": "channel:email", "before": "bounced", "after": "unsubscribed"}]
    post.change_contact(NEW_ADDRESS_AT)
    assert [(stop.reason, stop.lifted_at) for stop in stops(post)][-1] == ("unsubscribed", None)
    assert post.dispatch(NEW_ADDRESS_AT) == {}


@pytest.mark.parametrize(
    ("kinds", "reasons"),
    [
        (["unsubscribed", "bounced"], ["unsubscribed"]),
        (["unsubscribed", "complained"], ["unsubscribed", "complained"]),
        (["complained", "unsubscribed", "bounced"], ["complained"]),
        (["bounced", "bounced"], ["bounced"]),
    ],
)
def test_of_several_reasons_to_rest_the_gravest_stands(
    post: Post, *, kinds: list[Any], reasons: list[str]
) -> None:
    post.dispatch(INVITED_AT)
    row = post.rows()["invitation"]
    for number, kind in enumerate(kinds):
        record(post, Report(f"k{number}", kind, outbox_message_id=row.id, blames_address=True), "email")
    assert [stop.reason for stop in stops(post)] == reasons
    assert [stop.reason for stop in stops(post) if stop.lifted_at is None] == reasons[-1:]


def test_a_name_that_a_provider_uses_again_is_that_of_the_newest_on_its_channel(post: Post) -> None:
    clinic = post.clinic
    other = clinic.enrol(date(2026, 1, 5), participant_code="15-777", email="b@example.fr")
    for participant_id, now in ((post.participant_id, INVITED_AT), (other, INVITED_AT + timedelta(days=3))):
        with clinic.writing() as session:
            participant = session.get_one(Participant, participant_id)
            assert enqueue_test_message(session, participant=participant, now=now)
    with clinic.writing() as session:
        first, second = session.scalars(
            select(OutboxMessage).where(OutboxMessage.rule_code == "test").order_by(OutboxMessage.id)
        )
        for row, at in ((first, INVITED_AT), (second, LATER)):
            row.state, row.provider_ref, row.first_attempt_at = "sent", "7", at
    elsewhere = Report("a", "bounced", channel="sms", provider_ref="7")
    assert not record(post, elsewhere, "email").is_known
    assert record(post, Report("b", "bounced", provider_ref="7"), "email").is_known
    tests = {row.participant_id: row.state for row in list_rows(clinic.database) if row.rule_code == "test"}
    assert tests == {post.participant_id: "sent", other: "failed"}
