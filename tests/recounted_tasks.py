"""The worklist of each site, worked out person by person from the rows, and its order.

Each kind of task is a short rule: when it is asked, since when, until when. What the site recorded last under
the name of a task settles it, or lets it rest for the days in `RESTS`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from dateutil.relativedelta import relativedelta
from raw_trial import INSTRUMENTS, RawForm, RawTrial, day_of
from sqlalchemy import Row

RESTS: dict[str, dict[str, int]] = {
    "call": {"not_reached": 1, "message_left": 1, "answers_now": 1, "prefers_paper": 10, "wrong_number": 0},
    "check_status_and_contacts": {"not_reached": 1},
    "message": {"not_reached": 1},
    "channel": {"not_reached": 1},
    "contact": {"not_found": 7},
    "record_date": {"not_yet": 28},
    "missing_reason": {"not_known_yet": 7},
    "paper_awaited": {"sheet_on_its_way": 7, "sheet_sent_again": 10, "not_reached": 1},
    "unsent_answers": {"told": 7, "not_reached": 1},
}
"""After how many days a task comes back, by what was recorded; whatever is not here settles it."""
CALLED = {"reached", "not_this_time", "declined"}
A_YEAR, A_FORTNIGHT, TEN_DAYS = timedelta(days=365), timedelta(days=14), timedelta(days=10)
CHECK_COUNTS_EARLIER = timedelta(days=30)


@dataclass(frozen=True)
class Task:
    """One line of the list."""

    key: str
    kind: str
    code: str
    why: str
    since_on: date
    today: date
    until_on: date | None = None
    visit: str | None = None
    channel: str | None = None
    event: str | None = None
    passed: int = 0
    questions: int = 0
    held: int = 0
    misses: int = 0
    unexplained: tuple[str, ...] = ()
    nothing_arrived: bool = False
    again_on: date | None = None
    only_investigator: bool = False
    not_for: int | None = None

    @property
    def place(self) -> tuple[Any, ...]:
        """Where it stands: an appointment of today or before, then days left, nothing arrived, misses, begun.

        What has no last day comes after what has one; then the longest asked for, and the inclusion number.
        """
        has_appointment = self.again_on is not None and self.again_on <= self.today
        return (
            0 if has_appointment else 1,
            (1, 0) if self.until_on is None else (0, (self.until_on - self.today).days),
            0 if self.nothing_arrived else 1,
            -self.misses,
            0 if self.why == "started" else 1,
            self.since_on,
            self.code,
            self.key,
        )


def list_tasks(trial: RawTrial, site_ids: set[int], *, role: str, account_id: int | None) -> list[Task]:
    """List what is asked at some sites, in its order, of somebody in a role."""
    tasks = list(_list_arrivals(trial, site_ids))
    for person in trial.people.values():
        if person.site_id in site_ids:
            tasks += _Person(trial, person).list_tasks()
    if role in {"nurse", "investigator"}:
        tasks = [
            task
            for task in tasks
            if (role == "investigator" or not task.only_investigator)
            and (task.not_for is None or task.not_for != account_id)
        ]
    return sorted(tasks, key=lambda task: task.place)


def _list_arrivals(trial: RawTrial, site_ids: set[int]) -> Iterator[Task]:
    """Whom another site asks one of these to follow, from the day of the change on."""
    for row in trial.tables["site_transfers"]:
        person = trial.people[row.participant_id]
        today = day_of(trial.now, person.zone)
        if row.settled_at is None and row.to_site_id in site_ids and row.moves_on <= today:
            since = max(row.moves_on, day_of(row.asked_at, person.zone))
            key = f"transfer:{person.id}:{row.id}"
            yield Task(key, "transfer", person.participant_code, "asked", since, today)


@dataclass(frozen=True)
class _Person:
    """One person, and all that is asked about that person today."""

    trial: RawTrial
    person: Row[Any]

    def list_tasks(self) -> list[Task]:
        """List all of it."""
        about_person = [] if self.has_left else [
            *self.list_calls(), *self.list_awaited_sheets(), *self.list_checks(),
            *([] if self.is_stopped else [*self.list_failures(), *self.list_channels()]),
            *self.list_wrong_numbers(), *self.list_phones(), *self.list_dates(),
        ]  # fmt: skip
        own = [*self.list_missing_reasons(), *self.list_sheets(), *self.list_for_investigator()]
        misses = sum(self.counts_as_miss(form) for form in self.missed)
        return [replace(task, misses=misses) for task in (*about_person, *own)]

    # What is known

    @cached_property
    def today(self) -> date:
        return day_of(self.trial.now, self.person.zone)

    @cached_property
    def live_on(self) -> date | None:
        return self.trial.sites[self.person.site_id].goes_live_on

    @property
    def is_live(self) -> bool:
        return self.live_on is None or self.today >= self.live_on

    @cached_property
    def events(self) -> dict[str, list[date]]:
        return self.trial.standing_events(self.person.id)

    @property
    def has_left(self) -> bool:
        """Whether no later visit is to be answered: left, died, lost, or wants no more questionnaires."""
        return any(
            self.trial.kinds[kind]["visits"] != "stay" for kind in self.events if kind in self.trial.kinds
        )

    @property
    def is_stopped(self) -> bool:
        effects = [self.trial.kinds[kind] for kind in self.events if kind in self.trial.kinds]
        return any(effect["messages"] == "stopped" for effect in effects)

    @cached_property
    def forms(self) -> list[RawForm]:
        """The forms of the current plan that are expected, by no reason closed, and were not sent."""
        return [
            form
            for form in _group(self.trial)[self.person.id]
            if form.visit.replaced_at is None
            and form.visit.expected
            and form.visit.reason_code is None
            and not form.is_received
        ]

    @property
    def waiting(self) -> list[RawForm]:
        """Those of which nobody said that they stay out."""
        return [form for form in self.forms if form.row.not_done_reason is None]

    @cached_property
    def missed(self) -> list[RawForm]:
        """Those whose window is over and was not opened again, in the order in which they closed."""
        gone = [form for form in self.forms if form.is_closed and not form.is_reopened]
        return sorted(gone, key=lambda form: (form.visit.closes_on, form.visit.id))

    def counts_as_miss(self, form: RawForm) -> bool:
        return self.live_on is None or form.visit.closes_on >= self.live_on

    @cached_property
    def records(self) -> list[Row[Any]]:
        return self.trial.of_people("site_task_records")[self.person.id]

    def last_record(self, key: str) -> Row[Any] | None:
        return next((row for row in reversed(self.records) if row.task_key == key), None)

    def rests(self, kind: str, row: Row[Any]) -> bool:
        """Tell whether something is settled, or rests today, by one record."""
        days = RESTS[kind].get(row.outcome)
        back_on = row.again_on or (self.day(row.recorded_at) + timedelta(days=days or 0))
        return days is None or self.today < back_on

    def ask(self, kind: str, about: object, *, since: date, why: str, **more: Any) -> Iterator[Task]:  # noqa: ANN401 -- the fields of a task
        """Give the task unless what was recorded last settles it, or lets it rest."""
        counts_from = more.pop("counts_from", None)
        key = f"{kind}:{self.person.id}:{about}"
        last = self.last_record(key)
        is_old = last is not None and counts_from is not None and self.day(last.recorded_at) < counts_from
        if last is not None and not is_old and self.rests(kind, last):
            return
        again_on = last.again_on if last is not None else None
        yield self.make(kind, about, since=since, why=why, again_on=again_on, **more)

    def make(self, kind: str, about: object, *, since: date, why: str, **more: Any) -> Task:  # noqa: ANN401 -- as above
        key = f"{kind}:{self.person.id}:{about}"
        return Task(key, kind, self.person.participant_code, why, since, self.today, **more)

    def day(self, at: datetime) -> date:
        return day_of(at, self.person.zone)

    # Messages

    @cached_property
    def messages(self) -> list[Row[Any]]:
        """What went out, perhaps did, or did not."""
        rows = self.trial.of_people("outbox_messages")[self.person.id]
        return [row for row in rows if row.state in {"sent", "unknown", "failed"}]

    def list_sent_about(self, form_id: int | None) -> list[Row[Any]]:
        """List what tells something: a push message does not, nor one in whose place another one goes."""
        standing = {
            row.message_key
            for row in self.trial.of_people("outbox_messages")[self.person.id]
            if row.state != "cancelled"
        }
        return [
            row
            for row in self.messages
            if row.assessment_id == form_id and row.channel != "push" and row.taken_over_by not in standing
        ]

    def has_nothing_arrived(self, form: RawForm) -> bool:
        sent = self.list_sent_about(form.row.id)
        return bool(sent) and all(row.state != "sent" for row in sent)

    # Calls, sheets that are awaited, checks

    def list_due_calls(self) -> list[tuple[RawForm, str, date]]:
        """List the forms that are open now and of which the day of the call has come, with its name."""
        if not self.is_live:
            return []
        found = []
        for form in sorted(self.waiting, key=lambda form: form.visit.opens_on):
            bases = {
                "opening": form.visit.opens_on,
                "target": form.visit.target_on,
                "closing": form.visit.closes_on,
            }
            for rule in self.trial.phase_of(form.row.visit_code)["reminders"]:
                base = bases[rule["from"]]
                if rule["kind"] != "escalation" or base is None or not form.is_in_window:
                    continue
                day = base + timedelta(days=rule["days"])
                if day <= self.today:
                    found.append((form, f"{form.row.visit_code}:{rule['code']}:{form.visit.revision}", day))
        return found

    def find_paper_day(self, about: str) -> date | None:
        """Find from when a sheet is missed: ten days after paper was preferred, and nothing else since."""
        last = self.last_record(f"call:{self.person.id}:{about}")
        return (
            self.day(last.recorded_at) + TEN_DAYS
            if last is not None and last.outcome == "prefers_paper"
            else None
        )

    def list_calls(self) -> Iterator[Task]:
        if self.wrong_number is not None:
            return
        for form, about, day in self.list_due_calls():
            if self.find_paper_day(about) is None:
                begun = form.row.started_at is not None
                yield from self.ask(
                    "call", about, since=day, why="started" if begun else "not_started",
                    until_on=form.visit.closes_on, visit=form.row.visit_code,
                    passed=self.count_passed(form) if begun else 0,
                    questions=sum(INSTRUMENTS.values()) if begun else 0,
                    nothing_arrived=self.has_nothing_arrived(form),
                )  # fmt: skip

    def count_passed(self, form: RawForm) -> int:
        return _count_answers(self.trial).get(form.row.id, 0)

    def list_awaited_sheets(self) -> Iterator[Task]:
        arrived = {task.visit for task in self.list_sheets()}
        for form, about, _day in self.list_due_calls():
            missed_from = self.find_paper_day(about)
            if missed_from is not None and missed_from <= self.today and form.row.visit_code not in arrived:
                yield from self.ask(
                    "paper_awaited", about, since=missed_from, why="no_sheet",
                    until_on=form.visit.closes_on, visit=form.row.visit_code,
                    nothing_arrived=self.has_nothing_arrived(form),
                )  # fmt: skip

    def list_checks(self) -> Iterator[Task]:
        if not self.is_live:
            return
        for form in self.waiting:
            for rule in self.trial.protocol["site_tasks"]:
                asked_on = form.visit.opens_on - timedelta(days=rule["days_before_opening"])
                is_of_phase = self.trial.phase_of(form.row.visit_code)["code"] in rule["phases"]
                if not is_of_phase or form.is_closed or self.today < asked_on:
                    continue
                waits_until = form.visit.opens_on + timedelta(days=rule["invitation_waits_days"])
                yield from self.ask(
                    rule["code"], form.row.visit_code, since=asked_on, why="check",
                    until_on=waits_until if self.today <= waits_until else form.visit.closes_on,
                    visit=form.row.visit_code, counts_from=asked_on - CHECK_COUNTS_EARLIER,
                    nothing_arrived=self.has_nothing_arrived(form),
                )  # fmt: skip

    # What did not arrive

    def list_failures(self) -> Iterator[Task]:
        """List the last message about each open form, and the last test, that did not arrive."""
        to_be_called = {form.row.id for form, about, _ in self.list_due_calls() if not self.is_called(about)}
        running = {form.row.id: form for form in self.waiting if form.is_in_window}
        for form_id in {row.assessment_id for row in self.messages}:
            told = self.list_sent_about(form_id)
            if form_id is None:
                told = [row for row in told if row.due_at >= self.trial.now - A_FORTNIGHT]
            failed = [row for row in told if row.state in {"failed", "unknown"}]
            if not failed or (form_id is not None and form_id not in running) or form_id in to_be_called:
                continue
            last, form = failed[-1], running.get(form_id)
            if not self.is_explained(last, form):
                yield from self.ask(
                    "message", last.id, why="perhaps_sent" if last.state == "unknown" else "failed",
                    since=self.day(_time_of(last)), until_on=form.visit.closes_on if form else None,
                    visit=form.row.visit_code if form else None, channel=last.channel,
                    nothing_arrived=all(row.state != "sent" for row in told),
                )  # fmt: skip

    def is_called(self, about: str) -> bool:
        last = self.last_record(f"call:{self.person.id}:{about}")
        return last is not None and last.outcome in CALLED

    def is_explained(self, message: Row[Any], form: RawForm | None) -> bool:
        """Tell whether a resting channel, a later message, or a call since makes a failure no news."""
        if any(stop.outbox_message_id == message.id for stop in self.stops):
            return True
        later = [row for row in self.messages if row.assessment_id == message.assessment_id]
        if message.assessment_id is None:
            later = [row for row in later if row.due_at >= self.trial.now - A_FORTNIGHT]
        at = _time_of(message)
        if any(row.state == "sent" and row.channel != "push" and _time_of(row) >= at for row in later):
            return True
        calls = f"call:{self.person.id}:{form.row.visit_code}:" if form else "no call"
        return any(
            row.task_key.startswith(calls) and row.outcome in CALLED and row.recorded_at >= at
            for row in self.records
        )

    @property
    def stops(self) -> list[Row[Any]]:
        rows = self.trial.of_people("channel_stops")[self.person.id]
        return [row for row in rows if row.lifted_at is None]

    def list_channels(self) -> Iterator[Task]:
        for stop in self.stops:
            since = self.day(stop.since_at)
            yield from self.ask("channel", stop.id, since=since, why=stop.reason, channel=stop.channel)

    # A wrong number, a phone that holds answers, a date

    @cached_property
    def wrong_number(self) -> Row[Any] | None:
        """The last call that met a wrong number, until another one came in or it proved right."""
        met = [r for r in self.records if r.task_key.startswith("call:") and r.outcome == "wrong_number"]
        if not met:
            return None
        changed_at = self.person.telephone_changed_at
        found = self.last_record(f"contact:{self.person.id}:telephone")
        is_right = found is not None and found.outcome == "number_is_right"
        if changed_at is not None and changed_at >= met[-1].recorded_at:
            return None
        return None if is_right and found and found.recorded_at >= met[-1].recorded_at else met[-1]

    def list_wrong_numbers(self) -> Iterator[Task]:
        wrong = self.wrong_number
        if wrong is None:
            return
        since, ends = (
            self.day(wrong.recorded_at),
            [form.visit.closes_on for form, _, _ in self.list_due_calls()],
        )
        until = min((day for day in ends if day is not None), default=None)
        last = self.last_record(f"contact:{self.person.id}:telephone")
        if last is None or last.recorded_at < wrong.recorded_at:
            again_on = last.again_on if last else None
            yield self.make(
                "contact", "telephone", since=since, why="wrong_number", until_on=until, again_on=again_on
            )
        else:
            yield from self.ask("contact", "telephone", since=since, why="wrong_number", until_on=until)

    def list_phones(self) -> Iterator[Task]:
        for row in self.trial.of_people("device_reports")[self.person.id]:
            if row.resolved_at is None:
                since = self.day(row.oldest_at)
                held = row.waiting + row.refused
                yield from self.ask("unsent_answers", row.id, since=since, why="unsent", held=held)

    def list_dates(self) -> Iterator[Task]:
        """Ask for the end of treatment, once the day is past on which it should have been."""
        day = self.find_end_of_treatment()
        if "treatment_ended" not in self.events and day is not None and day < self.today:
            yield from self.ask(
                "record_date", "treatment_ended", since=day, why="date_past", event="treatment_ended"
            )

    def find_end_of_treatment(self) -> date | None:
        """Find the end to be expected: of the trial's two arms, as the protocol has them."""
        if "randomised" not in self.events:
            return None
        randomised_on = self.events["randomised"][0]
        if self.trial.arm_of(self.person.id) == "LUTATHERA":
            infusions = self.events.get("infusion", [])
            if len(infusions) > 1:
                return infusions[-1] + timedelta(days=56)
            return randomised_on + timedelta(weeks=16)
        others = [self.events[kind][0] for kind in ("progressed", "new_treatment") if kind in self.events]
        return min([randomised_on + relativedelta(months=6), *others])

    # The site's own work

    def list_missing_reasons(self) -> Iterator[Task]:
        """Why forms did not come, once for all of the last year of which nobody knows."""
        since = self.trial.now.date() - A_YEAR
        asked = [
            form
            for form in self.missed
            if form.row.not_done_reason is None
            and self.counts_as_miss(form)
            and form.visit.closes_on >= since
        ]
        if asked:
            last = max(form.visit.closes_on for form in asked)
            about = next(form.row.visit_code for form in asked if form.visit.closes_on == last)
            codes = tuple(form.row.visit_code for form in asked)
            since = asked[0].visit.closes_on
            yield from self.ask("missing_reason", about, since=since, why="no_reason", unexplained=codes)

    def list_sheets(self) -> Iterator[Task]:
        """Sheets that are to be typed to the end, typed again by somebody else, or decided about."""
        own = {form.row.id: form.row for form in _group(self.trial)[self.person.id]}
        for sheet in self.trial.tables["paper_forms"]:
            form = own.get(sheet.assessment_id)
            if form is None or sheet.closed_at is not None or form.submitted_at is not None:
                continue
            typed = {e.ordinal: e for e in self.trial.tables["paper_entries"] if e.paper_form_id == sheet.id}
            first, second = typed[1], typed.get(2)
            at, why, not_for = sheet.opened_at, "not_finished", None
            if first.finished_at is not None:
                at, why, not_for = first.finished_at, "entered_once", first.account_id
                if second is not None and second.finished_at is not None:
                    at, why, not_for = second.finished_at, "differs", None
            since, visit = self.day(at), form.visit_code
            yield self.make("second_entry", form.id, since=since, why=why, visit=visit, not_for=not_for)

    def list_for_investigator(self) -> Iterator[Task]:
        """Corrections to be decided, and readings of which nobody said what was done."""
        own = {row.id: row for row in self.trial.of_people("assessments")[self.person.id]}
        for row in self.trial.tables["clarifications"]:
            if row.assessment_id in own and row.decided_at is None and row.withdrawn_at is None:
                yield self.make(
                    "clarification", row.id, since=self.day(row.requested_at), why="asked",
                    visit=own[row.assessment_id].visit_code, only_investigator=True,
                )  # fmt: skip
        for row in self.trial.of_people("answer_readings")[self.person.id]:
            if row.follow_up_at is None:
                since = self.day(row.opened_at)
                yield self.make("reading_follow_up", row.id, since=since, why="read", only_investigator=True)


def _time_of(message: Row[Any]) -> datetime:
    at: datetime = message.finished_at or message.due_at
    return at


def _group(trial: RawTrial) -> dict[int, list[RawForm]]:
    """Give the forms by participant."""
    kept: dict[int, list[RawForm]] | None = trial.__dict__.get("forms_by_person")
    if kept is None:
        kept = {key: [] for key in trial.people}
        for form in trial.forms:
            kept[form.person.id].append(form)
        trial.__dict__["forms_by_person"] = kept
    return kept


def _count_answers(trial: RawTrial) -> dict[int, int]:
    """Count by form the questions that were answered or passed over."""
    form_of = {row.id: row.assessment_id for row in trial.tables["responses"]}
    counts: dict[int, int] = {}
    for row in trial.tables["answers"]:
        if row.superseded_at is None:
            form = form_of[row.response_id]
            counts[form] = counts.get(form, 0) + 1
    return counts


def say(tasks: Sequence[Task]) -> list[str]:
    """Say tasks in short, in order."""
    return [f"{task.code} {task.key} {task.why}" for task in tasks]
