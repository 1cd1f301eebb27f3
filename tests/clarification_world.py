"""A sent questionnaire at a site with an investigator, and what people ask to have corrected on it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic_world import Clinic, noon, staff_actor
from sqlalchemy import select

from pro_app.audit.actor import Actor, system_actor
from pro_app.services.accounts import create_account
from pro_app.services.answers import Operation, save_operations
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.decisions import Decision, decide_clarification
from pro_app.services.clarifications.requests import request_clarification
from pro_app.services.clarifications.rules import Wanted, WantedItem
from pro_app.services.staff_roles import grant_role
from pro_app.services.submission import submit_assessment
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.responses import Response

PASSWORD = "a long and unusual password 7!"
ENROLLED = date(2026, 1, 5)
SENT = noon(date(2026, 1, 6))
ASKED_ON = date(2026, 1, 8)
LATER = noon(date(2026, 1, 9))
INSTRUMENT = "qlq-c30"


@dataclass
class Correction:
    """One participant of the first site who has sent the baseline questionnaire, and the people around it."""

    clinic: Clinic
    participant_id: int
    assessment_id: int
    investigator: Actor
    other_investigator: Actor

    @property
    def nurse(self) -> Actor:
        """The nurse of the site."""
        return self.clinic.nurse

    def request(self, wanted: Wanted | None = None, *, by: Actor | None = None, at: datetime = LATER) -> int:
        """Ask for a correction and give the key of the request."""
        with self.clinic.writing() as session:
            return request_clarification(
                session, self.assessment_id, wanted or wants(), actor=by or self.nurse, now=at
            )

    def decide(
        self,
        clarification_id: int,
        *,
        accept: bool = True,
        reason: str = "The letter is signed.",
        by: Actor | None = None,
        basis: str | None = None,
        at: datetime = LATER,
    ) -> None:
        """Decide a request on what stands now, or on `basis`."""
        with self.clinic.writing() as session:
            seen = read_basis(session, load_assessment(session, self.assessment_id))
            said = Decision(accept, reason, seen if basis is None else basis)
            decide_clarification(session, clarification_id, said, actor=by or self.investigator, now=at)

    def assessment(self) -> AssessmentRecord:
        """Give the form as it stands."""
        with self.clinic.database.reading() as session:
            return load_assessment(session, self.assessment_id)

    def row(self, clarification_id: int) -> Clarification:
        """Give a request as it is stored."""
        with self.clinic.database.reading() as session:
            return session.get_one(Clarification, clarification_id)

    def responses(self, code: str = INSTRUMENT) -> list[Response]:
        """List the versions of the answers to one instrument."""
        with self.clinic.database.reading() as session:
            statement = select(Response).where(
                Response.assessment_id == self.assessment_id, Response.instrument_code == code
            )
            return list(session.scalars(statement.order_by(Response.version)))

    def answers(self, response: Response) -> dict[int, Answer]:
        """Give the answers that stand in one version by item."""
        with self.clinic.database.reading() as session:
            statement = select(Answer).where(
                Answer.response_id == response.id, Answer.superseded_at.is_(None)
            )
            return {answer.item_number: answer for answer in session.scalars(statement)}


def wants(*items: WantedItem, **changes: object) -> Wanted:
    """Give a patient's good request about question 5 (or `items`), with `changes`."""
    good = Wanted(
        kind="answer",
        asked_on=ASKED_ON,
        evidence="letter",
        evidence_ref="Letter of 8 January, source file, tab 4",
        request="I ticked the wrong line.",
        items=items or (WantedItem(INSTRUMENT, 5, "answered", 4),),
    )
    return replace(good, **changes)  # type: ignore[arg-type]  # a test's own keywords


def build_correction(clinic: Clinic, *, mode: str = "own_device") -> Correction:
    """Enrol somebody who answers the first 30 questions and sends the form; add both investigators."""
    investigators = [add_investigator(clinic, site, number) for number, site in enumerate(_sites(clinic), 4)]
    participant_id = clinic.enrol(ENROLLED)
    assessment_id = clinic.assessments(participant_id)["BASELINE"].assessment_id
    send_form(clinic, participant_id, assessment_id, mode=mode)
    return Correction(clinic, participant_id, assessment_id, *investigators)


def send_form(
    clinic: Clinic,
    participant_id: int,
    assessment_id: int,
    *,
    mode: str = "own_device",
    items: int = 28,
    at: datetime = SENT,
) -> None:
    """Answer the first questions of the first instrument with 2, and send the form.

    On paper it is the nurse who types it in; otherwise the participant answers it.
    """
    actor = replace(clinic.nurse if mode == "paper" else clinic.person(participant_id), mode=mode)
    operations = [
        Operation(f"form-{assessment_id}-{number}", INSTRUMENT, number, "answered", 2)
        for number in range(1, items + 1)
    ]
    with clinic.writing() as session:
        save_operations(session, assessment_id=assessment_id, operations=operations, actor=actor, now=at)
        submit_assessment(
            session,
            assessment_id=assessment_id,
            respondent="self",
            actor=actor,
            now=at + timedelta(minutes=5),
        )


def _sites(clinic: Clinic) -> tuple[int, int]:
    return clinic.site_id, clinic.other_site_id


def add_investigator(clinic: Clinic, site_id: int, number: int) -> Actor:
    """Add an investigator of a site, who signs in as `member-<number>`."""
    actor = system_actor("test", "setup")
    with clinic.writing() as session:
        account = create_account(
            session,
            username=f"member-{number}",
            display_name=f"Member {number}",
            password=PASSWORD,
            language="fr",
            actor=actor,
            now=SENT,
        )
        grant_role(
            session,
            account_id=account.id,
            study_id=clinic.study_id,
            role="investigator",
            site_id=site_id,
            actor=actor,
            now=SENT,
        )
        return staff_actor("investigator", study_id=clinic.study_id, site_id=site_id, account_id=account.id)
