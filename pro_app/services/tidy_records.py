"""From the rows of some participants to the pure records that the tidy tables are made of."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.exports.release import Release
from pro_app.exports.tidy.records import BatchRecord, FormRecord, PersonRecord, PlanRecord, VisitRecord
from pro_app.exports.tidy.stored import make_answers, make_scores
from pro_app.instruments.instrument import Instrument
from pro_app.protocol.events import Event
from pro_app.protocol.protocol import InstrumentReference
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.beside_forms import NOTHING_BESIDE, BesideForm, list_beside_forms
from pro_app.storage.queries.dataset import (
    list_answers_in_force,
    list_events_of,
    list_planned_visits,
    list_responses,
    list_scores_in_force,
)
from pro_app.storage.queries.events import read_event
from pro_app.storage.queries.paper_forms import list_double_entered
from pro_app.storage.tables.assessments import PlannedVisit


@dataclass(frozen=True, slots=True)
class _Response:
    """One version of the answers to one instrument, as it is stored."""

    response_id: int
    assessment_id: int
    instrument_code: str
    version: int
    instrument_sha256: str
    wording_sha256: str
    listened: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is stored of the participants of a batch, by participant or by assessment."""

    events: dict[int, list[Event]] = field(default_factory=dict)
    plans: dict[int, list[PlannedVisit]] = field(default_factory=dict)
    assessments: dict[int, list[AssessmentRecord]] = field(default_factory=dict)
    responses: dict[int, list[_Response]] = field(default_factory=dict)
    beside: dict[int, BesideForm] = field(default_factory=dict)
    double_entered: frozenset[int] = frozenset()


def load_batch(
    session: Session, people: Sequence[Sequence[Any]], *, study_code: str, release: Release, now: datetime
) -> BatchRecord:
    """Load everything about some participants as it stands at `now`; `people` are rows of `list_people`."""
    ids = [person[0] for person in people]
    kept = _load_kept(session, ids)
    instruments = _Instruments(release)
    records = tuple(
        PersonRecord(
            study=study_code,
            site=site,
            participant_code=code,
            language=language,
            protocol_version=load_protocol(session, protocol_sha256).version,
            consented_on=consented_on,
            events=tuple(kept.events.get(participant_id, ())),
            plan=tuple(_plan(session, visit) for visit in kept.plans.get(participant_id, ())),
            visits=tuple(_list_visits(kept, participant_id, instruments=instruments, now=now)),
        )
        for participant_id, site, code, language, protocol_sha256, consented_on in people
    )
    return BatchRecord(
        records,
        answers=make_answers(list_answers_in_force(session, ids)),
        scores=make_scores(list_scores_in_force(session, ids)),
    )


def _load_kept(session: Session, participant_ids: Collection[int]) -> _Kept:
    kept = _Kept(
        beside=dict(list_beside_forms(session, participant_ids)),
        double_entered=list_double_entered(session, participant_ids),
    )
    for row in list_events_of(session, participant_ids):
        kept.events.setdefault(row.participant_id, []).append(read_event(row))
    for visit in list_planned_visits(session, participant_ids):
        kept.plans.setdefault(visit.participant_id, []).append(visit)
    for record in list_assessments(session, participant_ids=participant_ids):
        kept.assessments.setdefault(record.participant_id, []).append(record)
    for columns in list_responses(session, participant_ids):
        response = _Response(*columns)
        kept.responses.setdefault(response.assessment_id, []).append(response)
    return kept


class _Instruments:
    """The instruments of a release by what records name them by."""

    def __init__(self, release: Release) -> None:
        instruments = [worded.instrument for worded in release.instruments]
        self._by_hash = {instrument.sha256: instrument for instrument in instruments}
        self._by_version = {(instrument.code, instrument.version): instrument for instrument in instruments}

    def list_forms(
        self, references: Iterable[InstrumentReference], responses: Sequence[_Response]
    ) -> Iterator[FormRecord]:
        """Give the instruments that are asked in their order, then any other one that was answered."""
        by_code: dict[str, list[_Response]] = {}
        for response in responses:
            by_code.setdefault(response.instrument_code, []).append(response)
        for reference in references:
            versions = by_code.pop(reference.code, [])
            if versions:
                yield from self._list_versions(versions, reference.scoring)
            else:
                asked = self._by_version[reference.code, reference.version]
                yield FormRecord(asked.sha256, _scoring_name(asked, reference.scoring))
        for code in sorted(by_code):
            yield from self._list_versions(by_code[code], None)

    def _list_versions(self, versions: Sequence[_Response], scoring: str | None) -> Iterator[FormRecord]:
        for response in versions:
            instrument = self._by_hash[response.instrument_sha256]
            yield FormRecord(
                instrument_sha256=response.instrument_sha256,
                scoring=_scoring_name(instrument, scoring),
                response_id=response.response_id,
                version=response.version,
                is_first=response is versions[0],
                is_current=response is versions[-1],
                wording_sha256=response.wording_sha256,
                listened=response.listened,
            )


def _scoring_name(instrument: Instrument, wanted: str | None) -> str:
    """Give the scoring that the protocol wants, if this version of the instrument has it."""
    return wanted if wanted and wanted in instrument.scoring_definitions else instrument.default_scoring


def _list_visits(
    kept: _Kept, participant_id: int, *, instruments: _Instruments, now: datetime
) -> Iterator[VisitRecord]:
    """Give the assessments of a person by opening day, visit code and number."""
    records = kept.assessments.get(participant_id, ())
    for record in sorted(records, key=lambda r: (r.opens_on, r.visit_code, r.ordinal)):
        phase = record.protocol.find_phase(record.planned_code)
        references = phase.instruments if phase else record.protocol.instruments
        responses = kept.responses.get(record.assessment_id, ())
        forms = tuple(instruments.list_forms(references, responses))
        beside = kept.beside.get(record.assessment_id, NOTHING_BESIDE)
        visit = _visit(record, forms=forms, beside=beside, now=now)
        yield replace(visit, double_entered=record.assessment_id in kept.double_entered)


def _visit(
    record: AssessmentRecord, *, forms: tuple[FormRecord, ...], beside: BesideForm, now: datetime
) -> VisitRecord:
    rule = record.protocol.find_visit(record.planned_code)
    return VisitRecord(
        assessment_id=record.assessment_id,
        visit_code=record.visit_code,
        ordinal=record.ordinal,
        zone=record.zone,
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
        finished_at=(record.completed_at or record.submitted_at) if record.submitted_at else None,
        mode=record.mode,
        respondent=record.respondent,
        forms=forms,
        closes_at=record.window.closes_at,
        received_late=record.is_received_late,
        set_aside=beside.kept_beside,
        conflicts=beside.conflicts,
        source_on=record.source_on,
    )


def _plan(session: Session, visit: PlannedVisit) -> PlanRecord:
    protocol = load_protocol(session, visit.protocol_sha256)
    phase = protocol.find_phase(visit.visit_code)
    return PlanRecord(
        visit_code=visit.visit_code,
        revision=visit.revision,
        is_current=visit.replaced_at is None,
        phase=phase.code if phase else None,
        anchor=visit.anchor,
        opens_on=visit.opens_on,
        target_on=visit.target_on,
        closes_on=visit.closes_on,
        zone=visit.zone,
        provisional=visit.provisional,
        expected=visit.expected,
        plan_reason=visit.reason_code,
        protocol_version=protocol.version,
        planned_at=visit.planned_at,
        replaced_at=visit.replaced_at,
    )
