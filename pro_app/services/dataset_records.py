"""From stored rows to the pure records that the dataset's tables are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.exports.datasets import AnswerRecord, PersonRecord, ResponseRecord, ScoreRecord, VisitRecord
from pro_app.protocol.events import fold_events
from pro_app.storage.catalogue import load_instrument, load_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.dataset import list_answers_in_force, list_responses, list_scores_in_force
from pro_app.storage.queries.events import list_events_by_participant, read_events
from pro_app.storage.queries.participants import list_participants, list_sites
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.studies import Study

_ENTERED_BY = {"participant": "participant", "account": "staff"}


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one participant gave: the versions of each response, answers and scores by response."""

    responses: dict[int, list[Response]]
    answers: dict[int, dict[int, AnswerRecord]]
    scores: dict[int, list[ScoreRecord]]


def list_people(session: Session, study: Study, *, now: datetime) -> Iterator[PersonRecord]:
    """Give every participant of the study, by site and participant code, one at a time."""
    sites = {site.id: site.site_code for site in list_sites(session, study_id=study.id)}
    events = list_events_by_participant(session, study_id=study.id)
    assessments: dict[int, list[AssessmentRecord]] = {}
    for record in list_assessments(session, study_id=study.id):
        assessments.setdefault(record.participant_id, []).append(record)
    people = list_participants(session, study_id=study.id)
    for person in sorted(people, key=lambda p: (sites[p.site_id], p.participant_code)):
        visits = sorted(assessments.get(person.id, ()), key=lambda v: (v.opens_on, v.visit_code, v.ordinal))
        kept = _load_kept(session, person)
        yield PersonRecord(
            study=study.study_code,
            site=sites[person.site_id],
            participant_code=person.participant_code,
            language=person.language,
            protocol_version=load_protocol(session, person.protocol_sha256).version,
            consented_on=person.consented_on,
            facts=fold_events(read_events(events.get(person.id, ()))),
            visits=tuple(_visit(session, visit, kept, now=now) for visit in visits),
        )


def _load_kept(session: Session, person: Participant) -> _Kept:
    """Load the responses, answers and scores of one participant, three queries in all."""
    kept = _Kept({}, {}, {})
    for response in list_responses(session, person.id):
        kept.responses.setdefault(response.assessment_id, []).append(response)
    for response_id, *columns in list_answers_in_force(session, person.id):
        answer = _answer(*columns)
        kept.answers.setdefault(response_id, {})[answer.item_number] = answer
    for response_id, *columns in list_scores_in_force(session, person.id):
        kept.scores.setdefault(response_id, []).append(ScoreRecord(*columns))
    return kept


def _visit(session: Session, record: AssessmentRecord, kept: _Kept, *, now: datetime) -> VisitRecord:
    """Put one assessment together as it stands at `now`."""
    rule = record.protocol.find_visit(record.planned_code)
    return VisitRecord(
        visit_code=record.visit_code,
        ordinal=record.ordinal,
        opens_on=record.opens_on,
        target_on=record.target_on,
        closes_on=record.closes_on,
        provisional=record.provisional,
        window_closed=record.window.has_closed(now),
        expected=record.expected,
        state=record.state(now),
        late_flag=rule.late_flag if rule else None,
        plan_reason=record.reason_code,
        missing_reason=record.not_done_reason,
        missing_said_by=record.not_done_said_by,
        started_at=record.started_at,
        submitted_at=record.submitted_at,
        mode=record.mode,
        respondent=record.respondent,
        responses=_responses(session, record, kept),
    )


def _responses(session: Session, record: AssessmentRecord, kept: _Kept) -> tuple[ResponseRecord, ...]:
    """Give the responses in the order in which the protocol asks its instruments, version by version."""
    versions = kept.responses.get(record.assessment_id, [])
    asked = {reference.code: place for place, reference in enumerate(record.protocol.instruments)}
    newest = {row.instrument_code: row.version for row in versions}
    ordered: Sequence[Response] = sorted(
        versions,
        key=lambda r: (asked.get(r.instrument_code, len(asked)), r.instrument_code, r.version),
    )
    scoring = {reference.code: reference.scoring for reference in record.protocol.instruments}
    return tuple(
        _response(
            session,
            row,
            kept,
            scoring_name=scoring.get(row.instrument_code),
            is_current=row.version == newest[row.instrument_code],
        )
        for row in ordered
    )


def _response(
    session: Session, row: Response, kept: _Kept, *, scoring_name: str | None, is_current: bool
) -> ResponseRecord:
    instrument = load_instrument(session, row.instrument_sha256)
    return ResponseRecord(
        instrument=instrument,
        scoring=instrument.scoring(scoring_name),
        wording_sha256=row.wording_sha256,
        version=row.version,
        is_current=is_current,
        answers=kept.answers.get(row.id, {}),
        scores=tuple(kept.scores.get(row.id, ())),
    )


def _answer(*columns: Any) -> AnswerRecord:  # noqa: ANN401 -- the columns of a query, in its order
    """Make the record of an answer, with the kind of who entered it in place of the reference."""
    number, state, value, mode, entered_by, *rest = columns
    kind = _ENTERED_BY.get(entered_by.partition(":")[0], "system")
    return AnswerRecord(number, state, value, mode, kind, *rest)
