"""The time machine from the form on its page to the new day on everybody's pages, in the web client."""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from pro_app.app import create_app
from pro_app.clock import ShiftedClock, civil_date, open_clock, system_clock
from pro_app.demo.keeper import make_journey
from pro_app.demo.run import DemoPlace, prepare
from pro_app.demo.traveller import ServerGone, Traveller
from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.settings import Settings
from pro_app.storage.queries.assessments import list_assessments
from pro_app.web.demo.state import (
    find_wish,
    forget_wish,
    has_wish,
    load_access,
    load_progress,
    load_time_span,
    save_progress,
)

PARIS = "Europe/Paris"
END_NOTICE = "notice-attention"
"""Stands on the page only to say how a journey ended that did not just arrive."""


class Demo:
    """A demo with three people, its pages, and the keeper's part done when the test says so."""

    def __init__(self, settings: Settings, office: PostOffice, app: Flask) -> None:
        assert settings.clock_file is not None
        self.settings = settings
        self.office = office
        self.clock = ShiftedClock(settings.clock_file)
        self.is_alive = True
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.traveller = self.make_traveller()

    def make_traveller(self) -> Traveller:
        """Make what the keeper works with."""
        return Traveller(
            self.settings.data_folder, self.office, clock=self.clock, is_alive=lambda: self.is_alive, people=3
        )

    @property
    def today(self) -> date:
        """Give the day that the demo takes for today."""
        return civil_date(self.clock(), PARIS)

    def ask(self, **fields: str) -> str:
        """Send the form of the time machine; gives the page that follows."""
        page = self.client.get("/demo/time").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        response = self.client.post(
            "/demo/time", data={"csrf_token": token[1], **fields}, follow_redirects=True
        )
        return response.get_data(as_text=True)

    def keep(self) -> None:
        """Do what the keeper does about a wish."""
        wish = find_wish(self.settings.data_folder)
        assert wish is not None
        self.traveller.travel(wish)
        forget_wish(self.settings.data_folder)

    @property
    def last_day(self) -> date:
        """Give the trial's last day."""
        span = load_time_span(self.settings.data_folder)
        assert span is not None
        return span.last

    def live_nowhere(self) -> None:
        """Say that everything up to the clock was done already, so that no test lives through years."""
        progress = load_progress(self.settings.data_folder)
        assert progress is not None
        save_progress(self.settings.data_folder, replace(progress, reached_at=self.clock().isoformat()))

    def note_in_the_record(self, words: str) -> None:
        """Change something that beginning anew would undo."""
        with self.office.database.writing() as session:
            session.execute(text("UPDATE sites SET city = :words"), {"words": words})

    def note_of_the_record(self) -> str:
        """Give what was changed."""
        with self.office.database.reading() as session:
            return str(session.execute(text("SELECT min(city) FROM sites")).scalar_one())

    def plan_an_opening_in(self, day: date) -> None:
        """Let the first visit of the newcomer's participant open on another day."""
        with self.office.database.writing() as session:
            session.execute(
                text("UPDATE planned_visits SET opens_on = :day, target_on = :day, closes_on = :day"),
                {"day": day.isoformat()},
            )

    def rename_table(self, name: str, other: str) -> None:
        """Break the store, or mend it."""
        with self.office.database.writing() as session:
            session.execute(text(f"ALTER TABLE {name} RENAME TO {other}"))

    def sign_in_as_nurse(self) -> None:
        """Sign in as the nurse, with the code that the demo shows."""
        nurse = next(s for s in self._access()["staff"] if s["role"] == "nurse")
        page = self.client.get("/staff/sign-in").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        fields = {"csrf_token": token[1], "username": nurse["username"], "password": nurse["password"]}
        assert self.client.post("/staff/sign-in", data=fields).status_code == 302
        page = self.client.get("/staff/second-factor").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        code = re.search(r'class="code">(\d{6})<', page)
        assert token
        assert code
        fields = {"csrf_token": token[1], "code": code[1]}
        assert self.client.post("/staff/second-factor", data=fields).status_code == 302

    def is_signed_in(self) -> bool:
        """Tell whether the nurse's pages open."""
        return self.client.get("/clinic/").status_code == 200

    def own_visits(self) -> dict[str, date]:
        """Give when each visit of the newcomer's participant opens."""
        code = self._access()["participant"]["participant_code"]
        with self.office.database.reading() as session:
            return {r.visit_code: r.opens_on for r in list_assessments(session) if r.participant_code == code}

    def _access(self) -> dict[str, object]:
        access = load_access(self.settings.data_folder)
        assert access is not None
        return access


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a demo once, to be copied."""
    place = DemoPlace(tmp_path_factory.mktemp("filled") / "demo", port=8123)
    prepare(place)
    office = open_post_office(place.settings)
    assert place.settings.clock_file is not None
    clock = ShiftedClock(place.settings.clock_file)
    Traveller(place.folder, office, clock=clock, is_alive=lambda: True, people=3).fill()
    office.close()
    return place.folder


@pytest.fixture
def demo(filled_folder: Path, tmp_path: Path) -> Iterator[Demo]:
    place = DemoPlace(tmp_path / "demo", port=8123)
    shutil.copytree(filled_folder, place.folder)
    office = open_post_office(place.settings)
    app = create_app(place.settings, clock=open_clock(place.settings.clock_file))
    yield Demo(place.settings, office, app)
    parts = app.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()
    office.close()


def test_a_week_passes_for_everybody_and_nobody_is_signed_out(demo: Demo) -> None:
    demo.sign_in_as_nurse()
    before = demo.today
    assert "simul" not in demo.client.get("/demo").get_data(as_text=True)

    page = demo.ask(step="week")
    assert "progress" in page
    demo.keep()

    assert demo.today == before + timedelta(days=7)
    assert demo.is_signed_in()
    tour = demo.client.get("/demo").get_data(as_text=True)
    assert str(demo.today.year) in tour
    assert "simul" in tour


def test_the_next_questionnaire_of_the_newcomers_participant_is_reached_although_it_was_not_planned(
    demo: Demo,
) -> None:
    assert set(demo.own_visits()) == {"BASELINE"}

    demo.ask(step="visit")
    demo.keep()

    assert demo.own_visits()["W08"] == demo.today
    demo.ask(step="visit")
    demo.keep()
    assert demo.own_visits()["W16"] == demo.today


def test_going_back_is_confirmed_and_begins_anew_with_the_same_sign_ins(demo: Demo) -> None:
    demo.sign_in_as_nurse()
    first_day = demo.today
    demo.ask(step="date", on=(first_day + timedelta(days=200)).isoformat())
    demo.keep()
    assert len(demo.own_visits()) > 1

    back_to = first_day + timedelta(days=1)
    page = demo.ask(step="date", on=back_to.isoformat())
    assert find_wish(demo.settings.data_folder) is None
    assert 'name="confirmed"' in page
    demo.ask(step="date", on=back_to.isoformat(), confirmed="yes")
    demo.keep()

    assert demo.today == back_to
    assert set(demo.own_visits()) == {"BASELINE"}
    assert demo.is_signed_in()


@pytest.mark.parametrize("on", ["", "2040-01-01", "1999-12-31", "tomorrow"])
def test_a_day_on_which_the_demonstration_cannot_be_is_refused_beside_the_field(demo: Demo, on: str) -> None:
    page = demo.ask(step="date", on=on)

    assert 'aria-invalid="true"' in page
    assert find_wish(demo.settings.data_folder) is None


def test_a_second_journey_waits_for_the_first_one(demo: Demo) -> None:
    demo.ask(step="week")
    response = demo.client.get("/demo/time")
    assert "Refresh" in response.headers
    assert "<form" not in response.get_data(as_text=True).split("<main")[1]


def test_a_journey_that_was_cut_short_is_finished_after_the_next_start(demo: Demo) -> None:
    target = demo.today + timedelta(days=400)
    demo.ask(step="date", on=target.isoformat())
    demo.is_alive = False
    wish = find_wish(demo.settings.data_folder)
    assert wish is not None
    with pytest.raises(ServerGone):
        demo.traveller.travel(wish)

    demo.is_alive = True
    demo.traveller = demo.make_traveller()
    demo.traveller.fill()
    demo.keep()

    progress = load_progress(demo.settings.data_folder)
    assert demo.today == target
    assert progress is not None
    assert progress.finished


@pytest.mark.parametrize("step", ["day", "week", "visit"])
def test_a_step_beyond_the_end_of_the_trial_keeps_everything_and_says_so(demo: Demo, step: str) -> None:
    last = demo.last_day
    demo.note_in_the_record("kept")
    beyond = datetime.combine(last + timedelta(days=1), time(9), ZoneInfo(PARIS))
    demo.clock.set_to(beyond)

    demo.ask(step=step)
    demo.live_nowhere()
    demo.keep()

    assert timedelta(0) <= demo.clock() - beyond < timedelta(minutes=1)
    assert demo.note_of_the_record() == "kept"
    if step != "visit":
        assert END_NOTICE in demo.client.get("/demo/time").get_data(as_text=True)


@pytest.mark.parametrize("step", ["day", "week", "visit"])
def test_on_the_last_evening_no_step_sets_the_clock_back(demo: Demo, step: str) -> None:
    evening = datetime.combine(demo.last_day, time(18), ZoneInfo(PARIS))
    demo.plan_an_opening_in(demo.last_day + timedelta(days=60))
    demo.clock.set_to(evening)

    demo.ask(step=step)
    demo.live_nowhere()
    demo.keep()

    progress = load_progress(demo.settings.data_folder)
    assert timedelta(0) <= demo.clock() - evening < timedelta(minutes=1)
    assert progress is not None
    assert (progress.note, progress.finished) == ("end", True)


def test_a_step_that_was_cut_short_leads_to_its_own_day_and_not_as_far_again(demo: Demo) -> None:
    before, start = demo.today, demo.clock()
    demo.ask(step="week")
    demo.is_alive = False
    wish = find_wish(demo.settings.data_folder)
    assert wish is not None
    # What was cut short on the way: the server is gone, and the clock stands three days later.
    with suppress(ServerGone):
        demo.traveller.travel(wish)
    demo.clock.set_to(start + timedelta(days=3))

    demo.is_alive = True
    demo.traveller = demo.make_traveller()
    demo.keep()

    assert demo.today == before + timedelta(days=7)


def test_a_journey_that_breaks_off_is_dropped_and_said_and_the_next_one_is_made(demo: Demo) -> None:
    before = demo.today
    demo.ask(step="week")
    demo.rename_table("participant_events", "mislaid")
    make_journey(demo.traveller, demo.settings.data_folder)
    demo.rename_table("mislaid", "participant_events")

    page = demo.client.get("/demo/time").get_data(as_text=True)
    assert find_wish(demo.settings.data_folder) is None
    assert END_NOTICE in page
    assert 'name="step"' in page

    demo.ask(step="week")
    make_journey(demo.traveller, demo.settings.data_folder)

    assert demo.today >= before + timedelta(days=7)
    assert END_NOTICE not in demo.client.get("/demo/time").get_data(as_text=True)


def test_a_wish_that_cannot_be_read_is_dropped(demo: Demo) -> None:
    (demo.settings.data_folder / "wish.json").write_text("{", encoding="utf-8")

    make_journey(demo.traveller, demo.settings.data_folder)

    assert not has_wish(demo.settings.data_folder)
    progress = load_progress(demo.settings.data_folder)
    assert progress is not None
    assert progress.note == "failed"


def test_the_clock_is_the_machines_where_no_file_says_otherwise(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock.json")
    assert abs(clock() - system_clock()) < timedelta(seconds=5)

    there = datetime.fromisoformat("2030-05-01T12:00:00+00:00")
    clock.set_to(there)
    assert abs(ShiftedClock(tmp_path / "clock.json")() - there) < timedelta(seconds=5)
    assert abs(clock() - there) < timedelta(seconds=5)
