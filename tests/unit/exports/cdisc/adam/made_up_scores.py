"""Tables of made-up people with any scores on any days, for tests that draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import TableDefinition
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tidy.deterioration import derive_deterioration
from pro_app.scoring.interpretation import derive_interpretation, make_scale_frame

RANDOMISED_ON = date(2025, 3, 3)
SCALES = ("PF2", "FA")


@dataclass(frozen=True)
class Form:
    """One form: `day` counts from randomisation; `values` are those of SCALES."""

    visit_code: str
    ordinal: int
    day: int
    values: tuple[float | None, ...]
    incomplete: bool = False

    @property
    def on(self) -> date:
        """The day of its answers."""
        return RANDOMISED_ON + timedelta(days=self.day)


@dataclass(frozen=True)
class Person:
    """One person with forms; without an arm nobody is randomised."""

    code: str
    arm: str | None
    forms: Sequence[Form]

    @property
    def keys(self) -> dict[str, object]:
        """The columns that stand first in every table."""
        return {"study": "reluth", "site": "15", "participant_code": self.code}


def make_tables(release: Release, people: Sequence[Person]) -> Tables:
    """Give tables in which the scores are interpreted by the release's protocol."""
    participants = make_frame(PARTICIPANTS, (_participant(person) for person in people))
    forms = [(person, form) for person in people for form in person.forms]
    scores = make_frame(SCORES, (row for person, form in forms for row in _scores(person, form)))
    filled = {
        "participants": participants,
        "assessments": make_frame(ASSESSMENTS, (_assessment(person, form) for person, form in forms)),
        "scores": scores,
    }
    tables = {table.name: filled.get(table.name, make_frame(table)) for table in TABLES}
    return interpret(release, tables)


def interpret(release: Release, tables: Tables) -> Tables:
    """Give tables whose baselines, changes and times to deterioration follow from the release's protocol."""
    people = tables["participants"]
    scales = make_scale_frame(
        [(worded.instrument.code, worded.scoring) for worded in release.instruments],
        release.protocol.thresholds,
    )
    rule = release.protocol.analysis.baseline
    scores = derive_interpretation(tables["scores"], people, scales=scales, rule=rule)
    scores = scores.select(SCORES.column_names)
    return {**tables, "scores": scores, "deterioration": derive_deterioration(scores, people, release)}


def _row(table: TableDefinition, cells: Mapping[str, object]) -> dict[str, object]:
    """Give a row of which only `cells` and the flags have a value."""
    flags = {column.name: False for column in table.columns if column.type == "flag"}
    return dict.fromkeys(table.column_names) | flags | dict(cells)


def _participant(person: Person) -> dict[str, object]:
    randomised_on = RANDOMISED_ON if person.arm else None
    cells = person.keys | {
        "consented_on": RANDOMISED_ON,
        "arm": person.arm,
        "randomised_on": randomised_on,
        "infusions": 0,
    }
    return _row(PARTICIPANTS, cells)


def _assessment(person: Person, form: Form) -> dict[str, object]:
    cells = person.keys | {
        "visit_code": form.visit_code,
        "ordinal": form.ordinal,
        "opens_on": form.on,
        "window_closed": True,
        "expected": True,
        "received": not form.incomplete,
        "incomplete": form.incomplete,
        "state": "incomplete" if form.incomplete else "submitted",
        "observed_on": form.on,
    }
    return _row(ASSESSMENTS, cells)


def _scores(person: Person, form: Form) -> list[dict[str, object]]:
    return [
        _row(
            SCORES,
            person.keys
            | {
                "visit_code": form.visit_code,
                "ordinal": form.ordinal,
                "instrument": "qlq-c30",
                "instrument_version": "3.0",
                "response_version": 1,
                "is_current": True,
                "incomplete": form.incomplete,
                "scoring_name": "manual",
                "scale": scale,
                "value": value,
                "answered": 0 if value is None else 5,
                "not_applicable": 0,
                "missing": 5 if value is None else 0,
                "needed": 3,
                "reason": "too_few_answers" if value is None else None,
                "scored_at": datetime.combine(form.on, time(12), UTC),
                "observed_on": form.on,
                "submitted_at": None if form.incomplete else datetime.combine(form.on, time(12), UTC),
            },
        )
        for scale, value in zip(SCALES, form.values, strict=True)
    ]
