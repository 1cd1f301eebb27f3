from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import noon
from reminders_world import Post, list_rows

from pro_app.contacts.vault import NO_CONTACT
from pro_app.reminders.dispatch import dispatch_due
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.outbox.claims import LEASE, Outcome
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When the invitation to W08 is due: Monday 2 March 2026, 10:00 in Paris."""


def test_nothing_goes_out_before_it_is_due(post: Post) -> None:
    assert post.dispatch(INVITED_AT - timedelta(seconds=1)) == {}
    assert post.server.accepted == []


def test_a_due_message_goes_out_once_in_french_from_the_neutral_sender(post: Post) -> None:
    assert post.dispatch(INVITED_AT) == {"sent": 1}
    assert post.dispatch(INVITED_AT + timedelta(minutes=1)) == {}
    (message,) = post.server.accepted
    assert message["From"] == "Suivi 34 <ne-pas-repondre@example.org>"
    assert message["To"] == "a.dupont@example.fr"
    assert message["Subject"] == "Votre questionnaire est prêt"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    text = message.get_content().replace("\r\n", "\n")
    assert "lundi 16 mars 2026. Il reste 14 jours." in text
    assert "https://suivi.example.org\n" in text
    assert text.rstrip().endswith("appelez le 04 67 61 31 00.")
    row = post.rows()["invitation"]
    assert (row.state, row.finished_at, row.attempts, row.claimed_by) == ("sent", INVITED_AT, 1, None)


def test_the_message_id_says_nothing_and_ends_with_the_public_host(post: Post) -> None:
    post.dispatch(INVITED_AT)
    (message_id,) = post.server.message_ids()
    assert message_id.endswith("@suivi.example.org>")
    assert post.rows()["invitation"].message_key not in message_id
    assert len(message_id.partition("@")[0]) == 41


def test_a_temporary_refusal_is_tried_again_at_growing_distances_with_the_same_message_id(post: Post) -> None:
    post.server.answers.extend(["RCPT 451 4.7.1 later", "DATA 452 4.3.1 full"])
    at = INVITED_AT
    waits = []
    while (row := post.rows()["invitation"]).state == "planned":
        assert post.dispatch(at - timedelta(seconds=1)) == {}
        post.dispatch(at)
        waits.append(post.rows()["invitation"].attempt_at - at)
        at = post.rows()["invitation"].attempt_at
    assert waits[:2] == [timedelta(minutes=1), timedelta(minutes=5)]
    assert (row.state, row.attempts, row.doubts) == ("sent", 3, 0)
    assert len(post.server.accepted) == 1


@pytest.mark.parametrize("answer", ["RCPT 550 5.1.1 no such user", "DATA 554 5.6.0 refused"])
def test_a_final_refusal_is_failed_at_once_with_its_code_and_no_words_of_the_server(
    post: Post, answer: str
) -> None:
    post.server.answers.append(answer)
    assert post.dispatch(INVITED_AT) == {"failed": 1}
    assert post.rows()["invitation"].outcome_reason == f"smtp_{answer.split()[1]}"
    assert post.dispatch(INVITED_AT + timedelta(days=1)) == {}


def test_a_lost_acknowledgement_is_retried_once_with_the_same_message_id(post: Post) -> None:
    post.server.answers.append("DROP")
    assert post.dispatch(INVITED_AT) == {"planned": 1}
    assert post.rows()["invitation"].doubts == 1
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {"sent": 1}
    assert len(post.server.accepted) == 2
    assert len(set(post.server.message_ids())) == 1


def test_a_second_lost_acknowledgement_leaves_the_message_unknown_for_good(post: Post) -> None:
    post.server.answers.extend(["DROP", "DROP"])
    post.dispatch(INVITED_AT)
    assert post.dispatch(INVITED_AT + timedelta(hours=1)) == {"unknown": 1}
    assert post.rows()["invitation"].outcome_reason == "no_reply_after_text"
    assert post.dispatch(INVITED_AT + timedelta(days=2)) == {}
    assert len(post.server.accepted) == 2


def test_what_waits_behind_a_silent_server_goes_a_minute_later_and_has_lost_no_attempt(post: Post) -> None:
    for number in range(3):
        neighbour = post.clinic.enrol(date(2026, 1, 5), participant_code=f"34-90{number}")
        post.clinic.record(neighbour, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    post.server.answers.extend(["DROP", "DROP"])
    assert post.dispatch(INVITED_AT) == {"planned": 4}
    invitations = [
        row for row in list_rows(post.clinic.database, visit="W08") if row.rule_code == "invitation"
    ]
    asked, left_alone = invitations[:2], invitations[2:]
    assert [(row.attempts, row.doubts, row.outcome_reason) for row in asked] == [
        (1, 1, "no_reply_after_text")
    ] * 2
    assert [(row.attempts, row.doubts, row.outcome_reason, row.attempt_at) for row in left_alone] == [
        (0, 0, "smtp_silent", INVITED_AT + timedelta(minutes=1))
    ] * 2
    assert post.dispatch(INVITED_AT + timedelta(minutes=1)) == {"sent": 4}


def test_a_long_round_does_not_ask_again_and_again_for_a_server_that_is_left_alone(post: Post) -> None:
    people = [post.clinic.enrol(date(2026, 1, 5), participant_code=f"34-90{number}") for number in range(3)]
    for person in people:
        post.clinic.record(person, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    with post.clinic.writing() as session:
        last = session.get_one(Participant, people[-1])
        last.channels = "sms"
        replan_reminders(session, participant=last, now=INVITED_AT - timedelta(days=1))
    now = INVITED_AT

    class SlowGateway:
        def send(self, _message: OutgoingMessage) -> str:
            nonlocal now
            now += timedelta(minutes=2)
            return "taken"

    office = replace(post.office, channels={**post.office.channels, "sms": SlowGateway()})
    post.server.answers.extend(["DROP", "DROP"])
    report = dispatch_due(office, clock=lambda: now, most=100)
    assert report.count("sent") == 1
    assert sum(report.states.values()) < 10


def test_a_server_that_is_down_is_tried_again_until_72_hours_then_the_message_has_failed(post: Post) -> None:
    post.server.stop()
    at, tries = INVITED_AT, 0
    while post.rows()["invitation"].state == "planned":
        post.dispatch(at)
        tries += 1
        at = post.rows()["invitation"].attempt_at
        local_hour = (at + timedelta(hours=1)).hour
        assert 8 <= local_hour < 20
        assert tries < 40
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == ("failed", "smtp_unreachable")
    assert row.first_attempt_at == INVITED_AT
    assert row.finished_at is not None
    assert timedelta(hours=48) < row.finished_at - INVITED_AT < timedelta(hours=72)


def test_a_person_without_an_address_is_a_failed_message_and_no_crash(post: Post) -> None:
    with post.clinic.database.reading() as session:
        contact_ref = session.get_one(Participant, post.participant_id).contact_ref
    post.clinic.vault.save(contact_ref, NO_CONTACT, now=INVITED_AT)
    assert post.dispatch(INVITED_AT) == {"failed": 1}
    assert post.rows()["invitation"].outcome_reason == "no_address"


def test_a_text_that_cannot_be_written_holds_up_nobody_else(post: Post) -> None:
    with post.clinic.writing() as session:
        invitation = session.get_one(OutboxMessage, post.rows()["invitation"].id)
        invitation.template_code = "no-such-text"
    post.enqueue_test(INVITED_AT)
    assert post.dispatch(INVITED_AT) == {"planned": 1, "sent": 1}
    assert post.server.subjects() == ["Nos messages vous parviennent"]


def test_a_worker_that_starts_at_night_waits_for_the_morning(post: Post) -> None:
    assert post.dispatch(datetime(2026, 3, 2, 19, 0, tzinfo=UTC)) == {"planned": 1}
    assert post.rows()["invitation"].attempt_at == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert post.dispatch(datetime(2026, 3, 3, 7, tzinfo=UTC)) == {"sent": 1}
    assert len(post.server.accepted) == 1


def test_what_would_wait_past_its_window_is_withdrawn(post: Post) -> None:
    last_evening = datetime(2026, 3, 16, 20, 0, tzinfo=UTC)
    assert post.dispatch(last_evening) == {"cancelled": 5}
    assert post.rows()["last-call"].outcome_reason == "window_closed"


def test_after_an_outage_one_message_goes_out_and_the_ones_before_it_do_not(post: Post) -> None:
    assert post.dispatch(datetime(2026, 3, 10, 12, tzinfo=UTC)) == {"cancelled": 3, "sent": 1}
    assert {rule: row.state for rule, row in post.rows().items()} == {
        "invitation": "cancelled",
        "resume": "cancelled",
        "first-reminder": "cancelled",
        "second-reminder": "sent",
        "last-call": "planned",
    }
    assert post.rows()["invitation"].outcome_reason == "overtaken"
    assert post.rows()["resume"].outcome_reason == "not_started"
    assert len(post.server.accepted) == 1


def test_a_reminder_to_go_on_goes_to_who_has_started_and_the_other_one_does_not(post: Post) -> None:
    post.dispatch(INVITED_AT)
    post.clinic.answer(post.participant_id, "W08", date(2026, 3, 2), submit=False)
    post.dispatch(noon(date(2026, 3, 5)))
    post.dispatch(noon(date(2026, 3, 6)))
    assert post.server.subjects() == [
        "Votre questionnaire est prêt",
        "Vous pouvez continuer votre questionnaire",
    ]
    assert post.rows()["first-reminder"].outcome_reason == "already_started"


@pytest.mark.parametrize("kind", ["messages_stopped", "questionnaires_stopped", "lost", "left", "died"])
def test_nothing_goes_out_after_a_stop(post: Post, kind: str) -> None:
    post.clinic.record(post.participant_id, kind, date(2026, 3, 1))
    for day in range(0, 400, 7):
        assert post.dispatch(INVITED_AT + timedelta(days=day)) == {}
    assert post.server.accepted == []


@pytest.mark.parametrize("kind", ["left", "died"])
def test_the_claim_reads_the_events_itself_even_if_nobody_withdrew_the_messages(
    post: Post, kind: str
) -> None:
    with post.clinic.writing() as session:
        session.add(
            ParticipantEvent(
                participant_id=post.participant_id,
                kind=kind,
                occurred_on=date(2026, 3, 1),
                details={},
                recorded_at=INVITED_AT,
            )
        )
    assert post.dispatch(INVITED_AT) == {"cancelled": 1}
    assert post.rows()["invitation"].outcome_reason == kind
    assert post.server.accepted == []


def test_a_pause_holds_messages_and_one_goes_out_after_it(post: Post) -> None:
    post.clinic.record(post.participant_id, "paused", date(2026, 2, 20), until="2026-03-11")
    for day in range(9):
        post.dispatch(INVITED_AT + timedelta(days=day))
        assert post.server.accepted == []
    for too_early in (datetime(2026, 3, 11, 7, tzinfo=UTC), datetime(2026, 3, 11, 8, 59, 59, tzinfo=UTC)):
        assert post.dispatch(too_early) == {}
    post.dispatch(datetime(2026, 3, 11, 9, tzinfo=UTC))  # the hour that the person chose
    assert post.server.subjects() == ["Votre questionnaire vous attend"]
    assert post.rows()["second-reminder"].state == "sent"


def test_planning_anew_on_the_morning_on_which_a_pause_ends_brings_nothing_forward(post: Post) -> None:
    post.clinic.record(post.participant_id, "paused", date(2026, 2, 20), until="2026-03-11")
    post.dispatch(INVITED_AT)
    morning = datetime(2026, 3, 11, 7, 30, tzinfo=UTC)
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        replan_reminders(session, participant=participant, now=morning)
    post.dispatch(morning)
    assert post.server.accepted == []
    assert post.rows()["invitation"].attempt_at == datetime(2026, 3, 11, 9, tzinfo=UTC)


def test_a_message_under_an_older_plan_does_not_go_out(post: Post) -> None:
    post.clinic.record(post.participant_id, "treatment_ended", date(2026, 2, 20))
    post.dispatch(INVITED_AT)
    assert {rule: row.state for rule, row in post.rows().items()} == dict.fromkeys(
        ("invitation", "resume", "first-reminder", "second-reminder", "last-call"), "cancelled"
    )
    assert post.server.accepted == []


def test_a_claimed_message_is_nobody_elses_until_the_lease_runs_out(post: Post) -> None:
    post.claim("first", INVITED_AT)
    assert post.dispatch(INVITED_AT + LEASE - timedelta(seconds=1)) == {}
    assert post.dispatch(INVITED_AT + LEASE) == {"sent": 1}
    row = post.rows()["invitation"]
    assert (row.attempts, row.doubts) == (2, 1)
    assert len(post.server.accepted) == 1


def test_two_claims_that_ran_out_leave_the_message_unknown(post: Post) -> None:
    post.claim("first", INVITED_AT)
    post.claim("second", INVITED_AT + LEASE)
    assert post.dispatch(INVITED_AT + 2 * LEASE) == {"unknown": 1}
    assert post.rows()["invitation"].outcome_reason == "claim_ran_out"


def test_the_outcome_of_a_lost_claim_is_not_recorded(post: Post) -> None:
    lost = post.claim("first", INVITED_AT)
    post.claim("second", INVITED_AT + LEASE)
    assert post.record(lost, Outcome("undeliverable", "late"), INVITED_AT + LEASE) is None
    row = post.rows()["invitation"]
    assert (row.state, row.claimed_by) == ("claimed", "second")


def test_what_may_have_arrived_is_not_called_cancelled(post: Post) -> None:
    claimed = post.claim("first", INVITED_AT)
    post.record(claimed, Outcome("doubtful", "no_reply_after_text"), INVITED_AT)
    post.clinic.record(post.participant_id, "died", date(2026, 3, 2))
    assert {post.rows()["invitation"].state, post.rows()["last-call"].state} == {"unknown", "cancelled"}


def test_a_test_message_goes_out_at_night_and_is_given_up_after_two_hours(post: Post) -> None:
    night = datetime(2026, 1, 20, 21, tzinfo=UTC)
    post.server.answers.extend(["RCPT 451 later"] * 20)
    post.enqueue_test(night)
    for minutes in range(0, 180, 5):
        post.dispatch(night + timedelta(minutes=minutes))
    (row,) = [row for row in list_rows(post.clinic.database) if row.rule_code == "test"]
    assert (row.state, row.outcome_reason) == ("failed", "smtp_451")
    post.server.answers.clear()
    later = night + timedelta(hours=3)
    post.enqueue_test(later)
    assert post.dispatch(later) == {"sent": 1}
    assert post.server.subjects() == ["Nos messages vous parviennent"]


def test_a_dispatcher_told_to_stop_leaves_the_rest_for_the_next_one(post: Post) -> None:
    assert dispatch_due(post.office, clock=lambda: INVITED_AT, should_stop=lambda: True).states == {}
    assert dispatch_due(post.office, clock=lambda: INVITED_AT, most=0).states == {}
    assert post.rows()["invitation"].state == "planned"


def set_hour(post: Post, hour: int) -> None:
    """Let the participant choose another hour, and plan."""
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id, with_for_update=True)
        participant.reminder_hour = hour
        replan_reminders(session, participant=participant, now=INVITED_AT - timedelta(days=3))


def dispatch_slowly(post: Post, *moments: datetime) -> dict[str, int]:
    """Dispatch with a clock that shows these moments, the last one from then on."""
    left = list(moments)
    return dict(dispatch_due(post.office, clock=lambda: left.pop(0) if len(left) > 1 else left[0]).states)


def test_what_was_claimed_before_the_quiet_hours_is_not_sent_in_them(post: Post) -> None:
    set_hour(post, 19)
    evening = datetime(2026, 3, 2, 18, 59, 30, tzinfo=UTC)  # half a minute before 20:00 in Paris
    assert dispatch_slowly(post, evening, evening + timedelta(minutes=9)) == {"planned": 1}
    assert post.server.accepted == []
    row = post.rows()["invitation"]
    assert (row.attempts, row.outcome_reason) == (0, "quiet_hours")
    assert row.attempt_at == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert post.dispatch(row.attempt_at) == {"sent": 1}


def test_what_was_claimed_before_its_time_was_over_is_not_sent_after_it(post: Post) -> None:
    asked_at = datetime(2026, 2, 20, 9, tzinfo=UTC)
    post.enqueue_test(asked_at)
    last = asked_at + timedelta(hours=2)
    assert dispatch_slowly(post, last - timedelta(seconds=1), last) == {"failed": 1}
    assert post.server.accepted == []
    (row,) = [row for row in list_rows(post.clinic.database) if row.rule_code == "test"]
    assert (row.state, row.outcome_reason) == ("failed", "window_closed")


def pause_after_a_refusal(post: Post, until: str) -> None:
    """Let the invitation be refused for now, then pause messages, and let a worker look."""
    post.record(post.claim("first", INVITED_AT), Outcome("retryable", "smtp_451"), INVITED_AT)
    post.clinic.record(post.participant_id, "paused", date(2026, 3, 2), until=until)
    post.dispatch(INVITED_AT + timedelta(hours=4))


@pytest.mark.parametrize("until", ["2026-03-14", "2026-04-30"])
def test_a_retry_goes_out_soon_after_a_pause_that_is_ended_early(post: Post, until: str) -> None:
    pause_after_a_refusal(post, until)
    row = post.rows()["invitation"]
    assert (row.state, row.attempts) == ("planned", 1)
    assert row.attempt_at > INVITED_AT + timedelta(days=10)
    post.clinic.record(post.participant_id, "resumed", date(2026, 3, 3), of="paused")
    row = post.rows()["invitation"]
    assert (row.state, row.attempts, row.first_attempt_at) == ("planned", 1, INVITED_AT)
    assert row.attempt_at.date() == date(2026, 3, 3)
    assert post.dispatch(row.attempt_at) == {"sent": 1}


def test_a_retry_that_is_paused_to_the_end_of_its_window_fails_then_with_its_own_reason(post: Post) -> None:
    pause_after_a_refusal(post, "2026-04-30")
    row = post.rows()["invitation"]
    assert row.attempt_at == row.expires_at
    assert row.expires_at is not None
    post.dispatch(row.expires_at - timedelta(seconds=1))
    assert post.rows()["invitation"].state == "planned"
    post.dispatch(row.expires_at)
    row = post.rows()["invitation"]
    assert (row.state, row.outcome_reason) == ("failed", "smtp_451")
    assert post.server.accepted == []
