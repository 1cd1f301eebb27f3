"""Where the pictures are taken: a small installation in a temporary folder, with one made-up person.

Nothing of the real installation is opened for it but its definitions; no answer of anybody is near.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from pro_app.app import create_app
from pro_app.audit.actor import Actor, system_actor
from pro_app.booklet.texts import BookletTexts, install_texts
from pro_app.clock import civil_date, system_clock
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.protocol import Protocol
from pro_app.services.answers import Operation, save_operations
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.participant_sign_in import OWN_DEVICE
from pro_app.services.questionnaire import Questionnaire, load_questionnaire
from pro_app.services.sessions import start_participant_session
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.submission import submit_assessment
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.storage.migrate import migrate
from pro_app.storage.queries.assessments import list_assessments

ACTOR = system_actor("command", "screens")


@dataclass
class Stage:
    """The running pages, and the one person who sees them; `cookie` signs that person in."""

    database: Database
    base_url: str
    cookie: tuple[str, str]
    actor: Actor
    assessment_id: int

    def load(self) -> Questionnaire:
        """Give the questionnaire as it stands now."""
        with self.database.reading() as session:
            return load_questionnaire(session, assessment_id=self.assessment_id, actor=self.actor)

    def answer(self) -> None:
        """Answer every item, so that the review shows each kind of answer once at least."""
        screens = self.load().item_screens
        operations = []
        for screen in screens:
            item = screen.item
            if item is None:
                continue
            state, value = "answered", screen.values[item.number % len(screen.values)]
            if screen is screens[0]:
                state = "declined"
            elif item.na_allowed:
                state = "not_applicable"
            operations.append(
                Operation(
                    operation_id=secrets.token_hex(16),
                    instrument_code=screen.part.asked.instrument.code,
                    item_number=item.number,
                    state=state,  # type: ignore[arg-type]  # one of the three words above
                    value=value if state == "answered" else None,
                )
            )
        with self.database.writing() as session:
            save_operations(
                session,
                assessment_id=self.assessment_id,
                operations=operations,
                actor=self.actor,
                now=system_clock(),
            )

    def submit(self, respondent: str) -> None:
        """Send the questionnaire."""
        with self.database.writing() as session:
            submit_assessment(
                session,
                assessment_id=self.assessment_id,
                respondent=respondent,
                actor=self.actor,
                now=system_clock(),
            )


class _Quiet(WSGIRequestHandler):
    """Answers without a line for each request, and uncompressed: nothing travels far."""

    def make_environ(self) -> dict[str, Any]:
        """Leave out that the browser would take compressed answers."""
        environ: dict[str, Any] = super().make_environ()
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def open_stage(texts: BookletTexts, folder: Path, *, language: str) -> Iterator[Stage]:
    """Make the installation in an empty folder and serve its pages on this machine until the block ends.

    Raises InputRejected where no visit at enrolment asks every instrument.
    """
    settings = _make_settings(folder)
    app = _make_app(settings, texts)
    parts = app.extensions["pro_app"]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    try:
        with parts.database.writing() as session:
            actor, token = _enrol(session, texts, vault=parts.vault, language=language, now=system_clock())
        with parts.database.reading() as session:
            assessment_id = _find_assessment(session, actor, texts.protocol)
        thread.start()
        yield Stage(
            parts.database,
            f"http://127.0.0.1:{server.server_port}",
            _make_cookie(app, token),
            actor,
            assessment_id,
        )
    finally:
        if thread.is_alive():
            server.shutdown()
            thread.join()
        server.server_close()
        for database in (parts.database, parts.vault.database):
            database.engine.dispose()


def _make_settings(folder: Path) -> Settings:
    """Make settings under which nothing can leave this machine."""
    return Settings(
        database_url=f"sqlite:///{folder / 'main.sqlite'}",
        contacts_database_url=f"sqlite:///{folder / 'contacts.sqlite'}",
        secret_key=secrets.token_urlsafe(48),
        contacts_key=secrets.token_urlsafe(48),
        mail_url=f"maildir:{folder / 'mail'}",
        mail_sender="ne-pas-repondre@example.invalid",
        public_url="http://127.0.0.1",
        secure_cookies=False,
        data_folder=folder,
    )


def _make_app(settings: Settings, texts: BookletTexts) -> Flask:
    app = create_app(settings)
    parts = app.extensions["pro_app"]
    migrate(parts.database, "main")
    migrate(parts.vault.database, "contacts")
    with parts.database.writing() as session:
        install_texts(session, texts, actor=ACTOR, now=system_clock())
    return app


def _enrol(
    session: Session, texts: BookletTexts, *, vault: ContactVault, language: str, now: datetime
) -> tuple[Actor, str]:
    """Enrol the one person at the one site; gives the person and the token of a session."""
    zone = texts.protocol.default_zone
    study_id = texts.find_study_id(session)
    details = SiteDetails(
        study_id=study_id,
        site_code="01",
        name="Centre",
        city="Ville",
        zone=zone,
        telephone="01 99 00 00 01",
        sender_label="Votre centre",
    )
    site = save_site(session, details, actor=ACTOR, now=now)
    enrolment = Enrolment(
        site_id=site.id,
        participant_code="01-001",
        consented_on=civil_date(now, zone),
        notice_version="1.0",
        email=None,
        telephone=None,
        language=language,
        zone=zone,
        reminder_hour=10,
    )
    participant_id = enrol_participant(session, enrolment, vault=vault, actor=ACTOR, now=now).id
    token = start_participant_session(
        session, participant_id=participant_id, device_id=None, mode=OWN_DEVICE, now=now
    )
    actor = Actor(
        kind="participant",
        role="participant",
        request_id="screens",
        study_id=study_id,
        site_ids=frozenset({site.id}),
        participant_id=participant_id,
        mode=OWN_DEVICE,
    )
    return actor, token


def _find_assessment(session: Session, actor: Actor, protocol: Protocol) -> int:
    """Find the visit that is open and asks every instrument."""
    wanted = {named.code for named in protocol.instruments}
    now = system_clock()
    for assessment in list_assessments(session, participant_id=actor.participant_id or 0):
        phase = protocol.find_phase(assessment.planned_code)
        asked = {named.code for named in phase.instruments} if phase else set()
        if asked >= wanted and assessment.is_answerable(now):
            return assessment.assessment_id
    message = mark("No visit that opens at enrolment asks all questionnaires of this study.")
    raise InputRejected((Problem(message),))


def _make_cookie(app: Flask, token: str) -> tuple[str, str]:
    """Make the cookie that a browser holds after the sign-in."""
    with app.test_request_context("/p/"):
        interface = app.session_interface
        serializer = interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # signed cookies
        value = serializer.dumps({"_user_id": f"participant:{token}", "_fresh": True})
        return interface.get_cookie_name(app), str(value)
