"""Where a form that was filed in the wrong place can go: another visit, or the same one of another person."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.errors import NotFound, Problem
from pro_app.language import mark
from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.services.clarifications.beside_moves import list_rows_of_places
from pro_app.services.clarifications.facts import PARTICIPANT, VISIT, read_source_day
from pro_app.services.loans import find_loan_in_use
from pro_app.services.responses import list_asked_instruments
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.participants import find_participant, find_participant_by_code
from pro_app.storage.queries.transfers import has_open_paper_of
from pro_app.storage.tables.participants import Participant

PLACES = {VISIT: "to_visit", PARTICIPANT: "to_participant"}
"""The field of the form in which the right place is said."""
NO_SUCH_VISIT = mark("Choose the visit that it is of.")
NO_SUCH_PERSON = mark("No other patient of this site has this inclusion number.")
BESIDE = mark(
    "Answers from a phone that came too late are kept beside one of the two questionnaires:"
    " they cannot change their visits."
)
NOT_ASKED = mark("This visit is not asked of the patient.")


def may_move(assessment: AssessmentRecord) -> bool:
    """Tell whether a form stands in a visit of the plan, from which it can go to another place."""
    return assessment.ordinal == 0 and assessment.visit_code != UNSCHEDULED


def find_target_person(
    session: Session, assessment: AssessmentRecord, participant_code: str
) -> Participant | None:
    """Find the other participant of the same site who has an inclusion number; None if there is none."""
    code = participant_code.strip()
    person = find_participant_by_code(session, study_id=assessment.study_id, participant_code=code)
    is_other = person is not None and person.id != assessment.participant_id
    return person if person is not None and is_other and person.site_id == assessment.site_id else None


def find_target(
    session: Session, assessment: AssessmentRecord, *, kind: str, to: str
) -> AssessmentRecord | None:
    """Find the place that a request names: `to` is a visit code, or an inclusion number of the same site."""
    participant_id, visit_code = assessment.participant_id, to
    if kind == PARTICIPANT:
        person = find_target_person(session, assessment, to)
        if person is None:
            return None
        participant_id, visit_code = person.id, assessment.visit_code
    forms = list_assessments(session, participant_id=participant_id)
    places = (form for form in forms if form.visit_code == visit_code and may_move(form))
    return next((form for form in places if form.assessment_id != assessment.assessment_id), None)


def list_target_visits(session: Session, assessment: AssessmentRecord, *, now: datetime) -> list[str]:
    """List the visits of the same participant to which a form can go, in the order of their periods."""
    if not may_move(assessment):
        return []
    forms = list_assessments(session, participant_id=assessment.participant_id)
    others = [form for form in forms if form.assessment_id != assessment.assessment_id and may_move(form)]
    return [
        form.visit_code
        for form in others
        if not any(check_place(session, assessment, form, kind=VISIT, now=now))
    ]


def check_move(
    session: Session, assessment: AssessmentRecord, *, kind: str, to: str | None, now: datetime
) -> Iterator[Problem]:
    """Give everything that speaks against moving a form to where a request says that it belongs."""
    target = find_target(session, assessment, kind=kind, to=to) if to else None
    if target is None or not may_move(assessment):
        known = kind == PARTICIPANT and to and find_target_person(session, assessment, to)
        missing = NOT_ASKED if known else NO_SUCH_PERSON if kind == PARTICIPANT else NO_SUCH_VISIT
        yield Problem(missing, place=PLACES[kind])
        return
    yield from check_place(session, assessment, target, kind=kind, now=now)


def check_place(
    session: Session, assessment: AssessmentRecord, target: AssessmentRecord, *, kind: str, now: datetime
) -> Iterator[Problem]:
    """Give what speaks against one place: it is in use, asks something else, or was not open on the day."""
    place = PLACES[kind]
    if not target.expected or target.reason_code == PLAN_REPLACED:
        yield Problem(NOT_ASKED, place=place)
    if target.started_at is not None or target.submitted_at is not None:
        yield Problem(
            mark("A questionnaire was begun there already: it cannot take another one's place."), place=place
        )
    elif has_open_paper_of(session, target.assessment_id):
        yield Problem(
            mark("A questionnaire on paper is being typed in there: finish it, or put it aside."), place=place
        )
    elif find_loan_in_use(session, target.participant_id, now=now) is not None:
        yield Problem(
            mark("The patient is answering on a tablet of the site, or by telephone: wait for the end."),
            place=place,
        )
    if _list_instruments(session, assessment) != _list_instruments(session, target):
        yield Problem(mark("Other questions are asked there."), place=place)
    # A phone knows a form by its number: what it sends again would not be known in another visit's form.
    if kind == VISIT and list_rows_of_places(session, assessment, target, kind=kind):
        yield Problem(BESIDE, place=place)
    yield from _check_day(session, assessment, target, place=place)


def _check_day(
    session: Session, assessment: AssessmentRecord, target: AssessmentRecord, *, place: str
) -> Iterator[Problem]:
    """Give what the day on which a form was filled in says against a place; a late one is late there."""
    day = read_source_day(assessment)
    person = find_participant(session, target.participant_id)
    if day is None or person is None:
        raise NotFound("assessment")
    if day < person.consented_on:
        message = mark("It was filled in before the consent (%(consented_on)s).")
        yield Problem(message, {"consented_on": person.consented_on.isoformat()}, place=place)
    elif day < target.opens_on:
        message = mark("It was filled in on %(filled_on)s, before the period there began (%(opens_on)s).")
        values: dict[str, str | int] = {
            "filled_on": day.isoformat(),
            "opens_on": target.opens_on.isoformat(),
        }
        yield Problem(message, values, place=place)


def _list_instruments(session: Session, assessment: AssessmentRecord) -> list[tuple[str, str, str]]:
    """List what a form asks and how that is scored."""
    return [
        (asked.instrument.code, asked.instrument.sha256, asked.reference.scoring)
        for asked in list_asked_instruments(session, assessment)
    ]
