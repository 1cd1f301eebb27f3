"""Rates, reasons, lists and worklists, recounted from the raw rows while a trial is lived, and equal.

`busy_trial.py` is the trial, `recounted_rates.py` and `recounted_tasks.py` are the second count,
`recount_differences.py` says what is compared.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from busy_trial import PASSWORD, PROTOCOL, BusyTrial, build_busy_trial
from clinic_browser import StaffBrowser
from conftest import make_settings
from flask import Flask
from raw_trial import RawTrial, read_raw_trial
from recount_differences import Readers, list_differences, list_worklist_differences
from recounted_rates import Narrowed, count_table, list_behind
from recounted_tasks import list_tasks
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from pro_app.app import create_app
from pro_app.reminders import task_ranking
from pro_app.settings import Settings
from pro_app.simulation.run import open_stores
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.scores import Score

PEOPLE, DAYS, LOOKS = 15, 940, 2
WEEKS_AFTER = 6
"""So long nobody does anything afterwards, and time goes on: windows close, tasks pile up."""
LOOKED_AT_EACH = 1
"""On so many mornings the worklists with a kind of task are recounted."""
MUST_HAPPEN = (
    "answered",
    "call: answers_now",
    "call: message_left",
    "call: not_reached",
    "call: not_this_time",
    "call: prefers_paper",
    "call: reached",
    "call: wrong_number",
    "channel: ways_back",
    "check_status_and_contacts: confirmed",
    "contact changed",
    "corrected: answer",
    "corrected: mode",
    "corrected: visit",
    "correction refused",
    "died",
    "event corrected",
    "event taken back",
    "event undone",
    "interview",
    "interview broken off",
    "left",
    "lost",
    "message: reached",
    "paused",
    "questionnaires_stopped",
    "phone reported",
    "randomised",
    "reason given",
    "reason of a form missed",
    "reason taken back",
    "reopened",
    "sheet decided",
    "sheet imported",
    "sheet typed",
    "sheet typed again",
    "transfer accepted",
    "transfer refused",
    "treatment_ended",
)
"""What the trial must have gone through; otherwise it proves less than it says."""

KINDS = (
    "call",
    "channel",
    "check_status_and_contacts",
    "clarification",
    "contact",
    "message",
    "missing_reason",
    "paper_awaited",
    "reading_follow_up",
    "record_date",
    "second_entry",
    "transfer",
    "unsent_answers",
)
"""What must have stood on a list."""


@dataclass
class Lived:
    """A trial that was lived, what was found on the days on which somebody looked, and who looked."""

    trial: BusyTrial
    readers: Readers
    ended_at: datetime
    settings: Settings
    found: dict[datetime, list[str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def compare_worklists(self, now: datetime) -> None:
        """Recount the worklists at a moment, and note which kinds of tasks stand on them."""
        with self.trial.world.database.reading() as session:
            raw = read_raw_trial(session, PROTOCOL, now=now)
            tasks = list_tasks(raw, set(raw.sites), role="coordinator", account_id=None)
            self.kinds.update({task.kind for task in tasks})
            self.found[now] = list_worklist_differences(session, PROTOCOL, self.readers, now=now)

    def recount(self, session: Session, *, drawn: int | None = 0) -> list[str]:
        """Recount on the last day."""
        return list_differences(session, PROTOCOL, self.readers, now=self.ended_at, drawn=drawn)


def live(settings: Settings, *, people: int, days: int, looks: int) -> Lived:
    """Live a trial, and recount it on some days, each at another hour."""
    watched: list[Lived] = []

    def watch(kinds: set[str], now: datetime) -> None:
        if any(watched[0].kinds[kind] < LOOKED_AT_EACH for kind in kinds):
            watched[0].compare_worklists(now)

    trial = build_busy_trial(settings, people=people, days=days, seed=1, watch=watch)
    team = [actor for s in trial.staff.values() for actor in (s.nurse, s.colleague, s.investigator)]
    readers = Readers(trial.coordinator, tuple(team))
    lived = Lived(trial, readers, trial.began_at + timedelta(days=days), settings)

    watched.append(lived)

    def look(session: Session, now: datetime) -> None:
        lived.found[now] = list_differences(session, PROTOCOL, readers, now=now, drawn=4)

    for number in range(1, looks + 1):
        # Not on the day of a morning alone: windows close and tasks come back at night, too.
        trial.look_in_on(
            trial.began_at + timedelta(days=days * number // (looks + 1), hours=5 * number), look
        )
    trial.live(lived.ended_at)
    for number in range(0, WEEKS_AFTER, 2):
        lived.compare_worklists(lived.ended_at + timedelta(weeks=number))
    return lived


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Live a trial up to its first yearly visits, on SQLite."""
    settings = Settings.for_demo(tmp_path_factory.mktemp("busy"), 8000)
    open_stores(settings)
    lived = live(settings, people=PEOPLE, days=DAYS, looks=LOOKS)
    yield lived
    lived.trial.world.office.close()


def test_what_is_shown_in_the_middle_of_a_trial_and_at_its_end_is_what_the_rows_say(lived: Lived) -> None:
    assert len(lived.found) > LOOKS
    assert [words for said in lived.found.values() for words in said] == []
    with lived.trial.world.database.reading() as session:
        assert lived.recount(session, drawn=None) == []


def test_everything_that_sites_do_happens_in_it(lived: Lived) -> None:
    happened = lived.trial.happened
    assert [name for name in MUST_HAPPEN if not happened[name]] == []
    assert [kind for kind in KINDS if not lived.kinds[kind]] == []


@pytest.fixture
def app(lived: Lived) -> Iterator[Flask]:
    """Serve the pages of the trial on its last day."""
    settings = replace(lived.settings, second_factor="optional")
    made = create_app(settings, clock=lambda: lived.ended_at)
    yield made
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()


def open_pages(app: Flask, username: str) -> StaffBrowser:
    """Sign somebody in."""
    browser = StaffBrowser(app.test_client())
    browser.post("/staff/sign-in", username=username, password=PASSWORD)
    return browser


def read_raw(lived: Lived) -> RawTrial:
    """Read the rows as they are on the last day."""
    with lived.trial.world.database.reading() as session:
        return read_raw_trial(session, PROTOCOL, now=lived.ended_at)


def test_the_page_of_what_is_to_be_done_shows_the_list_in_its_order(lived: Lived, app: Flask) -> None:
    raw, nurse = read_raw(lived), lived.trial.staff["12"].nurse
    (site_id,) = nurse.site_ids or ()
    tasks = list_tasks(raw, {site_id}, role="nurse", account_id=nurse.account_id)

    page = open_pages(app, f"nurse-{site_id}").get("/clinic/tasks")

    shown = re.findall(r'<th scope="row" class="nowrap"><a href="[^"]*">([^<]+)</a></th>', page.text)
    assert len(shown) > 3
    assert shown == [task.code for task in tasks][: len(shown)]


def test_the_pages_of_the_rates_and_the_table_of_the_trend_say_the_numbers(lived: Lived, app: Flask) -> None:
    raw, browser = read_raw(lived), open_pages(app, "coordinator")
    lines, total = count_table(raw, "visit", Narrowed())
    page = browser.get("/clinic/completion").text
    rows = re.findall(r'<tr[^>]*><th scope="row">([^<]+)</th>(.*?)</tr>', page, re.DOTALL)
    numbers = {
        words: [int(n) for n in re.findall(r">(\d+)<", cells)] for words, cells in rows[: len(lines) + 1]
    }
    names = ("expected", "received", "valid", "in_window", "late", "incomplete", "missed", "still_open")
    due = {raw.visit_words(code): [line.figures[name] for name in names] for code, line in lines.items()}
    assert {words: numbers[words] for words in due} == due
    assert [total.figures[name] for name in names] in numbers.values()

    missing = browser.get("/clinic/completion/list?figure=missing").text
    for form in list_behind(raw, "missing", Narrowed())[:100]:
        assert form.person.participant_code in missing

    table = csv.DictReader(StringIO(browser.get("/clinic/completion/trend.csv").text.lstrip("\ufeff")))
    months = Counter(f"{f.visit.closes_on:%Y-%m}" for f in list_behind(raw, "expected", Narrowed()))
    valid = Counter(f"{f.visit.closes_on:%Y-%m}" for f in list_behind(raw, "completed", Narrowed()))
    said = {row["month"]: (int(row["expected"]), int(row["completed"])) for row in table}
    assert {month: pair for month, pair in said.items() if pair[0]} == {
        m: (months[m], valid[m]) for m in months
    }


Fault = Callable[[Session, datetime], None]


def find_standing(session: Session, *conditions: ColumnElement[bool], now: datetime) -> int:
    """Find one form of a window that is over."""
    closed = select(FormStanding.assessment_id).where(FormStanding.closes_at <= now, *conditions)
    return session.scalars(closed.order_by(FormStanding.assessment_id).limit(1)).one()


def change_missing(session: Session, column: ColumnElement[Any], now: datetime, **values: object) -> None:
    """Change the row of one form that is missing and of which a column says why."""
    form = find_standing(
        session,
        column.is_not(None),
        FormStanding.expected.is_(True),
        FormStanding.received_at.is_(None),
        FormStanding.reopened_until_at.is_(None),
        now=now,
    )
    session.execute(update(FormStanding).where(FormStanding.assessment_id == form).values(values))


def count_another_reason(session: Session, now: datetime) -> None:
    """Count a form under a reason that nobody gave."""
    column = FormStanding.__table__.c.missing_reason
    change_missing(session, column, now, missing_reason="SITE_LATE_RECORDING")


def count_as_said_by_nobody(session: Session, now: datetime) -> None:
    """Count a form without the one who said why it is missing."""
    change_missing(session, FormStanding.__table__.c.missing_said_by, now, missing_said_by=None)


def lose_a_row(session: Session, now: datetime) -> None:
    """Lose the row that a form is counted from."""
    form = find_standing(session, FormStanding.received_at.is_not(None), now=now)
    session.execute(delete(FormStanding).where(FormStanding.assessment_id == form))


def lose_all_scores(session: Session, now: datetime) -> None:
    """Let nothing be scored any more, without a word to what is counted from."""
    del now
    session.execute(update(Score).values(value=None, raw=None, reason="too_few"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (count_another_reason, "reasons: "),
        (count_as_said_by_nobody, "reasons: "),
        (lose_a_row, "list of received"),
        (lose_all_scores, "list of valid"),
    ],
)
def test_a_row_that_is_not_what_the_facts_say_is_found(lived: Lived, fault: Fault, said: str) -> None:
    with pytest.raises(_TakenBackError), lived.trial.world.database.writing() as session:  # noqa: PT012 -- taken back at the end
        fault(session, lived.ended_at)
        session.flush()
        found = lived.recount(session)
        assert any(said in words for words in found), found
        raise _TakenBackError


class _TakenBackError(Exception):
    """Takes back what a test has broken."""


def rank_without_days(task: task_ranking.DueTask, *, participant_code: str, today: object) -> object:
    """Put the list in no other order than that of inclusion numbers."""
    del today
    return participant_code, task.task_key


@pytest.mark.parametrize(
    ("place", "broken", "said"),
    [
        ("pro_app.services.site_tasks.rank_task", rank_without_days, "parts at"),
        ("pro_app.services.task_candidates.list_unexplained_visits", lambda *_, **__: [], "missing_reason"),
        ("pro_app.services.task_candidates.list_matters", lambda *_, **__: [], "only counted"),
        ("pro_app.reminders.site_tasks.list_missing_reasons", lambda _: (), "missing_reason"),
    ],
)
def test_a_rule_that_is_broken_is_found(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, *, place: str, broken: object, said: str
) -> None:
    monkeypatch.setattr(place, broken)
    with lived.trial.world.database.reading() as session:
        # By then windows have closed of which nobody said why.
        later = lived.ended_at + timedelta(weeks=WEEKS_AFTER)
        found = list_worklist_differences(session, PROTOCOL, lived.readers, now=later)
    assert any(said in words for words in found), found


def test_a_shorter_trial_on_postgresql_is_what_its_rows_say(
    postgres_url: str, contacts_url: str, tmp_path: Path
) -> None:
    lived = live(make_settings(postgres_url, contacts_url, tmp_path), people=3, days=75, looks=1)
    with lived.trial.world.database.reading() as session:
        found = [words for said in lived.found.values() for words in said]
        found += lived.recount(session, drawn=2)
    lived.trial.world.office.close()
    assert found == []
