"""What has happened in an installation when every page of the staff has something to show.

Everything happens through the services, in a few seconds: the days that it takes are arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import builders
from clinic_world import Clinic
from export_world import answer_form
from journey_world import Installation, new_participant_code, today
from sqlalchemy import select
from wording_packs import make_pack
from wording_world import bring_in

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import system_clock
from pro_app.services.api_tokens import create_token
from pro_app.services.releases.make import make_due_releases
from pro_app.services.releases.request import request_release
from pro_app.storage.tables.accounts import Account

BEFORE = timedelta(days=2)
"""From consent to randomisation."""
WEEK_8 = timedelta(weeks=8)
CALLED = WEEK_8 + timedelta(days=4)
"""Since randomisation, for whoever is to be called about week 8, which is open still."""
MISSED = WEEK_8 + timedelta(days=14)
"""Since randomisation, for whoever can no longer answer week 8, unless the site reopens it."""
ARMS = ("LUTATHERA", "SURVEILLANCE")


@dataclass(frozen=True)
class StaffStory:
    """Two who answered, two who never did; three releases, a token, a pack of words, and an account to close.

    `folder` takes files on their way. The installation has a coordinator and an administrator by these names,
    an amendment 1.1 that waits, and somebody who is to answer today, `newcomer_id`.
    """

    installation: Installation
    folder: Path
    newcomer_id: int

    def tell(self) -> Mapping[str, Sequence[str]]:
        """Let everything happen; gives the addresses that each role looks at, besides what they lead to."""
        for line, arm in enumerate(ARMS):
            self._answer(arm, line=line)
        missed, called = (f"/clinic/participants/{self._enrol(since)}" for since in (MISSED, CALLED))
        self._ask_for("data_check")
        self._make_releases()
        self._answer(ARMS[0], line=len(ARMS))
        self._ask_for("planned_interim")
        self._make_releases()
        self._ask_for("data_check")
        self._bring_in_words()
        self._make_token()
        accounts, releases = "/admin/accounts", "/statistics/releases"
        steps = ("first-steps", "lost-phone", "contact", "events/new")
        lending = f"/clinic/participants/{self.newcomer_id}/tablet"
        return {
            "administrator": [
                f"{accounts}/{self._find_account('administrator')}/close",
                f"{accounts}/{self._add_leaver()}",
            ],
            "nurse": [missed, called, *(f"{called}/{step}" for step in steps), lending],
            "coordinator": [
                f"{releases}/2",
                f"{releases}/2/figures?by=arm",
                "/clinic/tasks",
                "/admin/amendments/1.1",
            ],
            "statistician": [*(f"{releases}/{number}" for number in (1, 2, 3)), "/statistics/tokens"],
        }

    @property
    def _nurse(self) -> Actor:
        assert self.installation.nurse is not None
        return self.installation.nurse

    @property
    def _study_id(self) -> int:
        return self._nurse.study_id or 0

    @cached_property
    def _clinic(self) -> Clinic:
        """The installation as a clinic of one site, whose nurse does what others would."""
        world, nurse = self.installation, self._nurse
        return Clinic(
            database=world.database,
            vault=world.vault,
            study_id=self._study_id,
            site_id=world.site_id,
            other_site_id=world.site_id,
            nurse=nurse,
            other_nurse=nurse,
            coordinator=nurse,
            monitor=nurse,
        )

    @cached_property
    def _statistician(self) -> Actor:
        account_id = self._find_account("statistician")
        return builders.staff_actor(
            "statistician", study_id=self._study_id, site_id=None, account_id=account_id
        )

    def _find_account(self, username: str) -> int:
        with self.installation.database.reading() as session:
            return session.scalars(select(Account.id).where(Account.username == username)).one()

    def _enrol(self, since: timedelta, *, arm: str = ARMS[0], baseline: int | None = None) -> int:
        """Enrol somebody who was randomised that long ago; gives the participant's key.

        `baseline` is the row of the golden answers that the first form is answered with, if it is.
        """
        code, begun, clinic = new_participant_code(), today() - since, self._clinic
        participant_id = clinic.enrol(begun - BEFORE, participant_code=code, email=f"{code}@example.fr")
        if baseline is not None:
            answer_form(clinic, participant_id, "BASELINE", on=begun - BEFORE, line=baseline)
        clinic.record(participant_id, "randomised", begun, arm=arm)
        return participant_id

    def _answer(self, arm: str, *, line: int) -> None:
        """Let somebody of an arm answer at the beginning, and something else at week 8."""
        participant_id = self._enrol(MISSED, arm=arm, baseline=line)
        on = today() - MISSED + WEEK_8
        answer_form(self._clinic, participant_id, "W08", on=on, line=line + len(ARMS) + 1)

    def _ask_for(self, purpose: str) -> None:
        """Ask for the next release."""
        with self.installation.database.writing() as session:
            request_release(
                session,
                study_id=self._study_id,
                reason="Comité de surveillance",
                purpose=purpose,
                actor=self._statistician,
                now=system_clock(),
            )

    def _make_releases(self) -> None:
        """Make the releases that wait, as the worker does."""
        folder = self.installation.settings.releases_folder
        worker = system_actor("worker", "story")
        made = make_due_releases(self.installation.database, folder=folder, actor=worker, clock=system_clock)
        assert made == 1

    def _make_token(self) -> None:
        """Make a token that can be revoked."""
        with self.installation.database.writing() as session:
            create_token(session, label="R", days=90, actor=self._statistician, now=system_clock())

    def _bring_in_words(self) -> None:
        """Import a pack of words that waits for its approvals."""
        self.folder.mkdir(exist_ok=True)
        database, now = self.installation.database, system_clock()
        bring_in(database, make_pack(), study_id=self._study_id, folder=self.folder, now=now)

    def _add_leaver(self) -> int:
        """Add a member of staff whose role can be taken away; gives the key of the account."""
        world = self.installation
        leaver = builders.build_staff(
            world.database, "nurse", study_id=self._study_id, site_id=world.site_id, now=system_clock()
        )
        assert leaver.account_id is not None
        return leaver.account_id
