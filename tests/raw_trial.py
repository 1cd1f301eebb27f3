"""What is stored about a trial, as plain rows, and the protocol as plain figures: what is recounted from.

Nothing here or in the modules that count from it (`recounted_rates.py`, `recounted_tasks.py`) knows the
services that they check, nor the narrow rows that rates are counted from: tables are read whole, the protocol
is the YAML file, and each rule stands once more as `docs/rates.md` and the trial's protocol say it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Row, select

from pro_app.storage.database import Session
from pro_app.storage.tables import base

Rows = Sequence[Row[Any]]
INSTRUMENTS = {"qlq-c30": 30, "qlq-ginet21": 21}
"""The questionnaires that every visit asks, and how many questions each has."""


@dataclass(frozen=True)
class RawTrial:
    """One study at a moment: `tables` by name, `protocol` as the file says it."""

    now: datetime
    tables: Mapping[str, Rows]
    protocol: Mapping[str, Any]

    def of_people(self, table: str) -> Mapping[int, list[Row[Any]]]:
        """Give the rows of a table by participant, in the order of their making."""
        if table not in self._by_person:
            grouped: defaultdict[int, list[Row[Any]]] = defaultdict(list)
            for row in self.tables[table]:
                grouped[row.participant_id].append(row)
            self._by_person[table] = grouped
        return self._by_person[table]

    @cached_property
    def _by_person(self) -> dict[str, Mapping[int, list[Row[Any]]]]:
        return {}

    @cached_property
    def people(self) -> dict[int, Row[Any]]:
        """The participants by key."""
        return {row.id: row for row in self.tables["participants"]}

    @cached_property
    def sites(self) -> dict[int, Row[Any]]:
        """The sites by key."""
        return {row.id: row for row in self.tables["sites"]}

    @cached_property
    def visits(self) -> dict[int, Row[Any]]:
        """The planned visits by key."""
        return {row.id: row for row in self.tables["planned_visits"]}

    @cached_property
    def forms(self) -> list["RawForm"]:
        """Every form that stands in a visit of a plan."""
        return [
            RawForm(self, row, self.visits[row.planned_visit_id], self.people[row.participant_id])
            for row in self.tables["assessments"]
            if row.ordinal == 0 and row.visit_code != "UNSCHEDULED"
        ]

    @cached_property
    def scorable(self) -> Mapping[int, set[str]]:
        """By form the instruments of which the newest version has a scale with a score."""
        newest: dict[tuple[int, str], Row[Any]] = {}
        for row in self.tables["responses"]:
            key = row.assessment_id, row.instrument_code
            if key not in newest or row.version > newest[key].version:
                newest[key] = row
        scored = {
            row.response_id
            for row in self.tables["scores"]
            if row.value is not None and row.superseded_at is None
        }
        found: defaultdict[int, set[str]] = defaultdict(set)
        for (form, instrument), row in newest.items():
            if row.id in scored:
                found[form].add(instrument)
        return found

    @cached_property
    def kinds(self) -> Mapping[str, Mapping[str, Any]]:
        """The effects of kinds of events, by kind; of those that have one."""
        return {kind["code"]: kind["effect"] for kind in self.protocol["event_kinds"] if "effect" in kind}

    @cached_property
    def held_back(self) -> set[str]:
        """The plan's reasons with which a form is expected and cannot be answered."""
        return {effect["reason"] for effect in self.kinds.values() if effect["visits"] == "closed"}

    def phase_of(self, visit_code: str) -> Mapping[str, Any]:
        """Give the phase of a visit, `W08` being one of `W##`."""
        pattern = "W##" if visit_code.startswith("W") else visit_code
        code = next(visit["phase"] for visit in self.protocol["visits"] if visit["code"] == pattern)
        phase: Mapping[str, Any] = next(one for one in self.protocol["phases"] if one["code"] == code)
        return phase

    def visit_words(self, visit_code: str) -> str:
        """Give the French words of a visit."""
        pattern = "W##" if visit_code.startswith("W") else visit_code
        words = next(visit["label"]["fr"] for visit in self.protocol["visits"] if visit["code"] == pattern)
        return str(words).replace("#", str(int(visit_code[1:]))) if pattern == "W##" else str(words)

    def words_of(self, lists: Iterable[str], code: str | None) -> str | None:
        """Give the French words of a code that stands in one of some lists of the protocol."""
        entries = [entry for name in lists for entry in self.protocol[name] if entry["code"] == code]
        return str(entries[0]["label"]["fr"]) if entries else None

    def standing_events(self, participant_id: int) -> dict[str, list[date]]:
        """Give the days of what is recorded about somebody and holds, by kind.

        A correction takes the place of what it corrects. Going on ends what was recorded before it.
        """
        return self._standing[participant_id]

    @cached_property
    def _standing(self) -> dict[int, dict[str, list[date]]]:
        found: dict[int, defaultdict[str, list[date]]] = {key: defaultdict(list) for key in self.people}
        for key in self.people:
            for row in self._list_standing(self.of_people("participant_events")[key]):
                found[key][row.kind].append(row.occurred_on)
        return {key: {kind: sorted(days) for kind, days in kinds.items()} for key, kinds in found.items()}

    def arm_of(self, participant_id: int) -> str | None:
        """Give the arm that the randomisation says."""
        rows = self._list_standing(self.of_people("participant_events")[participant_id])
        return next((row.details["arm"] for row in rows if row.kind == "randomised"), None)

    def _list_standing(self, rows: list[Row[Any]]) -> list[Row[Any]]:
        by_id = {row.id: row for row in rows}
        replaced = {row.supersedes_id for row in rows}
        said = [row for row in rows if row.id not in replaced and not row.retracts]

        def first_said(row: Row[Any]) -> int:
            while row.supersedes_id is not None:
                row = by_id[row.supersedes_id]
            return int(row.id)

        going_on = [(row.details["of"], first_said(row)) for row in said if row.kind == "resumed"]
        return [
            row
            for row in said
            if row.kind != "resumed"
            and not any(of == row.kind and at > first_said(row) for of, at in going_on)
        ]


@dataclass(frozen=True)
class RawForm:
    """One form: its own row, that of its planned visit, and that of its participant."""

    trial: RawTrial
    row: Row[Any]
    visit: Row[Any]
    person: Row[Any]

    @cached_property
    def opens_at(self) -> datetime:
        """The first moment of the window."""
        return midnight(self.visit.opens_on, self.visit.zone)

    @cached_property
    def closes_at(self) -> datetime | None:
        """The moment at which the window is over; None while nobody knows."""
        return end_of(self.visit.closes_on, self.visit.zone)

    @cached_property
    def is_closed(self) -> bool:
        """Whether the window is over."""
        return self.closes_at is not None and self.closes_at <= self.trial.now

    @property
    def is_in_window(self) -> bool:
        """Whether the window is running."""
        return self.opens_at <= self.trial.now and not self.is_closed

    @property
    def is_received(self) -> bool:
        """Whether it was sent."""
        return self.row.submitted_at is not None

    @cached_property
    def is_late(self) -> bool:
        """Whether it was finished when its window was over."""
        finished_at = self.row.completed_at or self.row.submitted_at
        return self.is_received and self.closes_at is not None and finished_at >= self.closes_at

    @property
    def is_held_back(self) -> bool:
        """Whether the plan closes it, though it is expected."""
        return self.visit.reason_code in self.trial.held_back

    @cached_property
    def is_reopened(self) -> bool:
        """Whether the site has opened it until a moment still to come, and the plan does not close it."""
        if self.row.reopened_at is None or self.is_held_back:
            return False
        until = end_of(self.row.reopened_until, self.visit.zone)
        return until is not None and until > self.trial.now

    @property
    def is_gone(self) -> bool:
        """Whether it was expected, did not come, and cannot come any more, its window being over."""
        return self.visit.expected and not self.is_received and not self.is_reopened

    def is_valid(self, instrument: str | None) -> bool:
        """Tell whether it came and something of it, or of one instrument, could be scored."""
        scorable = self.trial.scorable.get(self.row.id, set())
        return self.is_received and (bool(scorable) if instrument is None else instrument in scorable)

    @property
    def reason(self) -> str | None:
        """Why it is missing: the site's word before the plan's."""
        return self.row.not_done_reason or self.visit.reason_code

    @property
    def state(self) -> str:
        """Where it stands, as one word."""
        if self.is_received:
            return "late" if self.is_late else "submitted"
        if not self.visit.expected:
            return "not_required"
        if self.trial.now < self.opens_at:
            return "planned"
        begun = self.row.started_at is not None
        if (self.is_in_window and not self.is_held_back) or self.is_reopened:
            return "started" if begun else "open"
        if self.is_closed:
            return "incomplete" if begun else "missed"
        return "started" if begun else "planned"


def midnight(day: date, zone: str) -> datetime:
    """Give the first moment of a civil day."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def end_of(day: date | None, zone: str) -> datetime | None:
    """Give the first moment after a civil day."""
    return None if day is None else midnight(day + timedelta(days=1), zone)


def day_of(at: datetime, zone: str) -> date:
    """Give the civil day of a moment."""
    return at.astimezone(ZoneInfo(zone)).date()


TABLES = (
    "participants", "sites", "planned_visits", "assessments", "responses", "scores", "answers",
    "participant_events", "outbox_messages", "channel_stops", "device_reports", "paper_forms",
    "paper_entries", "clarifications", "answer_readings", "site_transfers", "site_task_records",
)  # fmt: skip


def read_raw_trial(session: Session, protocol: Path, *, now: datetime) -> RawTrial:
    """Read everything that is stored."""
    known = base.Table.metadata.tables
    tables = {name: session.execute(select(known[name]).order_by(known[name].c.id)).all() for name in TABLES}
    return RawTrial(now, tables, _read_protocol(protocol))


@cache
def _read_protocol(path: Path) -> Mapping[str, Any]:
    """Read the protocol as it is written, once: reading it takes longer than recounting a small trial."""
    said: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return said
