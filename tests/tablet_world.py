"""A tablet of the site in the hands of a nurse, lent through the services."""

from dataclasses import dataclass
from datetime import datetime

from clinic_browser import PASSWORD
from conftest import NOW
from participant_world import World
from sqlalchemy import select

from pro_app.services.sessions import ParticipantSignIn, find_participant_sign_in
from pro_app.services.staff_sessions import StaffSignIn, find_staff_sign_in, start_staff_session
from pro_app.services.staff_sign_in import prove_password
from pro_app.services.tablet_loans import PausedSession, find_paused_session, lend_tablet, take_back_tablet
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.tablet_loans import TabletLoan

IDLE_MINUTES = 10


@dataclass
class Tablet:
    """One browser: the token of staff that it holds, and that of a participant while it is lent."""

    world: World
    staff_token: str
    token: str = ""

    def lend(
        self,
        world: World | None = None,
        *,
        visit: str = "BASELINE",
        assessment_id: int | None = None,
        now: datetime = NOW,
    ) -> str:
        """Lend it to a participant for a visit's questionnaire, or for any other one."""
        lent_to = world or self.world
        staff = self.staff(now)
        assert staff is not None
        with self.world.database.writing() as session:
            self.token = lend_tablet(
                session,
                assessment_id=assessment_id or lent_to.assessment(visit).assessment_id,
                participant_id=lent_to.participant_id,
                staff_session_id=staff.session_id,
                idle_minutes=IDLE_MINUTES,
                actor=staff.actor("test"),
                now=now,
            )
        return self.token

    def staff(self, now: datetime = NOW) -> StaffSignIn | None:
        """Find what the staff cookie of this browser opens."""
        return find_staff_sign_in(self.world.database, self.staff_token, now=now)

    def participant(self, now: datetime = NOW, *, touch: bool = True) -> ParticipantSignIn | None:
        """Find what the participant's cookie of this browser opens."""
        return find_participant_sign_in(self.world.database, self.token, now=now, touch=touch)

    def paused(self, now: datetime = NOW) -> PausedSession | None:
        """Find what the lock page knows."""
        return find_paused_session(self.world.database, self.staff_token, now=now)

    def take_back(self, *, username: str = "member-0", now: datetime = NOW) -> None:
        """Give a password on the lock page."""
        paused = self.paused(now)
        assert paused is not None
        proof = prove_password(self.world.database, username=username, password=PASSWORD)
        with self.world.database.writing() as session:
            self.staff_token = take_back_tablet(session, paused, proof, now=now)

    def loans(self) -> list[TabletLoan]:
        """List the loans of every tablet in the order in which they began."""
        with self.world.database.reading() as session:
            return list(session.scalars(select(TabletLoan).order_by(TabletLoan.id)))


def sign_in_on_tablet(world: World, now: datetime = NOW) -> Tablet:
    """Sign the nurse in on another tablet."""
    account_id = world.clinic.nurse.account_id
    assert account_id is not None
    with world.database.writing() as session:
        (role,) = list_active_roles(session, at=now, account_id=account_id)
        token = start_staff_session(session, account_id=account_id, staff_role_id=role.id, now=now)
    return Tablet(world, token)
