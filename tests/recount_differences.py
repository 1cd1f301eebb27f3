"""What the services say of a trial, beside what is recounted from its rows: every difference, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from raw_trial import INSTRUMENTS, RawTrial, read_raw_trial
from recounted_rates import (
    Line,
    Narrowed,
    count_reasons,
    count_table,
    list_behind,
    list_randomised,
    name_quarter,
    name_year,
)
from recounted_tasks import Task, list_tasks

from pro_app.audit.actor import Actor
from pro_app.services import completion
from pro_app.services.clinic_scope import ClinicScope, load_scope
from pro_app.services.completion import CompletionRow, Only, find_months
from pro_app.services.site_tasks import (
    SiteTaskLine,
    count_tasks,
    count_tasks_by_site,
    list_tasks_of_sites,
)
from pro_app.storage.database import Session

LANGUAGE = "fr"
MODES = ("own_device", "site_tablet", "interview", "paper")
LISTED = ("expected", "received", "valid", "completed", "available", "in_window", "late", "incomplete",
          "missed", "still_open", "unexplained", *MODES, "proxy", "missing", "open_now")  # fmt: skip
REASON_LISTS, PEOPLE_LISTS = ("missing_reasons", "plan_reasons"), ("said_by",)


@dataclass(frozen=True)
class Readers:
    """Who looks: the coordinator at everything, the people of the sites at their own list."""

    coordinator: Actor
    of_sites: tuple[Actor, ...]


def list_differences(
    session: Session, protocol: Path, readers: Readers, *, now: datetime, drawn: int | None = None
) -> list[str]:
    """List everything in which rates, reasons, lists and worklists differ from the recount.

    With `drawn`, so many of the ways to narrow the rates down are tried; without it all of them.
    """
    raw = read_raw_trial(session, protocol, now=now)
    said = []
    for narrowed in _list_narrowed(raw, drawn):
        asked = _Asked(session, raw, readers.coordinator, narrowed)
        said += [f"{now:%Y-%m-%d} {narrowed}: {words}" for words in asked.list_differences()]
    return said + _compare_all_worklists(session, raw, readers)


def list_worklist_differences(
    session: Session, protocol: Path, readers: Readers, *, now: datetime
) -> list[str]:
    """List everything in which the worklists differ from the recount."""
    return _compare_all_worklists(session, read_raw_trial(session, protocol, now=now), readers)


def _compare_all_worklists(session: Session, raw: RawTrial, readers: Readers) -> list[str]:
    return [
        f"{raw.now:%Y-%m-%d} {words}"
        for actor in (readers.coordinator, *readers.of_sites)
        for words in _compare_worklists(session, raw, actor)
    ]


def _list_narrowed(raw: RawTrial, drawn: int | None) -> Iterator[Narrowed]:
    """Give what is asked for: all sites with one thing more, each site alone and with one or two drawn."""
    closed = [form for form in raw.forms if form.is_closed]
    periods = sorted({name(form) for form in closed for name in (name_year, name_quarter)})
    gone = list_behind(raw, "missing", Narrowed())
    each = [
        *(Narrowed(visit=visit) for visit in sorted({form.row.visit_code for form in closed})),
        *(Narrowed(instrument=instrument) for instrument in INSTRUMENTS),
        *(Narrowed(mode=mode) for mode in MODES),
        *(Narrowed(period=period) for period in periods),
    ]
    random = Random(f"{raw.now}")  # noqa: S311 -- which ways are tried
    yield Narrowed()
    yield from each if drawn is None else random.sample(each, min(drawn, len(each)))
    for site_id in raw.sites:
        yield Narrowed(site_id)
        yield from (replace(one, site_id=site_id) for one in random.sample(each, min(1, len(each))))
    pairs = sorted({(form.reason or "none", form.row.not_done_said_by or "none") for form in gone})
    for reason, said_by in pairs if drawn is None else pairs[:drawn]:
        yield Narrowed(reason=reason, said_by=said_by)
    for period in periods[-1:]:
        yield Narrowed(visit="W08", mode="own_device", instrument="qlq-c30", period=period)


@dataclass(frozen=True)
class _Asked:
    """One question about rates, and both answers."""

    session: Session
    raw: RawTrial
    actor: Actor
    narrowed: Narrowed

    @property
    def scope(self) -> ClinicScope:
        return load_scope(self.session, actor=self.actor, site_id=self.narrowed.site_id)

    @property
    def only(self) -> Only:
        said = self.narrowed
        first, last = (find_months(said.period) or (None, None)) if said.period else (None, None)
        return Only(
            visit_code=said.visit,
            instrument_code=said.instrument,
            mode=said.mode,
            first_month=first,
            last_month=last,
            reason=said.reason,
            said_by=said.said_by,
        )

    def list_differences(self) -> Iterator[str]:
        """Give the differences of the tables, of the reasons and of the lists."""
        if self.narrowed.reason is None:
            yield from self._compare_tables()
            if self.narrowed.mode is None:
                yield from self._compare_reasons()
        yield from self._compare_lists()

    def _compare_tables(self) -> Iterator[str]:
        for by in completion.GROUPINGS:
            table = completion.count_completion(
                self.session, self.scope, by=by, only=self.only, language=LANGUAGE, now=self.raw.now
            )
            due, total = count_table(self.raw, by, self.narrowed)
            shown = {row.code: row for row in table.rows}
            for code in sorted(shown.keys() | due.keys()):
                if _say_row(shown.get(code)) != _say_line(due.get(code)):
                    yield f"{by} {code}: {_say_row(shown.get(code))}, counted {_say_line(due.get(code))}"
            if table.rows:
                both = (table.total.completion_rate, table.randomised, table.available_data_rate)
                if both != (total.completion_rate, total.fixed, total.available_data_rate):
                    yield f"{by} total: shown {both}, counted {total}"

    def _compare_reasons(self) -> Iterator[str]:
        table = completion.count_reasons(
            self.session, self.scope, only=self.only, language=LANGUAGE, now=self.raw.now
        )
        due = count_reasons(self.raw, self.narrowed)
        shown = {
            (row.reason, row.said_by, visit): number
            for row in table.rows
            for visit, number in row.by_visit.items()
        }
        if shown != dict(due) or table.total != due.total():
            yield f"reasons: shown {shown}, counted {dict(due)}"
        unknown = sum(number for key, number in due.items() if key[0] == "none")
        if table.unexplained != unknown:
            yield f"without a reason: shown {table.unexplained}, counted {unknown}"
        for row in table.rows:
            words = self.raw.words_of(REASON_LISTS, row.reason), self.raw.words_of(PEOPLE_LISTS, row.said_by)
            if (row.reason_words, row.said_by_words) != words:
                yield f"words of {row.reason} {row.said_by}: {row.reason_words} {row.said_by_words}"

    def _compare_lists(self) -> Iterator[str]:
        is_whole = self.narrowed == Narrowed(self.narrowed.site_id)
        figures: Iterable[str] = LISTED if is_whole else ("missing", "completed")
        for figure in figures:
            shown = [
                (p.participant_code, p.visit, p.state, p.mode, p.opens_on, p.closes_on, p.reason, p.said_by)
                for p in self._read_list(figure)
            ]
            due = [
                (
                    form.person.participant_code,
                    self.raw.visit_words(form.row.visit_code),
                    form.state,
                    form.row.submitted_mode,
                    form.visit.opens_on,
                    form.visit.closes_on,
                    self.raw.words_of(REASON_LISTS, form.reason),
                    self.raw.words_of(PEOPLE_LISTS, form.row.not_done_said_by),
                )
                for form in list_behind(self.raw, figure, self.narrowed)
            ]
            if shown != due:
                yield f"list of {figure}: {_say_lists(shown, due)}"
        if is_whole:
            shown_people = [line.participant_code for line in self._read_list("randomised")]
            due_people = list_randomised(self.raw, self.narrowed.site_id)
            if shown_people != due_people:
                yield f"list of randomised: {_say_lists(shown_people, due_people)}"

    def _read_list(self, figure: str) -> list[completion.PersonLine]:
        """Read all pages of a list."""
        lines: list[completion.PersonLine] = []
        number = pages = 1
        while number <= pages:
            page = completion.list_people(
                self.session,
                self.scope,
                figure=figure,
                only=self.only,
                page=number,
                language=LANGUAGE,
                now=self.raw.now,
            )
            lines += page.lines
            number, pages = number + 1, page.page_count
        return lines


def _say_row(row: CompletionRow | None) -> tuple[Any, ...]:
    if row is None:
        return ()
    figures = {name: getattr(row.tally, name) for name in completion.FIGURES}
    return figures, row.randomised, row.tally.completion_rate, row.available_data_rate


def _say_line(line: Line | None) -> tuple[Any, ...]:
    if line is None:
        return ()
    return dict(line.figures), line.fixed, line.completion_rate, line.available_data_rate


def _say_lists(shown: list[Any], due: list[Any]) -> str:
    """Say what only one of two lists has, or where their orders part."""
    more, less = [x for x in shown if x not in due], [x for x in due if x not in shown]
    if more or less:
        return f"only shown {more[:3]}, only counted {less[:3]}"
    place = next((n for n, (a, b) in enumerate(zip(shown, due, strict=False)) if a != b), None)
    return f"parts at {place}: shown {shown[place or 0]}, counted {due[place or 0]}"


def _compare_worklists(session: Session, raw: RawTrial, actor: Actor) -> Iterator[str]:
    """Compare the list of one reader, line by line in its order, and the numbers of tasks."""
    reader = f"worklist of {actor.role} at {sorted(actor.site_ids or ()) or 'all sites'}"
    lines = list_tasks_of_sites(session, site_ids=None, actor=actor, language=LANGUAGE, now=raw.now)
    own = set(raw.sites) if actor.site_ids is None else set(actor.site_ids)
    tasks = list_tasks(raw, own, role=actor.role, account_id=actor.account_id)
    shown, due = [_say_task_line(line) for line in lines], [_say_task(task) for task in tasks]
    if shown != due:
        yield f"{reader}: {_say_lists(shown, due)}"
    number = count_tasks(session, actor=actor, now=raw.now)
    if number != len(tasks):
        yield f"{reader}: {number} tasks, counted {len(tasks)}"
    for count in count_tasks_by_site(session, actor=actor, now=raw.now):
        here = list_tasks(raw, {count.site_id}, role=actor.role, account_id=actor.account_id)
        kinds = {task.kind: sum(other.kind == task.kind for other in here) for task in here}
        if (count.total, {k: n for k, n in count.by_kind.items() if n}) != (len(here), kinds):
            yield f"{reader}, site {count.site_id}: {count.by_kind}, counted {kinds}"


def _say_task_line(line: SiteTaskLine) -> tuple[Any, ...]:
    task = line.task
    return (
        task.task_key, task.kind, line.participant_code, task.why, task.since_on, task.until_on,
        task.visit_code, task.channel, task.event, task.passed, task.questions, task.held, task.misses,
        task.unexplained, line.days_left,
    )  # fmt: skip


def _say_task(task: Task) -> tuple[Any, ...]:
    return (
        task.key, task.kind, task.code, task.why, task.since_on, task.until_on,
        task.visit, task.channel, task.event, task.passed, task.questions, task.held, task.misses,
        task.unexplained, None if task.until_on is None else (task.until_on - task.today).days,
    )  # fmt: skip
