"""From what is known of one participant to the rows of the dataset (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.protocol.events import Facts
from pro_app.protocol.state import AssessmentState
from pro_app.scoring.scores import NOT_APPLICABLE, ItemValue, score_response

Cell = str | int | float | date | datetime | None
Row = Mapping[str, Cell]
"""Column name -> value; the columns are those of `exports.columns`."""

NOT_REACHED = "not_reached"
STILL_OPEN = frozenset({AssessmentState.PLANNED, AssessmentState.OPEN, AssessmentState.STARTED})
"""A form in one of these states can still change; its answers are not the statistician's yet."""

AFTER_RANDOMISATION = "after_randomisation"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """The answer to one item that is in force; `entered_by` is `participant`, `staff` or `system`."""

    item_number: int
    state: str
    value: int | None
    mode: str
    entered_by: str
    operation_id: str
    counter: int
    answered_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One scale score as it was stored, with all that stands behind it."""

    scoring_name: str
    scale_code: str
    value: float | None
    raw: float | None
    answered: int
    not_applicable: int
    missing: int
    needed: int
    reason: str | None
    instrument_sha256: str
    app_version: str
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """One version of the answers to one instrument; `scoring` is what the protocol scores it by."""

    instrument: Instrument
    scoring: ScoringDefinition
    wording_sha256: str
    version: int
    is_current: bool
    answers: Mapping[int, AnswerRecord]
    scores: tuple[ScoreRecord, ...]


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """One assessment as it stands at the time of the export; `late_flag` is the protocol's for its visit."""

    visit_code: str
    ordinal: int
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
    mode: str | None
    respondent: str | None
    responses: tuple[ResponseRecord, ...]

    @property
    def is_final(self) -> bool:
        """Tell whether the answers can no longer change by being given."""
        return self.submitted_at is not None or self.state not in STILL_OPEN

    @property
    def is_incomplete(self) -> bool:
        """Tell whether answers were given and never sent, and no longer can be."""
        return self.submitted_at is None and self.is_final and bool(self.responses)

    @property
    def is_valid(self) -> bool:
        """Tell whether it was received with at least one scale scorable."""
        scores = (score for response in self.responses if response.is_current for score in response.scores)
        return self.submitted_at is not None and any(score.value is not None for score in scores)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One participant without identity, with every assessment."""

    study: str
    site: str
    participant_code: str
    language: str
    protocol_version: str
    consented_on: date
    facts: Facts
    visits: tuple[VisitRecord, ...]


def list_participant_rows(person: PersonRecord) -> Iterator[Row]:
    """Give the one row of the table `participants`."""
    facts = person.facts
    yield _person_keys(person) | {
        "language": person.language,
        "protocol_version": person.protocol_version,
        "consented_on": person.consented_on,
        "arm": facts.arm,
        "randomised_on": facts.randomised_on,
        "infusions": len(facts.infusions),
        "last_infusion_on": max(facts.infusions, default=None),
        "treatment_ended_on": facts.treatment_ended_on,
        "progressed_on": facts.progressed_on,
        "new_treatment_on": min(facts.dates_of("new_treatment"), default=None),
        "questionnaires_stopped_on": facts.questionnaires_stopped_on,
        "lost_on": facts.lost_on,
        "left_on": facts.left_on,
        "died_on": facts.died_on,
        "data_objection_on": min(facts.dates_of("data_objection"), default=None),
    }


def list_assessment_rows(person: PersonRecord) -> Iterator[Row]:
    """Give one row of the table `assessments` for each visit."""
    for visit in person.visits:
        late = visit.state == AssessmentState.LATE
        in_window = visit.state == AssessmentState.SUBMITTED
        yield _visit_keys(person, visit) | {
            "opens_on": visit.opens_on,
            "target_on": visit.target_on,
            "closes_on": visit.closes_on,
            "provisional": visit.provisional,
            "window_closed": visit.window_closed,
            "expected": visit.expected,
            "received": visit.submitted_at is not None,
            "valid": visit.is_valid,
            "in_window": in_window,
            "late": late,
            "incomplete": visit.is_incomplete,
            "after_randomisation": late and visit.late_flag == AFTER_RANDOMISATION,
            "state": visit.state.value,
            "plan_reason": visit.plan_reason,
            "missing_reason": None if in_window else visit.missing_reason,
            "missing_said_by": None if in_window else visit.missing_said_by,
            "started_at": visit.started_at,
            "submitted_at": visit.submitted_at,
            "mode": visit.mode,
            "respondent": visit.respondent,
        }


def list_item_rows(person: PersonRecord) -> Iterator[Row]:
    """Give one row of the table `items` for every item of every final response, answered or not."""
    for visit, response in _list_final_responses(person):
        keys = _response_keys(person, visit, response)
        for item in response.instrument.items:
            answer = response.answers.get(item.number)
            yield keys | {
                "item": item.number,
                "state": answer.state if answer else NOT_REACHED,
                "value": answer.value if answer else None,
                "mode": answer.mode if answer else None,
                "entered_by": answer.entered_by if answer else None,
                "answered_at": answer.answered_at if answer else None,
                "received_at": answer.received_at if answer else None,
                "operation_id": answer.operation_id if answer else None,
                "counter": answer.counter if answer else None,
                "wording_sha256": response.wording_sha256,
            }


def list_score_rows(person: PersonRecord, *, at: datetime, app_version: str) -> Iterator[Row]:
    """Give one row of the table `scores` for every scale of every final response.

    What was sent has the scores stored at submission (none where a relative answered in the person's
    place); what was never sent is scored here, by the same definition and the half rule, at `at`.
    """
    for visit, response in _list_final_responses(person):
        keys = _response_keys(person, visit, response)
        stored = response.scores
        if visit.is_incomplete:
            stored = score_unsent(response, at=at, app_version=app_version)
        order = {code: place for place, code in enumerate(response.scoring.scale_codes)}
        for score in sorted(
            stored, key=lambda s: (s.scoring_name, order.get(s.scale_code, len(order)), s.scale_code)
        ):
            yield keys | {
                "scoring_name": score.scoring_name,
                "scale": score.scale_code,
                "value": score.value,
                "raw": score.raw,
                "answered": score.answered,
                "not_applicable": score.not_applicable,
                "missing": score.missing,
                "needed": score.needed,
                "reason": score.reason,
                "instrument_sha256": score.instrument_sha256,
                "app_version": score.app_version,
                "scored_at": score.scored_at,
            }


def score_unsent(response: ResponseRecord, *, at: datetime, app_version: str) -> tuple[ScoreRecord, ...]:
    """Score the answers of a form that was never sent, by the half rule of its scoring definition."""
    values = {number: _scored_value(answer) for number, answer in response.answers.items()}
    return tuple(
        ScoreRecord(
            scoring_name=response.scoring.name,
            scale_code=score.scale_code,
            value=score.as_float,
            raw=None if score.raw is None else float(score.raw),
            answered=score.answered,
            not_applicable=score.not_applicable,
            missing=score.missing,
            needed=score.needed,
            reason=score.reason,
            instrument_sha256=response.instrument.sha256,
            app_version=app_version,
            scored_at=at,
        )
        for score in score_response(response.scoring, values)
    )


def _scored_value(answer: AnswerRecord) -> ItemValue:
    return NOT_APPLICABLE if answer.state == "not_applicable" else answer.value


def _list_final_responses(person: PersonRecord) -> Iterator[tuple[VisitRecord, ResponseRecord]]:
    for visit in person.visits:
        if visit.is_final:
            for response in visit.responses:
                yield visit, response


def _person_keys(person: PersonRecord) -> dict[str, Cell]:
    return {"study": person.study, "site": person.site, "participant_code": person.participant_code}


def _visit_keys(person: PersonRecord, visit: VisitRecord) -> dict[str, Cell]:
    return _person_keys(person) | {"visit_code": visit.visit_code, "ordinal": visit.ordinal}


def _response_keys(person: PersonRecord, visit: VisitRecord, response: ResponseRecord) -> dict[str, Cell]:
    return _visit_keys(person, visit) | {
        "instrument": response.instrument.code,
        "instrument_version": response.instrument.version,
        "response_version": response.version,
        "is_current": response.is_current,
        "incomplete": visit.is_incomplete,
    }
