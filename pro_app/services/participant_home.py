"""What a participant sees at home: what is due, what comes next, and whom to call."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.errors import NotFound
from pro_app.services.responses import list_asked_instruments
from pro_app.services.sessions import token_digest
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

SECONDS_PER_ITEM = 8
"""51 items take about 7 minutes, which is what the screens promise and what the design aims at."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Whom the participant can call, and the neutral name that messages and pages carry."""

    name: str
    telephone: str
    sender_label: str


@dataclass(frozen=True, slots=True)
class DueQuestionnaire:
    """A questionnaire that can be answered today; `closes_on` is its last day, None while that is unknown."""

    assessment_id: int
    title: str
    minutes: int
    closes_on: date | None
    days_left: int | None
    said_count: int
    item_count: int
    visit_code: str = ""


@dataclass(frozen=True, slots=True)
class ComingQuestionnaire:
    """A questionnaire that will open; `provisional` where the day may still move."""

    assessment_id: int
    opens_on: date
    closes_on: date | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Home:
    """Everything on the home page, the most urgent first."""

    centre: Centre
    due: tuple[DueQuestionnaire, ...]
    coming: tuple[ComingQuestionnaire, ...]


def load_home(session: Session, *, participant_id: int, now: datetime) -> Home:
    """Load the home page of one participant; raises NotFound for an unknown one."""
    centre = load_centre(session, participant_id=participant_id)
    assessments = list_assessments(session, participant_id=participant_id)
    due = [_read_due(session, a, now) for a in assessments if a.is_answerable(now)]
    due.sort(key=lambda questionnaire: questionnaire.closes_on or date.max)
    coming = [_read_coming(a) for a in assessments if _will_open(a, now)]
    return Home(centre, tuple(due), tuple(coming))


def list_coming(session: Session, *, participant_id: int, now: datetime) -> list[ComingQuestionnaire]:
    """List the questionnaires of one participant that will open, the next one first."""
    assessments = list_assessments(session, participant_id=participant_id)
    return [_read_coming(a) for a in assessments if _will_open(a, now)]


def load_centre(session: Session, *, participant_id: int) -> Centre:
    """Load the centre of one participant; raises NotFound for an unknown one."""
    site = session.scalar(
        select(Site).join(Participant, Participant.site_id == Site.id).where(Participant.id == participant_id)
    )
    if site is None:
        raise NotFound("participant")
    return _centre(site)


def find_centre_of_device(session: Session, *, device_secret: str) -> Centre | None:
    """Find the centre of the person whose device this is, to offer help before anybody signs in.

    None for a device that is not remembered (any more).
    """
    site = session.scalar(
        select(Site)
        .join(Participant, Participant.site_id == Site.id)
        .join(Device, Device.participant_id == Participant.id)
        .where(Device.secret_sha256 == token_digest(device_secret), Device.revoked_at.is_(None))
    )
    return _centre(site) if site else None


def _will_open(assessment: AssessmentRecord, now: datetime) -> bool:
    """Tell whether an assessment is not open yet and can be answered once it opens."""
    opens_at = assessment.window.opens_at
    return now < opens_at and assessment.is_answerable(opens_at)


def _read_coming(assessment: AssessmentRecord) -> ComingQuestionnaire:
    return ComingQuestionnaire(
        assessment.assessment_id, assessment.opens_on, assessment.closes_on, assessment.provisional
    )


def _centre(site: Site) -> Centre:
    return Centre(name=site.name, telephone=site.telephone, sender_label=site.sender_label)


def _read_due(session: Session, assessment: AssessmentRecord, now: datetime) -> DueQuestionnaire:
    asked = list_asked_instruments(session, assessment)
    item_count = sum(len(a.instrument.items) for a in asked)
    said_count = len(list_current_answers(session, [a.response.id for a in asked if a.response]))
    last_on = assessment.closes_on
    if assessment.reopened_until and not assessment.window.is_open(now):
        last_on = assessment.reopened_until
    return DueQuestionnaire(
        assessment_id=assessment.assessment_id,
        title=assessment.protocol.visit_label(assessment.visit_code, assessment.language),
        minutes=max(1, round((item_count - said_count) * SECONDS_PER_ITEM / 60)),
        closes_on=last_on,
        days_left=(last_on - civil_date(now, assessment.zone)).days if last_on else None,
        said_count=said_count,
        item_count=item_count,
        visit_code=assessment.visit_code,
    )
