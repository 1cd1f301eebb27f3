"""The responses of an assessment: which instruments it asks, under which definition and wording."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import AlreadySubmitted, NotFound, ProAppError, WindowClosed
from pro_app.instruments.instrument import Instrument
from pro_app.protocol.protocol import InstrumentReference
from pro_app.services.standings import write_standings
from pro_app.services.studies import find_wording, was_wording_in_use
from pro_app.storage.catalogue import load_instrument
from pro_app.storage.queries.answers import find_instrument_sha256, list_current_responses
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.responses import Response


@dataclass(frozen=True, slots=True)
class AskedInstrument:
    """One instrument of an assessment; `response` is None until something is kept under it."""

    reference: InstrumentReference
    instrument: Instrument
    wording_sha256: str
    response: Response | None


def require_reachable(assessment: AssessmentRecord, actor: Actor) -> None:
    """Raise NotFound unless the assessment exists for the actor: one's own, or one of one's site.

    On a tablet on loan it is the one that the tablet was lent for.
    """
    if not actor.may_reach_site(assessment.study_id, assessment.site_id):
        raise NotFound("assessment")
    if actor.kind == "participant" and assessment.participant_id != actor.participant_id:
        raise NotFound("assessment")
    if actor.only_assessment_id not in {None, assessment.assessment_id}:
        raise NotFound("assessment")


def require_answerable(assessment: AssessmentRecord, now: datetime) -> None:
    """Raise AlreadySubmitted or WindowClosed unless the assessment may be answered at `now`."""
    if not assessment.is_answerable(now):
        raise refuse_answering(assessment, now)


def refuse_answering(assessment: AssessmentRecord, now: datetime) -> ProAppError:
    """Give the error that says why an assessment cannot be answered: it was sent, or is not open."""
    if assessment.submitted_at is not None:
        return AlreadySubmitted(
            assessment.assessment_id, assessment.submitted_at, assessment.receipt_code or ""
        )
    return WindowClosed(assessment.opens_on, assessment.closes_on, not_yet=now < assessment.window.opens_at)


def list_asked_instruments(session: Session, assessment: AssessmentRecord) -> tuple[AskedInstrument, ...]:
    """List the instruments of an assessment in the order in which they are asked.

    A response that was begun keeps the definition and the wording it was begun under.
    """
    phase = assessment.protocol.find_phase(assessment.planned_code)
    if phase is None:
        raise NotFound("visit")
    responses = list_current_responses(session, assessment.assessment_id)
    return tuple(
        _asked_instrument(session, assessment, reference, response=responses.get(reference.code))
        for reference in phase.instruments
    )


def open_response(
    session: Session, asked: AskedInstrument, *, assessment: AssessmentRecord, now: datetime
) -> Response:
    """Give the response that answers are kept under, begun now if there was none."""
    if asked.response is not None:
        return asked.response
    response = _make_response(asked, assessment, now=now)
    session.add(response)
    session.flush()
    return response


def _make_response(asked: AskedInstrument, assessment: AssessmentRecord, *, now: datetime) -> Response:
    return Response(
        assessment_id=assessment.assessment_id,
        instrument_code=asked.instrument.code,
        instrument_version=asked.instrument.version,
        version=1,
        instrument_sha256=asked.instrument.sha256,
        wording_sha256=asked.wording_sha256,
        started_at=now,
    )


def begin_responses(
    session: Session, assessment: AssessmentRecord, shown: Mapping[str, str | None], *, now: datetime
) -> dict[str, int]:
    """Begin the responses to instruments that have none, and the assessment with the first; gives their keys.

    `shown` and the keys are by instrument code. `shown` is the SHA-256 of the wording pack that a device says
    it has shown: it may be one that was replaced meanwhile. Raises NotFound for an instrument that the visit
    does not ask.
    """
    if assessment.started_at is None:
        session.execute(
            update(Assessment).where(Assessment.id == assessment.assessment_id).values(started_at=now)
        )
    phase = assessment.protocol.find_phase(assessment.planned_code)
    references = {reference.code: reference for reference in (phase.instruments if phase else ())}
    begun = {}
    for code, sha256 in shown.items():
        if code not in references:
            raise NotFound("instrument")
        asked = _asked_instrument(session, assessment, references[code], response=None)
        if sha256 and _was_in_use(session, assessment, references[code], sha256=sha256):
            asked = replace(asked, wording_sha256=sha256)
        begun[code] = _make_response(asked, assessment, now=now)
    session.add_all(begun.values())
    session.flush()
    if assessment.started_at is None:
        write_standings(session, [assessment.assessment_id])
    return {code: response.id for code, response in begun.items()}


def begin_earlier(session: Session, assessment: AssessmentRecord, *, at: datetime) -> None:
    """Let an assessment and its responses begin at `at`, where they are known to have begun later."""
    later = update(Assessment).where(Assessment.started_at > at)
    session.execute(later.where(Assessment.id == assessment.assessment_id).values(started_at=at))
    responses = update(Response).where(Response.started_at > at)
    session.execute(responses.where(Response.assessment_id == assessment.assessment_id).values(started_at=at))


def _was_in_use(
    session: Session, assessment: AssessmentRecord, reference: InstrumentReference, *, sha256: str
) -> bool:
    return was_wording_in_use(
        session,
        sha256,
        study_id=assessment.study_id,
        instrument_code=reference.code,
        instrument_version=reference.version,
    )


def record_listening(session: Session, response_ids: Iterable[int]) -> list[dict[str, object]]:
    """Record that questions of these responses were read aloud; gives what that changed, for the audit."""
    changed = session.execute(
        update(Response)
        .where(Response.id.in_([*response_ids]), Response.listened.is_(False))
        .values(listened=True)
        .returning(Response.instrument_code)
    )
    codes = sorted(row.instrument_code for row in changed)
    return [{"field": f"{code}:listened", "before": False, "after": True} for code in codes]


def _asked_instrument(
    session: Session,
    assessment: AssessmentRecord,
    reference: InstrumentReference,
    *,
    response: Response | None,
) -> AskedInstrument:
    if response is not None:
        instrument = load_instrument(session, response.instrument_sha256)
        return AskedInstrument(reference, instrument, response.wording_sha256, response)
    sha256 = find_instrument_sha256(session, reference.code, reference.version)
    if sha256 is None:
        raise NotFound("instrument")
    wording_sha256 = find_wording(
        session,
        study_id=assessment.study_id,
        instrument_code=reference.code,
        instrument_version=reference.version,
        language=assessment.language,
    )
    return AskedInstrument(reference, load_instrument(session, sha256), wording_sha256, None)
