from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from clinic_world import Clinic
from reminders_world import MailServer, list_rows
from sqlalchemy import select

from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.reminders.outbox import enqueue_test_message
from pro_app.reminders.outbox.queues import UNHURRIED, Pace, find_queue_state, note_attempt
from pro_app.storage.database import Database
from pro_app.storage.tables.outbox import OutboxMessage, SendQueue
from pro_app.storage.tables.participants import Participant

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def own_messages(clinic: Clinic) -> list[OutboxMessage]:
    """List the test messages, not the reminders that enrolment plans."""
    return [row for row in list_rows(clinic.database) if row.rule_code == "test"]


def dispatch(office: PostOffice, now: datetime) -> dict[str, int]:
    return dict(dispatch_due(office, clock=lambda: now).states)


def enqueue(clinic: Clinic, *domains: str, at: datetime = NOW) -> None:
    """Enqueue one test message each to new people with addresses in these domains."""
    for domain in domains:
        number = len(own_messages(clinic)) + 1
        told = {"participant_code": f"15-{number:03}", "email": f"person.{number}@{domain}"}
        participant_id = clinic.enrol(NOW.date() - timedelta(days=1), **told)
        with clinic.writing() as session:
            participant = session.get_one(Participant, participant_id)
            enqueue_test_message(session, participant=participant, now=at)


def test_a_domain_that_asks_for_patience_gets_it_and_others_go_on(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, "slow.example", "slow.example", "quick.example", "slow.example")
    mail_server.answers.append("RCPT 451 4.7.1 too many messages")
    assert dispatch(office, NOW) == {"planned": 3, "sent": 1}
    assert [str(message["To"]).partition("@")[2] for message in mail_server.accepted] == ["quick.example"]
    tried = [row for row in own_messages(clinic) if row.state == "planned"]
    assert sorted(row.attempts for row in tried) == [0, 0, 1]
    assert {row.attempt_at for row in tried} == {NOW + timedelta(minutes=1)}


def test_after_the_rest_the_others_follow_and_all_arrive_once(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, *["slow.example"] * 4)
    mail_server.answers.append("DATA 451 4.7.1 too many messages")
    dispatch(office, NOW)
    assert dispatch(office, NOW + timedelta(seconds=59)) == {}
    assert dispatch(office, NOW + timedelta(minutes=1))["sent"] == 4
    assert len(set(mail_server.message_ids())) == len(mail_server.accepted) == 4


def test_a_mailbox_that_is_busy_holds_up_nobody_else(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, "slow.example", "slow.example")
    mail_server.answers.append("RCPT 450 4.2.1 mailbox busy")
    assert dispatch(office, NOW) == {"planned": 1, "sent": 1}


def test_what_waits_for_its_queue_is_not_failed_by_it(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, "slow.example", "slow.example")
    mail_server.answers.extend(["RCPT 451 4.7.1 later"] * 3)
    for minutes in range(0, 60, 3):
        dispatch(office, NOW + timedelta(minutes=minutes))
    assert {row.state for row in own_messages(clinic)} == {"sent"}


def test_a_server_that_is_down_is_asked_once_in_a_round(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, "one.example", "two.example", "three.example")
    mail_server.stop()
    assert dispatch(office, NOW) == {"planned": 3}
    assert {row.outcome_reason for row in own_messages(clinic)} == {"smtp_unreachable"}
    with clinic.database.reading() as session:
        assert session.scalars(select(SendQueue)).all() == []


def test_a_queue_sends_a_minute_s_worth_and_then_at_its_pace(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    paced = replace(office, pace=Pace(3))
    enqueue(clinic, *["slow.example"] * 8, "quick.example")
    first = dispatch(paced, NOW)
    assert first["sent"] in {5, 6}  # what is ahead by less than a minute goes, and one beyond
    sent_at = [first["sent"]]
    sent_at += [dispatch(paced, NOW + timedelta(minutes=each)).get("sent", 0) for each in range(1, 10)]
    assert sum(sent_at) == 9
    assert max(sent_at[1:]) <= 4
    assert len(mail_server.accepted) == 9
    assert {row.attempts for row in own_messages(clinic)} == {1}


@pytest.mark.parametrize("pace", [UNHURRIED, Pace(60)])
def test_refusals_in_a_row_lengthen_the_rest_up_to_an_hour_and_one_success_ends_them(
    database: Database, pace: Pace
) -> None:
    now, rests = NOW, []
    for _ in range(9):
        with database.writing() as session:
            until = note_attempt(session, "email:x", refused=True, pace=pace, now=now).find_rest(now=now)
        assert until is not None
        rests.append(until - now)
        now = until
    assert [rest // timedelta(minutes=1) for rest in rests] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    with database.writing() as session:
        assert note_attempt(session, "email:x", refused=False, pace=pace, now=now).strikes == 0
    with database.writing() as session:
        later = now + timedelta(hours=1)
        until = note_attempt(session, "email:x", refused=True, pace=pace, now=later).find_rest(now=later)
    assert until == later + timedelta(minutes=1)


@pytest.mark.parametrize(("seconds", "rest"), [(5, 60), (600, 600), (10**6, 3600)])
def test_a_longer_rest_that_was_asked_for_is_kept_up_to_an_hour(
    database: Database, *, seconds: int, rest: int
) -> None:
    with database.writing() as session:
        state = note_attempt(
            session,
            "sms",
            refused=True,
            asked_for=timedelta(seconds=seconds),
            pace=UNHURRIED,
            now=NOW,
        )
    assert state.find_rest(now=NOW) == NOW + timedelta(seconds=rest)


def test_a_refusal_of_what_was_under_way_already_does_not_lengthen_the_rest(database: Database) -> None:
    for seconds in range(5):
        with database.writing() as session:
            now = NOW + timedelta(seconds=seconds)
            note_attempt(session, "email:x", refused=True, pace=UNHURRIED, now=now)
    with database.reading() as session:
        state = find_queue_state(session, "email:x")
    assert (state.strikes, state.find_rest(now=NOW)) == (1, NOW + timedelta(minutes=1))


def test_an_unhurried_queue_that_is_never_refused_costs_no_row(
    clinic: Clinic, office: PostOffice, mail_server: MailServer
) -> None:
    enqueue(clinic, "quick.example")
    dispatch(office, NOW)
    assert len(mail_server.accepted) == 1
    with clinic.database.reading() as session:
        assert session.scalars(select(SendQueue)).all() == []
