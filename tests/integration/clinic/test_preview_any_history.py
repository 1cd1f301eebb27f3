"""A preview says what the act then does: whatever happened before, visit by visit and message by message."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clinic_world import build_clinic
from conftest import TEST_SECRET
from history_world import HistoryWorld, Worker, open_copy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected
from pro_app.reminders.outbox import OutboxPlan, plan_outbox
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.services.considered_events import consider_row, make_correcting_row, make_new_row
from pro_app.services.event_offers import load_situation
from pro_app.services.events import Correction, NewEvent, confirm_event, correct_event
from pro_app.services.plan_previews import consequences
from pro_app.services.plan_previews.consequences import Consequences, find_consequences
from pro_app.services.plan_previews.model import PlanPreview
from pro_app.services.plan_previews.preview import preview_correction, preview_event
from pro_app.storage.database import Session
from pro_app.storage.queries.events import list_events
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

BEGAN_AT = datetime(2026, 3, 20, 9, tzinfo=UTC)
ARMS = ("LUTATHERA", "SURVEILLANCE")
KINDS = ("infusion", "treatment_ended", "progressed", "lost", "left", "died", "messages_stopped")
ZONES = ("Europe/Paris", "Pacific/Noumea", "America/Cayenne")
HISTORIES = 40

_STEPS = st.one_of(
    st.tuples(st.just("record"), st.sampled_from(KINDS[:2]), st.integers(0, 40)),
    st.tuples(st.just("record"), st.sampled_from(KINDS), st.integers(0, 10)),
    st.tuples(st.just("pause"), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("resume"), st.sampled_from(["lost", "paused", "messages_stopped"]), st.just(0)),
    st.tuples(st.just("correct"), st.integers(0, 9), st.integers(-40, 40)),
    st.tuples(st.just("retract"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("answer"), st.booleans(), st.just(0)),
    st.tuples(st.just("live"), st.sampled_from([2, 24, 24 * 20, 24 * 40, 24 * 90]), st.just(0)),
    st.tuples(st.just("live"), st.sampled_from([24 * 40, 24 * 90]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([2, 24, 24 * 20]), st.just(0)),
    st.tuples(st.just("claim"), st.just(0), st.just(0)),
)

Rows = dict[str, tuple[object, ...]]
Opening = Callable[[ExitStack], HistoryWorld]


@dataclass
class Seen:
    """What was said before the act."""

    preview: PlanPreview
    consequences: Consequences
    rows: Rows


@dataclass
class Watcher:
    """Acts in a world, and compares each act with its preview."""

    world: HistoryWorld
    participant_id: int
    compared: int = 0
    refused: int = 0

    def do(self, step: tuple[Any, Any, int]) -> None:
        """Do one step of a history."""
        name, what, number = step
        today = self.world.today(self.participant_id)
        if name == "record":
            self.record(NewEvent(what, today - timedelta(days=number), {}))
        elif name == "pause":
            until = today + timedelta(days=what)
            self.record(NewEvent("paused", today, {"until": until.isoformat()}))
        elif name == "resume":
            self.record(NewEvent("resumed", today, {"of": what}))
        elif name == "correct":
            self.correct(what, number)
        elif name == "retract":
            self.correct(what, None)
        else:
            self.live(name, what)

    def live(self, name: str, what: Any) -> None:  # noqa: ANN401 -- hours or a choice, as drawn
        """Let people answer, time pass, or a worker take a message in hand and keep it."""
        world = self.world
        if name == "answer":
            world.answer(self.participant_id, submit=what)
        elif name == "wait":
            world.now += timedelta(hours=what)
        elif name == "claim" and world.workers[0].hand is None:
            world.claim(world.workers[0])
        elif name == "live":
            world.live(what)

    def record(self, new: NewEvent) -> None:
        """Preview a new event, record it, compare."""
        clinic, now = self.world.clinic, self.world.now
        with clinic.database.reading() as session:
            row = make_new_row(self.participant_id, new, account_id=None, now=now)
            seen = self.look(
                session, row, replaces=None, preview=lambda s: preview_event(session, s, new, now=now)
            )
        self.act(
            seen,
            partial(confirm_event, participant_id=self.participant_id, new=new),
            action="event.record",
        )

    def correct(self, number: int, days: int | None) -> None:
        """Preview a correction or a retraction, make it, compare."""
        clinic, now = self.world.clinic, self.world.now
        with clinic.database.reading() as session:
            known = list_events(session, self.participant_id)
            event = known[number % len(known)]
            on = None if days is None else event.occurred_on + timedelta(days=days)
            correction = Correction("seen again", on)
            try:
                row = make_correcting_row(event, correction, account_id=None, now=now)
            except InputRejected:
                return
            seen = self.look(
                session,
                row,
                replaces=event,
                preview=lambda s: preview_correction(session, s, correction, event_id=event.id, now=now),
            )
        self.act(
            seen,
            partial(correct_event, event_id=event.id, correction=correction),
            action="event.correct",
        )

    def act(self, seen: Seen | None, do: Callable[..., object], *, action: str) -> None:
        """Do what was previewed, and compare; what the preview refused must be refused."""
        clinic, fingerprint = self.world.clinic, seen.preview.fingerprint if seen else ""
        try:
            with clinic.writing() as session:
                do(session, seen=fingerprint, actor=clinic.nurse, now=self.world.now)
        except InputRejected:
            assert seen is None
            self.refused += 1
            return
        self.compare(seen, action)

    def look(
        self,
        session: Session,
        row: ParticipantEvent,
        *,
        replaces: ParticipantEvent | None,
        preview: Any,  # noqa: ANN401 -- a function of the situation
    ) -> Seen | None:
        """Give what is said before the act; None if it is refused."""
        clinic, now = self.world.clinic, self.world.now
        situation = load_situation(session, self.participant_id, actor=clinic.nurse, language="fr", now=now)
        try:
            said = preview(situation)
        except InputRejected:
            return None
        considered = consider_row(
            session,
            session.get_one(Participant, self.participant_id),
            row,
            rows=list_events(session, self.participant_id),
            replaces=replaces,
            language="fr",
            now=now,
        )
        return Seen(said, find_consequences(session, considered, now=now), read_rows(session))

    def compare(self, seen: Seen | None, action: str) -> None:
        """Fail unless the act did what was said."""
        assert seen is not None, "done although the preview was refused"
        self.compared += 1
        with self.world.clinic.database.reading() as session:
            items = session.scalars(
                select(AuditPayload.items)
                .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
                .where(AuditEntry.action == action)
                .order_by(AuditEntry.id.desc())
            ).first()
            assert items is not None
            assert [
                item for item in items if "action" in item
            ] == seen.consequences.outcome.list_audit_items()
            assert read_rows(session) == predict_rows(seen)
        self.compare_calendar(seen.preview)
        self.compare_rates(seen.preview)
        # The same form sent again within minutes is taken for a double click, which has no preview.
        self.world.now += timedelta(minutes=11)

    def compare_calendar(self, preview: PlanPreview) -> None:
        """Fail unless each visit stands where the calendar said, with its answers."""
        records = {
            record.visit_code: record
            for record in self.world.list_visits(self.participant_id)
            if not record.ordinal
        }
        for row in preview.calendar:
            if row.after is not None:
                record = records[row.visit_code]
                stands = (record.opens_on, record.target_on, record.closes_on, record.provisional)
                said = (row.after.opens_on, row.after.target_on, row.after.closes_on, row.after.provisional)
                assert stands == said, row
                answered = "sent" if record.submitted_at else "started" if record.started_at else "no"
                assert answered == row.answered, row
            elif row.becomes == "cancelled":
                assert not records[row.visit_code].expected

    def compare_rates(self, preview: PlanPreview) -> None:
        """Fail unless the page of completion counts what was said."""
        clinic = self.world.clinic
        with clinic.database.reading() as session:
            scope = ClinicScope(clinic.study_id, frozenset({clinic.site_id}), ())
            table = count_completion(session, scope, language="fr", now=self.world.now)
        after = preview.rates.site_after
        assert (after.numerator, after.denominator) == (table.total.completed, table.total.expected)
        expected = [
            record
            for record in self.world.list_visits(self.participant_id)
            if record.expected and not record.ordinal
        ]
        assert preview.rates.expected_after == len(expected)


def read_rows(session: Session) -> Rows:
    """Give the outbox by message key."""
    return {
        row.message_key: (row.state, row.outcome_reason, row.due_at, row.attempt_at, row.expires_at)
        for row in session.scalars(select(OutboxMessage))
    }


def predict_rows(seen: Seen) -> Rows:
    """Give the outbox as the plan says that it becomes."""
    rows = dict(seen.rows)
    for row, reason in seen.consequences.outbox.withdrawn:
        state = "unknown" if row.doubts else "cancelled"
        rows[row.message_key] = (state, reason, row.due_at, row.attempt_at, row.expires_at)
    for row, reminder in seen.consequences.outbox.renewed:
        rows[row.message_key] = ("planned", None, reminder.due_at, reminder.attempt_at, reminder.expires_at)
    for message in seen.consequences.outbox.added:
        reminder = message.reminder
        state = "cancelled" if reminder.refused else "planned"
        times = (reminder.due_at, reminder.attempt_at, reminder.expires_at)
        rows[message.message_key] = (state, reminder.refused, *times)
    return rows


@pytest.fixture
def opening(sqlite_template: Path, contacts_template: Path, tmp_path: Path) -> Opening:
    """Give each history a database of its own."""

    def open_world(opened: ExitStack) -> HistoryWorld:
        vault = ContactVault(open_copy(contacts_template, tmp_path, opened), TEST_SECRET)
        clinic = build_clinic(open_copy(sqlite_template, tmp_path, opened), vault)
        return HistoryWorld(clinic, BEGAN_AT, [Worker()])

    return open_world


@dataclass(frozen=True)
class History:
    """One drawn history."""

    zone: str
    arm: str
    baseline: bool
    steps: list[tuple[Any, Any, int]]

    def run(self, opening: Opening) -> Watcher:
        """Live it, comparing each act with its preview."""
        with ExitStack() as opened:
            world = opening(opened)
            watcher = Watcher(world, world.enrol(self.zone, 10))
            if self.baseline:
                world.answer(watcher.participant_id, submit=True)
            watcher.record(NewEvent("randomised", date(2026, 3, 20), {"arm": self.arm}))
            for step in self.steps:
                watcher.do(step)
            return watcher


_HISTORIES = st.builds(
    History,
    st.sampled_from(ZONES),
    st.sampled_from(ARMS),
    st.booleans(),
    st.lists(_STEPS, min_size=4, max_size=10),
)


def test_any_preview_is_what_the_act_then_does(opening: Opening, capsys: pytest.CaptureFixture[str]) -> None:
    watchers: list[Watcher] = []

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        # Each history costs about a second: the first one that fails is short enough to be read.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(_HISTORIES)
    def check(history: History) -> None:
        watchers.append(history.run(opening))

    check()
    compared = sum(watcher.compared for watcher in watchers)
    refused = sum(watcher.refused for watcher in watchers)
    with capsys.disabled():
        print(  # noqa: T201 -- the figures are what one runs it for
            f"\n{len(watchers)} histories, {compared} acts as their preview said, {refused} refused by both"
        )
    assert compared > HISTORIES


def forget_withdrawals(*args: Any, **kwargs: Any) -> OutboxPlan:  # noqa: ANN401 -- passed on as they come
    """Plan the outbox and lose what is to be taken back."""
    return replace(plan_outbox(*args, **kwargs), withdrawn=())


def test_a_preview_that_forgets_something_is_found(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    moved_twice = [("live", 24 * 20, 0), ("record", "treatment_ended", 1), ("correct", 2, -1)]
    history = History("Europe/Paris", "SURVEILLANCE", baseline=True, steps=moved_twice)
    assert history.run(opening).compared == len(moved_twice)
    monkeypatch.setattr(consequences, "plan_outbox", forget_withdrawals)
    with pytest.raises(AssertionError):
        history.run(opening)
