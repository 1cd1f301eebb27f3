"""The page on sending and /healthz: signs of life, who leads, what should have gone and did not arrive."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, build_clinic
from conftest import NOW, SettableClock
from flask import Flask

from pro_app.app import create_app
from pro_app.audit.actor import system_actor
from pro_app.reminders.outbox.claims import ClaimedMessage, Outcome, claim_next, record_outcome
from pro_app.services.channel_reports import Report, record_report
from pro_app.services.heartbeats import record_heartbeat
from pro_app.services.leadership import claim_lead
from pro_app.settings import Settings
from pro_app.web.demo.state import Progress, save_progress

SILENT = "Personne ne s’occupe des messages"
WAITING = "Des messages attendent"
UNPLACED = "être rattaché"
WELL = "Les messages partent comme prévu"


@pytest.fixture
def clinic(app: Flask) -> Clinic:
    """Give a clinic with one participant whose invitation to W08 is due at NOW."""
    parts = app.extensions["pro_app"]
    built = build_clinic(parts.database, parts.vault)
    participant_id = built.enrol(date(2026, 1, 5))
    built.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    return built


@pytest.fixture
def coordinator(app: Flask, clinic: Clinic) -> StaffBrowser:
    """Sign in the coordinator."""
    assert clinic.study_id
    return sign_in(app, 2)


def beat(clinic: Clinic, name: str, clock: SettableClock) -> None:
    with clinic.writing() as session:
        record_heartbeat(session, name=name, now=clock.now)


def settle(clinic: Clinic, clock: SettableClock, outcome: Outcome) -> None:
    """Let a worker deal with all that is due, each message with the same outcome."""
    while True:
        with clinic.writing() as session:
            claim = claim_next(session, claim_token="t", now=clock.now)
        if claim is None:
            return
        if isinstance(claim, ClaimedMessage):
            with clinic.writing() as session:
                record_outcome(session, claim, outcome, now=clock.now, usable_channels=frozenset({"email"}))


def test_a_silent_worker_and_what_is_late_are_said_at_the_top(
    coordinator: StaffBrowser, clinic: Clinic, clock: SettableClock
) -> None:
    assert SILENT in coordinator.get("/admin/sending").text
    beat(clinic, "machine-1", clock)
    settle(clinic, clock, Outcome("sent"))
    assert WELL in coordinator.get("/admin/sending").text
    clock.now = NOW + timedelta(days=4, hours=1)
    coordinator = sign_in(coordinator.client.application, 2)
    assert SILENT in coordinator.get("/admin/sending").text
    beat(clinic, "machine-1", clock)
    page = coordinator.get("/admin/sending").text
    assert WAITING in page
    assert "15-001" in page
    assert "a.dupont" not in page


def test_a_message_that_failed_is_listed_with_its_reason(
    coordinator: StaffBrowser, clinic: Clinic, clock: SettableClock
) -> None:
    beat(clinic, "machine-1", clock)
    settle(clinic, clock, Outcome("undeliverable", "smtp_550"))
    page = coordinator.get("/admin/sending").text
    assert "le serveur de messagerie a refusé l’adresse ou le message" in page


def test_the_worker_that_leads_is_named(
    coordinator: StaffBrowser, clinic: Clinic, clock: SettableClock
) -> None:
    for name in ("machine-1", "machine-2"):
        beat(clinic, name, clock)
    with clinic.writing() as session:
        claim_lead(session, holder="machine-2", now=clock.now)
    page = coordinator.get("/admin/sending").text
    assert page.count("dirige, mandat 1") == 1
    assert page.index("machine-2") < page.index("dirige, mandat 1")


def test_health_tells_silence_the_leader_and_what_is_late(
    app: Flask, clinic: Clinic, clock: SettableClock
) -> None:
    client = app.test_client()
    clock.now = NOW + timedelta(minutes=16)
    body = client.get("/healthz").get_json()
    assert (body["worker"], body["leader_term"]) == ("silent", None)
    assert body["late_messages"] >= 1
    beat(clinic, "machine-1", clock)
    with clinic.writing() as session:
        claim_lead(session, holder="machine-1", now=clock.now)
    settle(clinic, clock, Outcome("sent"))
    body = client.get("/healthz").get_json()
    assert (body["worker"], body["leader_term"], body["late_messages"]) == ("ok", 1, 0)


def test_what_came_back_and_could_not_be_placed_is_counted_where_somebody_looks(
    coordinator: StaffBrowser, clinic: Clinic, clock: SettableClock
) -> None:
    assert UNPLACED not in coordinator.get("/admin/sending").text
    reports = (
        Report("a", "unreadable"),
        Report("b", "bounced", provider_ref="unknown@example.org"),
        Report("c", "bounced", outbox_message_id=1),
    )
    with clinic.writing() as session:
        for report in reports:
            actor = system_actor("test", "report")
            record_report(session, report, usable_channels={"email"}, actor=actor, now=clock.now)
    page = coordinator.get("/admin/sending").text
    assert "2 retours n’ont pu être rattachés à aucun message" in page


def test_for_a_nurse_there_is_no_such_page(app: Flask, clinic: Clinic) -> None:
    assert clinic.site_id
    assert sign_in(app, 0).client.get("/admin/sending").status_code == 404


@pytest.fixture
def demo(settings: Settings, clock: SettableClock) -> Iterator[Flask]:
    """Make the same app as a demonstration whose past is being filled."""
    made = create_app(replace(settings, demo=True), clock=clock)
    yield made
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


@pytest.mark.parametrize(
    ("progress", "is_filling", "is_late"),
    [
        (
            Progress(12, 1000, "2025-03-02", finished=False, reached_at="2025-03-02T09:00:00+00:00"),
            True,
            False,
        ),
        (
            Progress(999, 1000, "2026-03-03", finished=False, reached_at="2026-03-03T09:00:00+00:00"),
            True,
            True,
        ),
        (Progress(1000, 1000, "2026-03-03", finished=True), False, True),
    ],
)
def test_what_a_demonstration_has_not_lived_yet_is_not_late(
    demo: Flask, clinic: Clinic, clock: SettableClock, *, progress: Progress, is_filling: bool, is_late: bool
) -> None:
    clock.now = NOW + timedelta(days=1)
    beat(clinic, "demo", clock)
    save_progress(demo.extensions["pro_app"].settings.data_folder, progress)
    body = demo.test_client().get("/healthz").get_json()
    assert (body["late_messages"] > 0, body["worker"]) == (is_late, "ok")
    assert body.get("demo_filled_percent") == (progress.percent if is_filling else None)
    page = sign_in(demo, 2).get("/admin/sending").text
    assert ("15-001" in page) == is_late
    assert WELL not in page
    assert (f"{progress.percent}\u00a0%" in page) == is_filling


def test_a_demonstration_that_begins_says_so_and_raises_no_alarm(demo: Flask, clinic: Clinic) -> None:
    assert clinic.site_id
    assert demo.test_client().get("/healthz").get_json()["demo_filled_percent"] == 0
    page = sign_in(demo, 2).get("/admin/sending").text
    assert SILENT not in page
    assert "0\u00a0%" in page
