"""A virtual person answering one visit through the same services as a phone."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from pro_app.audit.actor import Actor
from pro_app.instruments.instrument import Instrument
from pro_app.services.answers import Operation, save_operations
from pro_app.services.responses import list_asked_instruments
from pro_app.services.submission import submit_assessment
from pro_app.simulation.people import Answering, VirtualPerson
from pro_app.simulation.trajectories import draw_answers
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment

MODE = "own_device"
NAMESPACE = uuid.UUID("6f0c9c1e-6a56-4d0e-9a52-4f4f6d2f8a10")
TIME_TO_ANSWER = timedelta(minutes=6)
_asked: dict[tuple[str, str], tuple[Instrument, ...]] = {}
"""What a visit of a protocol version asks; kept, since a hash never changes meaning."""


def answer_visit(
    database: Database, person: VirtualPerson, decided: tuple[AssessmentRecord, Answering], *, now: datetime
) -> Literal["begun", "sent"] | None:
    """Answer a visit as decided, if it is still planned so and can be answered, then send it.

    Tells whether it was begun, or sent; None where nothing was answered.
    """
    planned, answering = decided
    with database.reading() as session:
        record = load_assessment(session, planned.assessment_id)
        moved = record.closes_on != planned.closes_on  # then it was decided anew when it was planned anew
        if moved or record.submitted_at is not None or not record.is_answerable(now):
            return None
        key = record.protocol.sha256, record.planned_code
        if key not in _asked:
            _asked[key] = tuple(asked.instrument for asked in list_asked_instruments(session, record))
    actor = _participant_actor(record)
    operations = list(_draw_operations(person, record, _asked[key]))[: answering.items_answered]
    with database.writing() as session:
        save_operations(
            session, assessment_id=record.assessment_id, operations=operations, actor=actor, now=now
        )
    if not answering.submitted or not record.is_answerable(now + TIME_TO_ANSWER):
        return "begun"
    with database.writing() as session:
        submit_assessment(
            session,
            assessment_id=record.assessment_id,
            respondent=_choose_respondent(record, answering.respondent),
            actor=actor,
            now=now + TIME_TO_ANSWER,
        )
    return "sent"


def _choose_respondent(record: AssessmentRecord, wanted: str) -> str:
    """Give the respondent that was drawn, or the first one that the protocol knows."""
    known = [respondent.code for respondent in record.protocol.respondents]
    return wanted if wanted in known else known[0]


def _draw_operations(
    person: VirtualPerson, record: AssessmentRecord, instruments: Sequence[Instrument]
) -> Iterator[Operation]:
    """Draw what the person says, one operation an item, in the order in which it is asked."""
    years = (record.opens_on - person.consented_on).days / 365.25
    place = f"{record.assessment_id}:{record.opens_on}"
    counter = 0
    for instrument in instruments:
        random = Random(f"{person.participant_code}:{record.visit_code}:{instrument.code}")  # noqa: S311 -- play
        answers = draw_answers(
            instrument,
            burden=person.trajectory.burden_after(years, random),
            on_treatment=record.anchor == "randomisation",
            random=random,
        )
        for number, (state, value) in answers.items():
            counter += 1
            yield Operation(
                operation_id=str(uuid.uuid5(NAMESPACE, f"{place}:{instrument.code}:{number}")),
                instrument_code=instrument.code,
                item_number=number,
                state=state,
                value=value,
                counter=counter,
            )


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
