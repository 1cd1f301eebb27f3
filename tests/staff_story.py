"""What has happened in an installation when every page of the staff has something to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import builders
from journey_world import Installation, today
from sqlalchemy import select
from wording_packs import make_pack
from wording_world import bring_in

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import system_clock
from pro_app.services.api_tokens import create_token
from pro_app.services.releases.make import make_due_releases
from pro_app.services.releases.request import request_release
from pro_app.storage.tables.accounts import Account

DAYS_AGO = 8 * 7 + 7
"""The baseline is missed by then, and week 8 so late that the site is to call."""


@dataclass(frozen=True)
class StaffStory:
    """Somebody with a missed form and a call to make, two releases, a token, a pack of words, an account.

    `folder` takes files on their way. The installation has a coordinator and an administrator by these names.
    """

    installation: Installation
    folder: Path

    def tell(self) -> Mapping[str, Sequence[str]]:
        """Let everything happen; gives by role the addresses that no link on the way leads to."""
        record = f"/clinic/participants/{self._miss_forms()}"
        self._make_releases()
        self._bring_in_words()
        leaver = builders.build_staff(
            self.installation.database,
            "nurse",
            study_id=self._study_id,
            site_id=self.installation.site_id,
            username="leaver",
            now=system_clock(),
        )
        accounts = "/admin/accounts"
        own_close = f"{accounts}/{self._find_account('administrator')}/close"
        steps = [f"{record}/{page}" for page in ("first-steps", "lost-phone", "contact", "events/new")]
        release = "/statistics/releases/2"
        return {
            "administrator": [own_close, f"{accounts}/{leaver.account_id}"],
            "nurse": [record, *steps],
            "statistician": ["/statistics/releases/1", release],
            "coordinator": [release, f"{release}/figures?by=arm"],
        }

    @cached_property
    def _study_id(self) -> int:
        assert self.installation.nurse is not None
        return self.installation.nurse.study_id or 0

    def _find_account(self, username: str) -> int:
        with self.installation.database.reading() as session:
            return session.scalars(select(Account.id).where(Account.username == username)).one()

    def _miss_forms(self) -> int:
        """Enrol somebody weeks ago who never answered; gives the participant's key."""
        world, now = self.installation, system_clock()
        assert world.nurse is not None
        then = now - timedelta(days=DAYS_AGO)
        participant_id = builders.enrol(
            world.database, world.vault, site_id=world.site_id, actor=world.nurse, now=then
        )
        begun = today() - timedelta(days=DAYS_AGO)
        builders.randomise(world.database, participant_id, on=begun, actor=world.nurse, now=now)
        return participant_id

    def _make_releases(self) -> None:
        """Make two releases, of which the second waits for an approval, and a token to read them with."""
        world, now = self.installation, system_clock()
        actor = Actor(
            kind="staff",
            role="statistician",
            request_id="test",
            study_id=self._study_id,
            site_ids=None,
            account_id=self._find_account("statistician"),
        )
        for purpose in ("data_check", "planned_interim"):
            with world.database.writing() as session:
                request_release(
                    session,
                    study_id=self._study_id,
                    reason="Comité de surveillance",
                    purpose=purpose,
                    actor=actor,
                    now=now,
                )
        made = make_due_releases(
            world.database,
            folder=world.settings.releases_folder,
            actor=system_actor("worker", "story"),
            clock=system_clock,
        )
        assert made == 2
        with world.database.writing() as session:
            create_token(session, label="R", days=90, actor=actor, now=now)

    def _bring_in_words(self) -> None:
        """Import a pack of words that waits for its approvals."""
        self.folder.mkdir(exist_ok=True)
        bring_in(
            self.installation.database,
            make_pack(),
            study_id=self._study_id,
            folder=self.folder,
            now=system_clock(),
        )
