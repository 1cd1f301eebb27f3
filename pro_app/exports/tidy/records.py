"""What is known of people, their plans and their forms, as the tidy tables are made of it."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import polars as pl

from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.state import STILL_OPEN, AssessmentState

AFTER_RANDOMISATION = "after_randomisation"
"""The flag that a protocol puts on a late form of its baseline."""


@dataclass(frozen=True, slots=True)
class FormRecord:
    """One version of the answers to one instrument, or an instrument that nobody opened.

    The latter has no `response_id`, `version` and `wording_sha256`. `scoring` names the definition by
    which the person's protocol scores it; with `listened` a question of it was read aloud.
    """

    instrument_sha256: str
    scoring: str
    response_id: int | None = None
    version: int | None = None
    is_first: bool = True
    is_current: bool = True
    wording_sha256: str | None = None
    listened: bool = False


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """One assessment as it stands at the time of the dataset, its dates civil ones in `zone`.

    `forms` come in the order in which the instruments are asked, version by version. `late_flag` is the
    protocol's for the visit. `finished_at` is when a form that was sent was finished; with `received_late`
    that was in its window, which was over when the form came. `closes_at` is the moment from which the window
    is over. `set_aside` counts the answers that are kept beside the form: they came too late, or stand on a
    sheet of paper about an item that the person had answered. `conflicts` counts the items that were answered
    differently. `source_on` is the day on a sheet of paper; with `double_entered` two people typed it in.
    """

    assessment_id: int
    visit_code: str
    ordinal: int
    zone: str
    opens_on: date
    target_on: date | None
    closes_on: date | None
    provisional: bool
    window_closed: bool
    expected: bool
    state: AssessmentState
    late_flag: str | None
    plan_reason: str | None
    missing_reason: str | None
    missing_said_by: str | None
    started_at: datetime | None
    submitted_at: datetime | None
    finished_at: datetime | None
    mode: str | None
    respondent: str | None
    forms: tuple[FormRecord, ...]
    closes_at: datetime | None
    received_late: bool
    set_aside: int
    conflicts: int
    source_on: date | None = None
    double_entered: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the answers can no longer change by being given."""
        return self.submitted_at is not None or self.state not in STILL_OPEN

    @property
    def is_opened(self) -> bool:
        """Whether anything is kept of an instrument."""
        return any(form.response_id is not None for form in self.forms)

    @property
    def is_incomplete(self) -> bool:
        """Whether answers were given and never sent, and no longer can be."""
        return self.submitted_at is None and self.is_final and self.is_opened


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One visit under one revision of a person's plan."""

    visit_code: str
    revision: int
    is_current: bool
    phase: str | None
    anchor: str
    opens_on: date
    target_on: date | None
    closes_on: date | None
    zone: str
    provisional: bool
    expected: bool
    plan_reason: str | None
    protocol_version: str
    planned_at: datetime
    replaced_at: datetime | None


@dataclass(frozen=True)
class PersonRecord:
    """One participant without identity; events come in the order in which they were recorded."""

    study: str
    site: str
    participant_code: str
    language: str
    protocol_version: str
    consented_on: date
    events: tuple[Event, ...]
    plan: tuple[PlanRecord, ...]
    visits: tuple[VisitRecord, ...]

    @property
    def keys(self) -> dict[str, object]:
        """The columns that every row about the person begins with."""
        return {"study": self.study, "site": self.site, "participant_code": self.participant_code}

    @cached_property
    def facts(self) -> Facts:
        """What follows from the events after all corrections."""
        return fold_events(self.events)


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """Whole participants with the answers and scores that nothing supersedes, as frames of `tidy.stored`."""

    people: tuple[PersonRecord, ...]
    answers: pl.DataFrame
    scores: pl.DataFrame
