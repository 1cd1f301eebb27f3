"""A questionnaire asked by telephone through the services, in the browser of a nurse."""

from dataclasses import dataclass
from datetime import datetime

from conftest import NOW
from participant_world import World
from tablet_world import Tablet, sign_in_on_tablet

from pro_app.services.answers import AnswerState, Operation, save_operations
from pro_app.services.interviews import begin_interview
from pro_app.services.questionnaire import Questionnaire, load_questionnaire
from pro_app.services.sessions import ParticipantSignIn
from pro_app.services.submission import Receipt, submit_assessment


@dataclass
class Asking(Tablet):
    """One browser of a nurse in which a questionnaire is asked."""

    def begin(self, *, visit: str = "BASELINE", now: datetime = NOW) -> str:
        """Begin the interview of a visit's questionnaire."""
        staff = self.staff(now)
        assert staff is not None
        with self.world.database.writing() as session:
            self.token = begin_interview(
                session,
                assessment_id=self.world.assessment(visit).assessment_id,
                participant_id=self.world.participant_id,
                staff_session_id=staff.session_id,
                actor=staff.actor("test"),
                now=now,
            )
        return self.token

    def going_on(self, now: datetime = NOW) -> ParticipantSignIn:
        """Give the interview, which goes on."""
        found = self.participant(now)
        assert found is not None
        return found

    def look(self, now: datetime = NOW) -> Questionnaire:
        """Give the questionnaire as the pages of the interview see it."""
        found = self.going_on(now)
        assert found.loan is not None
        with self.world.database.reading() as session:
            return load_questionnaire(
                session, assessment_id=found.loan.assessment_id, actor=found.actor("test")
            )

    def write_down(
        self,
        item: int,
        value: int | None,
        *,
        state: AnswerState = "answered",
        name: str = "asked",
        now: datetime = NOW,
    ) -> None:
        """Keep what was said about an item."""
        found = self.going_on(now)
        assert found.loan is not None
        with self.world.database.writing() as session:
            save_operations(
                session,
                assessment_id=found.loan.assessment_id,
                operations=[Operation(f"{name}-{item}", "qlq-c30", item, state, value)],
                actor=found.actor("test"),
                now=now,
            )

    def send(self, now: datetime = NOW) -> Receipt:
        """Send the form."""
        found = self.going_on(now)
        assert found.loan is not None
        with self.world.database.writing() as session:
            return submit_assessment(
                session,
                assessment_id=found.loan.assessment_id,
                respondent="self",
                actor=found.actor("test"),
                now=now,
            )


def sign_in_to_ask(world: World, now: datetime = NOW) -> Asking:
    """Sign the nurse in at a browser."""
    return Asking(world, sign_in_on_tablet(world, now).staff_token)
