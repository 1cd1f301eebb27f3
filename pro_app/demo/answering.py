"""A virtual person answering one visit through the same services as a phone."""

import uuid
from datetime import datetime, timedelta
from random import Random

from pro_app.audit.actor import Actor
from pro_app.demo.trajectories import draw_answers
from pro_app.demo.virtual_people import Answering, VirtualPerson
from pro_app.instruments.instrument import Instrument
from pro_app.services.answers import Operation, save_operations
from pro_app.services.responses import list_asked_instruments
from pro_app.services.submission import submit_assessment
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment

MODE = "own_device"
NAMESPACE = uuid.UUID("6f0c9c1e-6a56-4d0e-9a52-4f4f6d2f8a10")
MINUTES_AN_INSTRUMENT = timedelta(minutes=3)


def answer_visit(  # noqa: PLR0917 -- the history calls its actions with the time alone
    database: Database, person: VirtualPerson, decided: tuple[AssessmentRecord, Answering], now: datetime
) -> None:
    """Answer a visit as decided, if it is still planned so and can be answered, then send it."""
    planned, answering = decided
    assessment_id = planned.assessment_id
    with database.reading() as session:
        record = load_assessment(session, assessment_id)
    moved = record.closes_on != planned.closes_on  # then it was decided anew when it was planned anew
    if moved or record.submitted_at is not None or not record.is_answerable(now):
        return
    actor = _participant_actor(record)
    with database.reading() as session:
        instruments = [asked.instrument for asked in list_asked_instruments(session, record)]
    left = answering.items_answered
    for instrument in instruments:
        operations = _operations(person, record, instrument)[:left]
        if operations:
            with database.writing() as session:
                save_operations(
                    session, assessment_id=assessment_id, operations=operations, actor=actor, now=now
                )
        left = None if left is None else left - len(operations)
        now += MINUTES_AN_INSTRUMENT
        if left is not None and left <= 0:
            return
    if answering.submitted:
        with database.writing() as session:
            submit_assessment(
                session,
                assessment_id=assessment_id,
                respondent=answering.respondent,
                actor=actor,
                now=now,
            )


def _operations(person: VirtualPerson, record: AssessmentRecord, instrument: Instrument) -> list[Operation]:
    random = Random(f"{person.participant_code}:{record.visit_code}:{instrument.code}")  # noqa: S311 -- play
    years = (record.opens_on - person.consented_on).days / 365.25
    answers = draw_answers(
        instrument,
        burden=person.trajectory.burden_after(years, random),
        on_treatment=record.anchor == "randomisation",
        random=random,
    )
    return [
        Operation(
            operation_id=str(uuid.uuid5(NAMESPACE, f"{record.assessment_id}:{instrument.code}:{number}")),
            instrument_code=instrument.code,
            item_number=number,
            state=state,
            value=value,
            counter=number,
            device_at=None,
            device_zone=None,
        )
        for number, (state, value) in answers.items()
    ]


def _participant_actor(record: AssessmentRecord) -> Actor:
    return Actor(
        kind="participant",
        role="participant",
        request_id=uuid.uuid4().hex[:16],
        study_id=record.study_id,
        site_ids=frozenset({record.site_id}),
        participant_id=record.participant_id,
        mode=MODE,
    )
