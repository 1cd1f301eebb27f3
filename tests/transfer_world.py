"""A participant of the first site who is to be followed at the second one, and the people of both."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic_world import Clinic, noon

from pro_app.audit.actor import Actor
from pro_app.services.transfers.decisions import accept_transfer, refuse_transfer
from pro_app.services.transfers.requests import request_transfer, withdraw_transfer
from pro_app.services.transfers.rules import WantedTransfer
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.transfers import SiteTransfer

ENROLLED = date(2026, 1, 5)
MOVES_ON = date(2026, 1, 9)
ASKED = noon(date(2026, 1, 8))
ACCEPTED = noon(MOVES_ON)


@dataclass
class Moving:
    """One participant of the first site; each method runs one transaction of its own."""

    clinic: Clinic
    participant_id: int

    def wanted(self, **changes: object) -> WantedTransfer:
        """Give a good request to the second site, with `changes`."""
        good = WantedTransfer(self.clinic.other_site_id, MOVES_ON, "The patient moves house.")
        return replace(good, **changes)  # type: ignore[arg-type]  # a test's own keywords

    def ask(self, *, by: Actor | None = None, at: datetime = ASKED, **changes: object) -> int:
        """Ask the second site, and give the key of the request."""
        with self.clinic.writing() as session:
            return request_transfer(
                session, self.participant_id, self.wanted(**changes), actor=by or self.clinic.nurse, now=at
            )

    def accept(self, key: int, *, by: Actor | None = None, at: datetime = ACCEPTED) -> int:
        """Accept as the second site."""
        with self.clinic.writing() as session:
            return accept_transfer(session, key, actor=by or self.clinic.other_nurse, now=at)

    def refuse(self, key: int, *, by: Actor | None = None, reason: str = "No room.") -> None:
        """Refuse as the second site."""
        with self.clinic.writing() as session:
            refuse_transfer(session, key, reason=reason, actor=by or self.clinic.other_nurse, now=ACCEPTED)

    def withdraw(self, key: int, *, by: Actor | None = None) -> None:
        """Take the request back."""
        with self.clinic.writing() as session:
            later = ASKED + timedelta(hours=1)
            withdraw_transfer(session, key, actor=by or self.clinic.nurse, now=later)

    def row(self, key: int) -> SiteTransfer:
        """Give a request as it is stored."""
        with self.clinic.database.reading() as session:
            return session.get_one(SiteTransfer, key)

    def site_id(self) -> int:
        """Give the site of the participant."""
        with self.clinic.database.reading() as session:
            return session.get_one(Participant, self.participant_id).site_id


def build_moving(clinic: Clinic) -> Moving:
    """Enrol somebody at the first site."""
    return Moving(clinic, clinic.enrol(ENROLLED))
