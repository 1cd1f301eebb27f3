"""An installation behind a real server: who answers there, on which phones, and what is stored."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import builders
from flask import Flask
from phones import Phone
from server_process import ServerProcess

from pro_app.audit.actor import Actor
from pro_app.clock import system_clock
from pro_app.storage.database import Database
from pro_app.web.request import Parts


@dataclass
class DurableWorld:
    """The stores as this process sees them, and the server that the phones talk to."""

    app: Flask
    server: ServerProcess
    study_id: int
    site_id: int
    nurse: Actor
    _phones: ExitStack = field(default_factory=ExitStack)

    @property
    def parts(self) -> Parts:
        """Give the stores of the installation."""
        found = self.app.extensions["pro_app"]
        assert isinstance(found, Parts)
        return found

    @property
    def database(self) -> Database:
        """Give the main store."""
        return self.parts.database

    def enrol(self, number: int) -> list[int]:
        """Enrol so many participants today, each with a questionnaire to answer; gives their keys."""
        return [
            builders.enrol(
                self.database, self.parts.vault, site_id=self.site_id, actor=self.nurse, now=system_clock()
            )
            for _ in range(number)
        ]

    def lend_phone(self, participant_id: int) -> Phone:
        """Sign a participant in on a phone of their own."""
        token = builders.build_session(self.database, participant_id, now=system_clock())
        phone = Phone(self.server.port, builders.signed_cookie(self.app, token))
        self._phones.callback(phone.close)
        return phone

    def close(self) -> None:
        """Close what this process holds open."""
        self._phones.close()
        self.database.engine.dispose()
        self.parts.vault.database.engine.dispose()


def build_durable_world(app: Flask, server: ServerProcess) -> DurableWorld:
    """Load the study, a site and its nurse into the installation of `app`."""
    database, now = app.extensions["pro_app"].database, system_clock()
    study_id = builders.build_study(database, now=now)
    site_id = builders.build_site(database, study_id=study_id, now=now)
    nurse = builders.build_staff(database, "nurse", study_id=study_id, site_id=site_id, now=now)
    return DurableWorld(app, server, study_id, site_id, nurse)
