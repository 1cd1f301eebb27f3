"""Each rule is shown a trial in which it is broken; a check that cannot see a fault would pass everything."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.settings import Settings
from pro_app.simulation.checks.evidence import load_lives
from pro_app.simulation.checks.plans import check_plans
from pro_app.simulation.invariants import RULES, SentRecord, Violation, check_invariants
from pro_app.simulation.receiving import Mailboxes
from pro_app.simulation.run import Plan, Simulated, open_stores, simulate_trial
from pro_app.storage.database import open_database

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"


@dataclass
class Trial:
    """A copy of a simulated trial, in which a test may break something."""

    path: Path
    sent: list[SentRecord]
    ended_at: datetime

    def break_by(self, statement: str, *values: object) -> None:
        """Change something behind the back of the app; triggers that would refuse it are taken away."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            assert connection.execute(statement, values).rowcount != 0

    def ask(self, question: str, *values: object) -> tuple[object, ...]:
        """Give the first row that answers a question."""
        with closing(sqlite3.connect(self.path)) as connection:
            row = connection.execute(question, values).fetchone()
        assert row is not None, question
        return tuple(row)

    def check(self) -> list[Violation]:
        """Check everything."""
        database = open_database(f"sqlite:///{self.path}")
        with database.reading() as session:
            found = check_invariants(session, sent=self.sent, now=self.ended_at)
        database.engine.dispose()
        return found

    def rules_of_plans(self) -> set[str]:
        """Give the rules about plans that are broken."""
        database = open_database(f"sqlite:///{self.path}")
        with database.reading() as session:
            found = {violation.rule for violation in check_plans(load_lives(session, self.sent))}
        database.engine.dispose()
        return found

    def rules(self) -> set[str]:
        """Give the rules that are broken."""
        return {violation.rule for violation in self.check()}

    def first_about(self, rule_code: str = "invitation") -> SentRecord:
        """Give the first message of a rule that arrived."""
        return next(record for record in self.sent if f":{rule_code}:" in record.message_key)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Simulated]:
    folder = tmp_path_factory.mktemp("trial")
    settings = Settings.for_demo(folder, 8000)
    open_stores(settings)
    trial = simulate_trial(settings, Plan(PROTOCOL, participants=4, years=2, seed=5))
    trial.world.office.close()
    return folder / "pro_app.sqlite", trial


@pytest.fixture
def trial(simulated: tuple[Path, Simulated], tmp_path: Path) -> Trial:
    path, done = simulated
    shutil.copy(path, tmp_path / "trial.sqlite")
    return Trial(tmp_path / "trial.sqlite", list(done.sent), done.ended_at)


def make_outgoing(at: datetime) -> OutgoingMessage:
    """Make a message that says it was sent at a moment."""
    return OutgoingMessage(
        address="somebody@example.org",
        sender_label="Suivi",
        subject="Votre questionnaire",
        text="Bonjour",
        short_text="Bonjour",
        language="fr",
        message_id="<one@example.org>",
        reply_token="",
        at=at,
    )


def test_a_sound_trial_breaks_nothing(trial: Trial) -> None:
    assert trial.check() == []


def test_what_arrives_twice_is_seen(trial: Trial) -> None:
    trial.sent.append(trial.first_about())
    assert trial.rules() == {"twice"}


def test_a_doubtful_message_may_arrive_twice_but_not_three_times(trial: Trial) -> None:
    record = trial.first_about()
    trial.break_by("UPDATE outbox_messages SET doubts = 1 WHERE message_key = ?", record.message_key)
    trial.sent.append(record)
    assert trial.rules() == set()
    trial.sent.append(record)
    assert trial.rules() == {"twice"}


def test_what_nobody_wrote_is_seen(trial: Trial) -> None:
    trial.sent.append(replace(trial.first_about(), message_key="<somebody@else>"))
    trial.sent.append(replace(trial.first_about(), participant_id=0, message_key="<another@else>"))
    assert trial.rules() == {"unknown_message"}


def test_a_message_that_reaches_somebody_else_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    others = {other.participant_id for other in trial.sent} - {record.participant_id}
    trial.sent.remove(record)
    trial.sent.append(replace(record, participant_id=others.pop()))
    assert trial.rules() == {"unknown_message", "never_arrived"}


def test_what_is_called_sent_and_never_arrived_is_seen(trial: Trial) -> None:
    trial.sent.remove(trial.first_about())
    assert trial.rules() == {"never_arrived"}


def test_a_message_to_somebody_whose_death_was_recorded_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    recorded_at = (record.at - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    trial.break_by(
        "INSERT INTO participant_events (participant_id, kind, occurred_on, details, recorded_at, retracts)"
        " VALUES (?, 'died', ?, '{}', ?, 0)",
        record.participant_id,
        record.at.date().isoformat(),
        recorded_at,
    )
    assert "after_stop" in trial.rules()


def test_a_message_on_a_channel_that_rests_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    since_at = (record.at - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    trial.break_by(
        "INSERT INTO channel_stops (participant_id, channel, reason, since_at)"
        " VALUES (?, 'email', 'unsubscribed', ?)",
        record.participant_id,
        since_at,
    )
    assert trial.rules() == {"channel_rests"}


def test_a_message_during_a_pause_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    recorded_at = (record.at - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    until = (record.at + timedelta(days=9)).date().isoformat()
    trial.break_by(
        "INSERT INTO participant_events (participant_id, kind, occurred_on, details, recorded_at, retracts)"
        " VALUES (?, 'paused', ?, ?, ?, 0)",
        record.participant_id,
        record.at.date().isoformat(),
        f'{{"until": "{until}"}}',
        recorded_at,
    )
    assert "in_pause" in trial.rules()


@pytest.mark.parametrize(
    "at",
    [
        datetime.fromisoformat("2022-04-12T23:30:00+02:00"),  # in the night
        datetime.fromisoformat("2022-04-10T11:00:00+02:00"),  # a Sunday
        datetime.fromisoformat("2022-07-14T11:00:00+02:00"),  # a holiday
    ],
)
def test_a_message_at_a_quiet_time_is_seen(trial: Trial, at: datetime) -> None:
    record = trial.first_about()
    trial.sent.remove(record)
    trial.sent.append(replace(record, at=at))
    assert any(found.rule == "quiet_time" for found in trial.check())


def test_a_message_outside_its_window_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    trial.sent.remove(record)
    trial.sent.append(replace(record, at=record.at + timedelta(days=70)))
    assert "outside_window" in trial.rules()


def test_a_message_about_a_form_that_was_sent_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    (assessment_id,) = trial.ask(
        "SELECT assessment_id FROM outbox_messages WHERE message_key = ?", record.message_key
    )
    submitted_at = (record.at - timedelta(minutes=30)).strftime("%Y-%m-%d %H:%M:%S.000000")
    trial.break_by(
        "UPDATE assessments SET submitted_at = ?, receipt_code = 'PLANTED' WHERE id = ?",
        submitted_at,
        assessment_id,
    )
    assert "already_submitted" in trial.rules()


def test_two_messages_after_an_outage_are_seen(trial: Trial) -> None:
    record = trial.first_about()
    (due_at,) = trial.ask("SELECT due_at FROM outbox_messages WHERE message_key = ?", record.message_key)
    trial.break_by(
        "INSERT INTO outbox_messages (message_key, study_id, site_id, participant_id, assessment_id,"
        " planned_visit_id, rule_code, template_code, channel, contact_ref, planned_at, due_at, expires_at,"
        " attempt_at, state, attempts, doubts, finished_at)"
        " SELECT 'planted', study_id, site_id, participant_id, assessment_id, planned_visit_id,"
        " 'first-reminder', 'reminder', channel, contact_ref, planned_at, due_at, expires_at, attempt_at,"
        " state, attempts, doubts, finished_at FROM outbox_messages WHERE message_key = ?",
        record.message_key,
    )
    trial.sent.remove(record)
    due = datetime.fromisoformat(f"{due_at}+00:00")
    late = due + timedelta(hours=5)
    trial.sent += [replace(record, at=late), replace(record, message_key="planted", at=late)]
    assert "several_after_outage" in trial.rules()


def test_a_message_that_is_missing_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    trial.break_by("DELETE FROM outbox_messages WHERE message_key = ?", record.message_key)
    trial.sent = [other for other in trial.sent if other.message_key != record.message_key]
    assert trial.rules() == {"missing"}


@pytest.mark.parametrize(
    "reason", ["submitted", "died", "overtaken-by-nothing", "window_closed", "not_required"]
)
def test_a_message_withdrawn_for_a_reason_that_is_not_true_is_seen(trial: Trial, reason: str) -> None:
    record = trial.first_about()
    trial.break_by(
        "UPDATE outbox_messages SET state = 'cancelled', outcome_reason = ?, finished_at = due_at"
        " WHERE message_key = ?",
        reason,
        record.message_key,
    )
    trial.sent = [other for other in trial.sent if other.message_key != record.message_key]
    assert trial.rules() == {"withdrawn_without_reason"}


@pytest.mark.parametrize("reason", ["channel_changed", "channel_rests"])
def test_a_channel_that_was_neither_changed_nor_at_rest_is_no_reason(trial: Trial, reason: str) -> None:
    trial.break_by(
        "UPDATE outbox_messages SET state = 'cancelled', outcome_reason = ?, finished_at = attempt_at"
        " WHERE state = 'sent'",
        reason,
    )
    # A stop that was lifted before, and one that began long after, explain nothing.
    for since_at, lifted_at in (("2021-01-05", "2021-01-06"), ("2022-12-30", None)):
        trial.break_by(
            "INSERT INTO channel_stops (participant_id, channel, reason, since_at, lifted_at)"
            " SELECT id, 'email', 'unsubscribed', ? || ' 09:00:00.000000', ? || ' 09:00:00.000000'"
            " FROM participants",
            since_at,
            lifted_at,
        )
    trial.sent.clear()
    assert trial.rules() == {"withdrawn_without_reason"}


def test_a_channel_that_rested_when_the_message_was_withdrawn_is_a_reason(trial: Trial) -> None:
    record = trial.first_about()
    trial.break_by(
        "UPDATE outbox_messages SET state = 'cancelled', outcome_reason = 'channel_rests',"
        " finished_at = due_at WHERE message_key = ?",
        record.message_key,
    )
    trial.break_by(
        "INSERT INTO channel_stops (participant_id, channel, reason, since_at, lifted_at)"
        " SELECT participant_id, 'email', 'unsubscribed', datetime(due_at, '-1 hour') || '.000000',"
        " datetime(due_at, '+1 hour') || '.000000' FROM outbox_messages WHERE message_key = ?",
        record.message_key,
    )
    trial.sent = [other for other in trial.sent if other.message_key != record.message_key]
    assert trial.rules() == set()


def test_a_message_that_is_stuck_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    trial.break_by(
        "UPDATE outbox_messages SET state = 'planned', attempt_at = due_at, finished_at = NULL"
        " WHERE message_key = ?",
        record.message_key,
    )
    assert "stuck" in trial.rules()


def test_a_message_that_failed_without_a_word_is_seen(trial: Trial) -> None:
    record = trial.first_about()
    trial.break_by("UPDATE outbox_messages SET state = 'failed' WHERE message_key = ?", record.message_key)
    assert trial.rules() == {"no_reason"}


def test_a_plan_that_does_not_follow_from_the_facts_is_seen(trial: Trial) -> None:
    trial.break_by(
        "UPDATE planned_visits SET closes_on = date(closes_on, '+1 day') WHERE id = (SELECT v.id"
        " FROM planned_visits v JOIN assessments a ON a.planned_visit_id = v.id"
        " WHERE v.replaced_at IS NULL AND a.started_at IS NULL AND v.opens_on > ? LIMIT 1)",
        trial.ended_at.date().isoformat(),
    )
    assert trial.rules() == {"plan_differs", "standings_differ"}


@pytest.mark.parametrize(
    "when", ["v.closes_on < '2022-12-01'", "v.opens_on > '2023-06-01'"], ids=["missed", "to come"]
)
def test_a_site_that_is_blamed_for_a_late_recording_without_one_is_seen(trial: Trial, when: str) -> None:
    (visit_id,) = trial.ask(
        "SELECT v.id FROM planned_visits v JOIN assessments a ON a.planned_visit_id = v.id"
        f" WHERE v.replaced_at IS NULL AND a.started_at IS NULL AND v.expected = 1 AND {when}"
        " AND v.reason_code IS NULL LIMIT 1"
    )
    trial.break_by("UPDATE planned_visits SET reason_code = 'SITE_LATE_RECORDING' WHERE id = ?", visit_id)
    assert trial.rules() == {"plan_differs", "standings_differ"}


@pytest.mark.parametrize("which", ["a.submitted_at IS NOT NULL", "a.started_at IS NOT NULL"])
@pytest.mark.parametrize("reason", ["DIED", "SITE_LATE_RECORDING", None])
def test_an_answered_visit_that_counts_otherwise_than_the_facts_say_is_seen(
    trial: Trial, which: str, reason: str | None
) -> None:
    trial.break_by(
        "UPDATE planned_visits SET expected = ?, reason_code = ? WHERE replaced_at IS NULL AND id IN"
        f" (SELECT a.planned_visit_id FROM assessments a WHERE {which} AND a.visit_code <> 'UNSCHEDULED')",
        reason == "SITE_LATE_RECORDING",
        reason,
    )
    assert "plan_differs" in trial.rules()


def test_a_fault_of_the_planner_is_not_shared_by_the_check(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pro_app.protocol.schedule.plan_visits", None)
    monkeypatch.setattr("pro_app.protocol.schedule.add_offset", None)
    monkeypatch.setattr("pro_app.protocol.events.fold_events", None)
    monkeypatch.setattr("pro_app.protocol.leaving.find_visit_effect", None)
    assert trial.rules_of_plans() == set()


def test_the_time_of_arrival_is_the_receiving_machine_s_and_not_what_the_message_says() -> None:
    night, noon = datetime(2022, 4, 12, 22, 30, tzinfo=UTC), datetime(2022, 4, 12, 10, tzinfo=UTC)
    mailboxes = Mailboxes(seed=1, clock=lambda: night)
    mailboxes.take("email", make_outgoing(noon))
    assert [received.at for received in mailboxes.received] == [night]


def test_a_worker_whose_clock_is_behind_is_told_from_one_that_sends_at_night(trial: Trial) -> None:
    record = trial.first_about()
    trial.sent.remove(record)
    evening = datetime.combine(record.at.date(), time(20, 30), ZoneInfo("Europe/Paris"))
    trial.sent.append(replace(record, at=evening, sender_late_by=timedelta(hours=1)))
    assert "quiet_time" not in trial.rules()
    trial.sent[-1] = replace(record, at=evening)
    assert "quiet_time" in trial.rules()


def test_a_sent_form_whose_window_moved_is_seen(trial: Trial) -> None:
    visit_id, assessment_id = trial.ask(
        "SELECT v.id, a.id FROM planned_visits v JOIN assessments a ON a.planned_visit_id = v.id"
        " WHERE v.replaced_at IS NULL AND a.submitted_at IS NOT NULL AND v.visit_code = 'W08' LIMIT 1"
    )
    moved_at = trial.ended_at.strftime("%Y-%m-%d %H:%M:%S.000000")
    trial.break_by("UPDATE planned_visits SET replaced_at = ? WHERE id = ?", moved_at, visit_id)
    trial.break_by(
        "INSERT INTO planned_visits (participant_id, visit_code, revision, protocol_sha256, anchor,"
        " target_on, opens_on, closes_on, zone, provisional, expected, planned_at)"
        " SELECT participant_id, visit_code, revision + 50, protocol_sha256, anchor, target_on,"
        " date(opens_on, '-3 days'), date(closes_on, '-3 days'), zone, provisional, expected, ?"
        " FROM planned_visits WHERE id = ?",
        moved_at,
        visit_id,
    )
    trial.break_by(
        "UPDATE assessments SET planned_visit_id = (SELECT max(id) FROM planned_visits) WHERE id = ?",
        assessment_id,
    )
    assert "answered_visit_moved" in trial.rules()


def test_a_rate_that_is_counted_wrongly_is_seen(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pro_app.services.completion.table.count_denominators", lambda *_a, **_k: {1: 99})
    assert trial.rules() == {"rates_differ"}


def test_a_row_of_the_rates_that_is_not_what_the_facts_say_is_seen(trial: Trial) -> None:
    trial.break_by("UPDATE form_standings SET closing_month = '1999-01' WHERE visit_code = 'W08'")
    assert trial.rules() == {"standings_differ"}


def test_a_form_without_its_row_is_missed_by_the_rates(trial: Trial) -> None:
    trial.break_by("DELETE FROM form_standings WHERE visit_code = 'BASELINE'")
    assert trial.rules() == {"standings_differ", "rates_differ"}


def test_an_audit_trail_that_was_touched_is_seen(trial: Trial) -> None:
    trial.break_by("UPDATE audit_entries SET actor = 'account:999' WHERE id = 40")
    assert trial.rules() == {"audit_chain"}


def test_every_rule_has_its_planted_fault() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [rule for rule in RULES if f'"{rule}"' not in source] == []
