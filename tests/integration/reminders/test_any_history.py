"""Whatever happens, in whatever order: no message twice, none it should not be, none lost without a word.

Hypothesis draws histories of enrolments, answers, events, corrections, stops, crashes of workers, outages and
jumps of the clock; `history_world` judges. `pytest --histories N` sets how many are drawn on each database.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clinic_world import build_clinic
from conftest import TEST_SECRET, fresh_postgres
from history_world import RESUMABLE, HistoryWorld, Worker, open_copy
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pro_app.contacts.vault import ContactVault
from pro_app.reminders.outbox import claims
from pro_app.storage.database import Database, open_database

STEPS = 50
TO_THE_FIRST_WINDOW = 47 * 24
"""Hours until shortly before the first window after a randomisation opens."""
BEGAN_AT = datetime(2026, 3, 20, 9, tzinfo=UTC)
"""A week before the clocks change, three weeks before Easter."""
ZONES = ("Europe/Paris", "Pacific/Noumea", "America/Cayenne", "Indian/Reunion")
ARMS = ("LUTATHERA", "SURVEILLANCE")
STOPS = ("progressed", "messages_stopped", "questionnaires_stopped", "lost", "left", "died")
ENDINGS = ("sent", "sent", "sent", "dropped", "interrupted", "refused for now", "refused")
TROUBLE = ("dropped", "interrupted", "refused for now", "killed", "killed after sending")
"""What a worker meets several times in a row: seldom, if each step were drawn by itself."""
Opening = Callable[[ExitStack], tuple[Database, ContactVault]]
days = st.integers(0, 40)


class Histories(RuleBasedStateMachine):
    """One history after the other; `opening` gives each a fresh database."""

    opening: Opening
    workers: int
    begun: int = 0
    sent: int = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).begun += 1
        self.opened = ExitStack()
        database, vault = type(self).opening(self.opened)
        self.world = HistoryWorld(
            build_clinic(database, vault), BEGAN_AT, [Worker() for _ in range(self.workers)]
        )

    def somebody(self, number: int) -> int:
        """Choose one of the people."""
        people = sorted(self.world.people)
        return people[number % len(people)]

    @initialize(zone=st.sampled_from(ZONES), hour=st.integers(8, 19), arm=st.sampled_from(ARMS))
    def begin(self, zone: str, hour: int, arm: str) -> None:
        """Begin with one person who has visits to come and one who is not randomised yet."""
        first = self.world.enrol(zone, hour)
        self.world.record(first, "randomised", 0, arm=arm)
        self.live(TO_THE_FIRST_WINDOW)
        self.world.enrol(zone, hour)

    @precondition(lambda self: len(self.world.people) < 3)
    @rule(zone=st.sampled_from(ZONES), hour=st.integers(8, 19))
    def enrol(self, zone: str, hour: int) -> None:
        """Enrol one more."""
        self.world.enrol(zone, hour)

    @rule(who=days, ago=st.integers(0, 10), arm=st.sampled_from(ARMS))
    def randomise(self, who: int, ago: int, arm: str) -> None:
        """Randomise somebody, perhaps recorded late."""
        self.world.record(self.somebody(who), "randomised", ago, arm=arm)

    @rule(who=days, ago=days, kind=st.sampled_from(["treatment_ended", "infusion"]))
    def move_the_plan(self, who: int, ago: int, kind: str) -> None:
        """Record what visits count from."""
        self.world.record(self.somebody(who), kind, ago)

    @rule(who=days, ago=st.integers(0, 5), kind=st.sampled_from(STOPS))
    def stop(self, who: int, ago: int, kind: str) -> None:
        """Record something that changes what is sent; seldom, since most of it ends all that follows."""
        if not ago:
            self.world.record(self.somebody(who), kind, who % 5)

    @rule(who=days, length=st.integers(1, 30))
    def pause(self, who: int, length: int) -> None:
        """Pause somebody's messages until a day."""
        until = self.world.today(self.somebody(who)) + timedelta(days=length)
        self.world.record(self.somebody(who), "paused", 0, until=until.isoformat())

    @rule(who=days, kind=st.sampled_from(sorted(RESUMABLE)))
    def resume(self, who: int, kind: str) -> None:
        """End a pause or a stop."""
        self.world.record(self.somebody(who), "resumed", 0, of=kind)

    @rule(who=days, number=days, by=st.one_of(st.none(), st.integers(-20, 20)))
    def correct(self, who: int, number: int, by: int | None) -> None:
        """Correct something that was recorded, or take it back."""
        self.world.correct(self.somebody(who), number, by)

    @rule(who=days, submit=st.booleans())
    def answer(self, who: int, submit: bool) -> None:  # noqa: FBT001 -- Hypothesis calls rules by keyword
        """Answer what is open."""
        self.world.answer(self.somebody(who), submit=submit)

    @rule(who=days, is_over=st.booleans())
    def say_what_becomes_of_it(self, who: int, is_over: bool) -> None:  # noqa: FBT001 -- as above
        """Have the site say that what is open will not be answered, or that it will be after all."""
        if is_over:
            self.world.end(self.somebody(who))
        else:
            self.world.take_back(self.somebody(who))

    @rule(ahead=st.sampled_from([None, None, None, -3, 0, 5, 20]))
    def go_live(self, ahead: int | None) -> None:
        """Have the site go live on a day, before or after now, or be live at once."""
        on = None if ahead is None else self.world.now.date() + timedelta(days=ahead)
        self.world.go_live(on)

    @rule(hours=st.sampled_from([1, 3, 8, 24, 24, 48, 72, 24 * 7, 24 * 30]))
    def wait(self, hours: int) -> None:
        """Let time pass while nobody sends anything, as in an outage."""
        self.world.now += timedelta(hours=hours)

    @rule(hours=st.sampled_from([8, 24 * 3, 24 * 8, 24 * 20, 24 * 60, 24 * 150]))
    def live(self, hours: int) -> None:
        """Let time pass with workers at work whenever something is due."""
        self.world.live(hours)

    @rule()
    def set_the_clock_back(self) -> None:
        """Let the clock jump back an hour."""
        self.world.now -= timedelta(hours=1)

    @rule(number=days)
    def claim(self, number: int) -> None:
        """Let a worker take a message in hand, if its hand is empty."""
        worker = self.world.workers[number % self.workers]
        if worker.hand is None:
            self.world.claim(worker)

    @rule(number=days, ending=st.sampled_from(ENDINGS))
    def finish(self, number: int, ending: str) -> None:
        """Let a worker finish what it has in hand."""
        worker = self.world.workers[number % self.workers]
        if worker.hand is not None:
            self.world.finish(worker, ending)

    @rule(number=days, endings=st.lists(st.sampled_from(TROUBLE), min_size=1, max_size=3))
    def meet_trouble(self, number: int, endings: list[str]) -> None:
        """Let a worker meet trouble with the next messages, each at the moment at which it comes due."""
        worker = self.world.workers[number % self.workers]
        for ending in endings:
            due_at = self.world.find_next_due_at()
            if due_at is None:
                return
            self.world.now = max(self.world.now, due_at)
            if worker.hand is None:
                self.world.claim(worker)
            if worker.hand is not None and ending.startswith("killed"):
                self.world.kill(worker, after_sending=ending == "killed after sending")
            elif worker.hand is not None:
                self.world.finish(worker, ending)

    @rule(number=days, after_sending=st.booleans())
    def kill(self, number: int, after_sending: bool) -> None:  # noqa: FBT001 -- as above
        """Kill a worker; another one takes its place."""
        self.world.kill(self.world.workers[number % self.workers], after_sending=after_sending)

    def teardown(self) -> None:
        """Deal with all that is due, and judge the whole."""
        try:
            self.world.drain()
            self.world.check_settled()
            type(self).sent += len(self.world.accepted)
        finally:
            self.opened.close()


@pytest.fixture
def open_vault(contacts_template: Path, tmp_path: Path) -> Callable[[ExitStack], ContactVault]:
    """Give a function that opens a fresh contact vault."""

    def opening(opened: ExitStack) -> ContactVault:
        return ContactVault(open_copy(contacts_template, tmp_path, opened), TEST_SECRET)

    return opening


@pytest.fixture
def on_sqlite(
    sqlite_template: Path, tmp_path: Path, open_vault: Callable[[ExitStack], ContactVault]
) -> Opening:
    """Give each history a SQLite file of its own."""

    def opening(opened: ExitStack) -> tuple[Database, ContactVault]:
        return open_copy(sqlite_template, tmp_path, opened), open_vault(opened)

    return opening


@pytest.fixture
def on_postgresql(
    postgres_owner_url: str, postgres_template: str, open_vault: Callable[[ExitStack], ContactVault]
) -> Opening:
    """Give each history a PostgreSQL database of its own."""

    def opening(opened: ExitStack) -> tuple[Database, ContactVault]:
        url = opened.enter_context(fresh_postgres(postgres_owner_url, postgres_template))
        database = open_database(url)
        opened.callback(database.engine.dispose)
        return database, open_vault(opened)

    return opening


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_history_doubles_loses_or_misdirects_a_message(
    kind: str, workers: int, *, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = int(request.config.getoption("--histories"))
    opening = request.getfixturevalue("on_sqlite" if kind == "sqlite" else "on_postgresql")
    machine = type("Histories", (Histories,), {"opening": staticmethod(opening), "workers": workers})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=wanted,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    with capsys.disabled():
        print(  # noqa: T201 -- the figures are what one runs it for
            f"\n{machine.begun} histories, {machine.sent} messages sent, {workers} workers, {kind}"
        )
    assert machine.begun >= wanted


FAULTS: tuple[tuple[str, object], ...] = (
    ("check_row", lambda *_, **__: None),
    ("find_allowed", lambda *_, now, **__: now),
    ("_is_overtaken", lambda *_, **__: False),
)
"""Parts of claiming without which a message could go out that should not."""


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_planted_fault_is_found(
    name: str, fault: object, *, on_sqlite: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, name, fault)
    machine = type("Histories", (Histories,), {"opening": staticmethod(on_sqlite), "workers": 2})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=200,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
