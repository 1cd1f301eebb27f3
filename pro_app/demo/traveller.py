"""Filling the demo's past, and going on from there: to another day, with everybody living on in between."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pro_app.clock import ShiftedClock, civil_date
from pro_app.demo.newcomer import plan_newcomer
from pro_app.demo.people import HOME_SITE, NURSE
from pro_app.demo.site_work import take_in_hand
from pro_app.demo.start_state import has_start, restore_start, save_start, shift_sessions
from pro_app.reminders.dispatch import PostOffice
from pro_app.services.heartbeats import record_heartbeat
from pro_app.simulation.history import History, make_sender
from pro_app.simulation.lives import local_moment
from pro_app.simulation.people import Recruitment, plan_virtual_people
from pro_app.simulation.world import World, load_world
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.participants import find_participant_by_code
from pro_app.web.demo.state import (
    Note,
    Progress,
    TimeSpan,
    Wish,
    keep_wish,
    load_access,
    load_progress,
    load_time_span,
    save_progress,
)

SEED = 146
HOME_WEIGHT = 3
"""How many times more people than elsewhere the newcomer's own site enrols, so that its pages are full."""
RECRUITMENT = timedelta(days=3 * 365)
REPORT_EVERY_S = 0.4
STEP_DAYS = {"day": 1, "week": 7}
NOON = 12
"""When one arrives on the day a visit opens: the invitation has come by then, if messages go out that day."""
LONGEST_SEARCH = timedelta(days=800)
KEEPER = "demo"
"""The name under which this process gives its signs of life while it sends messages itself."""


class ServerGone(Exception):
    """The server that the demo belongs to has ended; what is under way is left for the next start."""


class Traveller:
    """Lives on with everybody up to the moments that are asked for, and sets the clock of all processes.

    `is_alive` tells whether the server is still there. `people` is how many enrol, by default as many as
    the trial plans.
    """

    def __init__(
        self,
        folder: Path,
        office: PostOffice,
        *,
        clock: ShiftedClock,
        is_alive: Callable[[], bool],
        people: int | None = None,
    ) -> None:
        self._folder = folder
        self._office = office
        self._clock = clock
        self._is_alive = is_alive
        self._world: World = load_world(office, nurse=NURSE)
        self._access: dict[str, Any] = load_access(folder) or {}
        self._people = people or self._world.protocol.trial.planned_participants or SEED
        self._history: History | None = None

    def fill(self) -> None:
        """Let the years pass up to the present; the first time, keep how things stand then."""
        until = self._clock()
        self._run(until, moves_clock=False)
        if not has_start(self._folder):
            take_in_hand(self._world, now=until)
            save_start(self._folder, reached_at=until)

    def travel(self, wish: Wish) -> None:
        """Go where a wish leads; only one that says so goes into the past, and begins anew."""
        if wish.until is None and wish.step != "visit":
            wish = self._settle(wish, self._find_target(wish))
        if wish.until is None:
            self._run_to_visit(wish)
            return
        target = datetime.fromisoformat(wish.until)
        if wish.goes_back and self._day_of(target) < self._today():
            reached_at = restore_start(self._folder, self._office.database)
            self._history = None
            self._save(reached_at, 0.0, finished=False)
            self._set_clock(max(reached_at, self._first_moment()))
        self._run(target, moves_clock=True, note=self._find_end_note(wish))

    def give_up(self) -> None:
        """Say that it went wrong, and leave things as far as they came: the next journey begins there."""
        self._history = None
        known = load_progress(self._folder)
        if known is None:
            known = Progress(0, 1000, self._span().first.isoformat(), finished=False)
        save_progress(self._folder, replace(known, finished=True, note="failed"))

    def _settle(self, wish: Wish, target: datetime) -> Wish:
        """Write down where a wish leads, for whoever finishes a journey that is cut short."""
        wish = replace(wish, until=target.isoformat())
        keep_wish(self._folder, wish)
        return wish

    def _find_target(self, wish: Wish) -> datetime:
        """Give the moment that a wish leads to: not beyond the trial's end, and a step never back."""
        now, today, span = self._clock(), self._today(), self._span()
        if wish.step in STEP_DAYS:
            day = min(today + timedelta(days=STEP_DAYS[wish.step]), max(span.last, today))
        else:
            day = min(max(date.fromisoformat(wish.on or ""), span.first), span.last)
        target = now if day == today else self._at_same_time(now, day)
        return target if wish.goes_back else max(target, now)

    def _find_end_note(self, wish: Wish) -> Note | None:
        """Tell of a step that it led to the last day of the trial, or would have led beyond."""
        target = datetime.fromisoformat(wish.until or "")
        return "end" if wish.step != "date" and self._day_of(target) >= self._span().last else None

    def _day_of(self, moment: datetime) -> date:
        return civil_date(moment, self._world.protocol.default_zone)

    def _today(self) -> date:
        return self._day_of(self._clock())

    def _at_same_time(self, now: datetime, day: date) -> datetime:
        zone = ZoneInfo(self._world.protocol.default_zone)
        return datetime.combine(day, now.astimezone(zone).time(), zone).astimezone(UTC)

    def _span(self) -> TimeSpan:
        span = load_time_span(self._folder)
        if span is None:
            raise RuntimeError("the demo was never started")
        return span

    def _first_moment(self) -> datetime:
        return local_moment(self._span().first, 0, self._world.protocol.default_zone, minute=0).astimezone(
            UTC
        )

    def _run_to_visit(self, wish: Wish) -> None:
        """Live on to the day on which the newcomer's participant has something new to answer."""
        now = self._clock()
        limit = max(now, min(now + LONGEST_SEARCH, self._end_of_trial()))
        while (target := self._find_next_opening()) is None:
            event_at = self._find_newcomers_event()
            if event_at is None or event_at > limit:
                self._run(self._clock(), moves_clock=True, note="no_visit")
                return
            self._run(event_at + timedelta(minutes=1), moves_clock=True)
        wish = self._settle(wish, min(target, limit))
        self._run(min(target, limit), moves_clock=True, note=self._find_end_note(wish))

    def _end_of_trial(self) -> datetime:
        return local_moment(self._span().last, NOON, self._world.protocol.default_zone, minute=0).astimezone(
            UTC
        )

    def _find_next_opening(self) -> datetime | None:
        """Give noon of the day on which the next window of the newcomer's participant opens."""
        zone, today = self._world.protocol.default_zone, self._today()
        coming = [r.opens_on for r in self._list_own() if _is_to_answer(r) and r.opens_on > today]
        return local_moment(min(coming), NOON, zone, minute=0).astimezone(UTC) if coming else None

    def _find_newcomers_event(self) -> datetime | None:
        """Give when the site next records something of the newcomer's participant."""
        now = self._clock()
        person = plan_newcomer(self._world.protocol, **self._newcomer())
        return min(
            (e.recorded_at.astimezone(UTC) for e in person.events if e.recorded_at > now), default=None
        )

    def _newcomer(self) -> dict[str, Any]:
        return {
            "participant_code": self._access["participant"]["participant_code"],
            "site_code": HOME_SITE,
            "enrolled_at": datetime.fromisoformat(self._access["first_at"]),
        }

    def _list_own(self) -> list[AssessmentRecord]:
        with self._world.database.reading() as session:
            return list_assessments(session, participant_id=self._find_newcomer_id())

    def _find_newcomer_id(self) -> int:
        code = self._access["participant"]["participant_code"]
        with self._world.database.reading() as session:
            found = find_participant_by_code(session, study_id=self._world.study_id, participant_code=code)
        if found is None:
            raise RuntimeError("the newcomer's participant is gone")
        return found.id

    def _load_history(self) -> History:
        """Give everything that is still to come, also where an earlier run was cut short."""
        if self._history is not None:
            return self._history
        protocol, world = self._world.protocol, self._world
        progress = load_progress(self._folder)
        reached = progress.reached_at if progress else None
        history = History(
            world,
            send=make_sender(self._office),
            resumed_from=datetime.fromisoformat(reached) if reached else None,
        )
        recruitment = Recruitment(
            count=self._people,
            site_codes=(*sorted(world.site_ids), *[HOME_SITE] * HOME_WEIGHT),
            from_on=protocol.trial.began_on,
            spread=RECRUITMENT,
            today=self._span().first,
        )
        for person in plan_virtual_people(protocol, recruitment, seed=SEED):
            history.add_person(person)
        history.follow(plan_newcomer(protocol, **self._newcomer()), self._find_newcomer_id())
        self._history = history
        return history

    def _run(self, until: datetime, *, moves_clock: bool, note: Note | None = None) -> None:
        """Do everything up to a moment, telling how far it is; raises ServerGone if nobody waits for it."""
        history = self._load_history()
        if moves_clock:
            until = max(until, self._clock())
        from_at = self._clock() if moves_clock else self._start_of_trial()
        reported = time.monotonic()

        def report(at: datetime) -> None:
            nonlocal reported
            if not self._is_alive():
                raise ServerGone
            if time.monotonic() - reported >= REPORT_EVERY_S:
                reported = time.monotonic()
                self._save(at, _share(at, from_at, until), finished=False)
                if moves_clock and at > self._clock():
                    self._set_clock(at)
                self._give_sign_of_life()

        history.run(until, report)
        if moves_clock:
            # The clock went on meanwhile: where little was to be done it may be ahead by now.
            self._set_clock(max(until, self._clock()))
        self._save(until, 1.0, finished=True, note=note)

    def _start_of_trial(self) -> datetime:
        protocol = self._world.protocol
        return local_moment(protocol.trial.began_on, 8, protocol.default_zone, minute=0).astimezone(UTC)

    def _give_sign_of_life(self) -> None:
        with self._office.database.writing() as session:
            record_heartbeat(session, name=KEEPER, now=self._clock())

    def _save(self, at: datetime, share: float, *, finished: bool, note: Note | None = None) -> None:
        day = self._day_of(at).isoformat()
        progress = Progress(
            round(1000 * share), 1000, day, finished=finished, reached_at=at.isoformat(), note=note
        )
        save_progress(self._folder, progress)

    def _set_clock(self, now: datetime) -> None:
        """Set the clock of all processes, and let everybody's sign-in live on."""
        with self._office.database.writing() as session:
            shift_sessions(session, now - self._clock())
            self._clock.set_to(now)


def _is_to_answer(record: AssessmentRecord) -> bool:
    return record.submitted_at is None and record.expected and not record.facts.closed


def _share(at: datetime, from_at: datetime, until: datetime) -> float:
    return min(1.0, max(0.0, (at - from_at) / max(until - from_at, timedelta(seconds=1))))
