"""Building what a test needs through the real services: study, site, staff, participants, devices.

Each function runs one transaction of its own on the given database and gives keys, never rows. Times are
arguments: tests on a simulated day pass it, tests against a running server pass the system's clock.
"""

from dataclasses import replace
from datetime import date, datetime
from itertools import count

from flask import Flask

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import civil_date
from pro_app.contacts.vault import ContactVault
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.services.accounts import create_account
from pro_app.services.cards import PrintedCard, print_card
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.events import record_event
from pro_app.services.participant_sign_in import OWN_DEVICE, NewDevice, activate_card
from pro_app.services.sessions import start_participant_session
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.staff_roles import grant_role
from pro_app.services.studies import load_study
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.participants import find_participant

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
SETUP = system_actor("test", "setup")
ZONE = "Europe/Paris"
PIN = "420815"
PASSWORD = "a long and unusual password 7!"

_numbers = count(1)


def build_study(database: Database, *, now: datetime) -> int:
    """Load the first trial's protocol with all it names; gives the study's key."""
    with database.writing() as session:
        return load_study(session, protocol_path=PROTOCOL, actor=SETUP, now=now).id


def build_site(database: Database, *, study_id: int, site_code: str = "15", now: datetime) -> int:
    """Add a site; gives its key."""
    details = SiteDetails(
        study_id=study_id,
        site_code=site_code,
        name=f"Centre {site_code}",
        city="Montpellier",
        zone=ZONE,
        telephone="04 67 61 31 00",
        sender_label="Suivi 34",
    )
    with database.writing() as session:
        return save_site(session, details, actor=SETUP, now=now).id


def build_staff(
    database: Database,
    role: str,
    *,
    study_id: int,
    site_id: int | None = None,
    username: str | None = None,
    ends_at: datetime | None = None,
    now: datetime,
) -> Actor:
    """Make an account under one role (its password is PASSWORD) and give it as an actor."""
    with database.writing() as session:
        account_id = create_account(
            session,
            username=username or f"member-{next(_numbers)}",
            display_name=f"A member of staff, {role}",
            password=PASSWORD,
            language="fr",
            actor=SETUP,
            now=now,
        ).id
        grant_role(
            session,
            account_id=account_id,
            study_id=study_id,
            role=role,
            site_id=site_id,
            actor=SETUP,
            now=now,
            ends_at=ends_at,
        )
    return staff_actor(role, study_id=study_id, site_id=site_id, account_id=account_id)


def enrol(
    database: Database,
    vault: ContactVault,
    *,
    site_id: int,
    actor: Actor,
    now: datetime,
    **changes: object,
) -> int:
    """Enrol a participant who consented today, with an e-mail; `changes` to the form. Gives the key."""
    code = f"15-{next(_numbers):04}"
    enrolment = Enrolment(
        site_id=site_id,
        participant_code=code,
        consented_on=civil_date(now, ZONE),
        notice_version="1.0",
        email=f"person-{code}@example.org",
        telephone=None,
        language="fr",
        zone=ZONE,
        reminder_hour=10,
    )
    said = replace(enrolment, **changes)  # type: ignore[arg-type]  # a test's own keywords
    with database.writing() as session:
        return enrol_participant(session, said, vault=vault, actor=actor, now=now).id


def randomise(
    database: Database,
    participant_id: int,
    *,
    on: date,
    arm: str = "SURVEILLANCE",
    actor: Actor,
    now: datetime,
) -> int:
    """Record the randomisation, which plans all later visits; gives the event's key."""
    with database.writing() as session:
        return record_event(
            session,
            participant_id=participant_id,
            kind="randomised",
            occurred_on=on,
            details={"arm": arm},
            actor=actor,
            now=now,
        ).id


def build_card(
    database: Database, participant_id: int, *, secret_key: str, actor: Actor, now: datetime
) -> PrintedCard:
    """Print a sign-in card; its token and codes are in the answer and nowhere else."""
    with database.writing() as session:
        return print_card(session, participant_id=participant_id, secret_key=secret_key, actor=actor, now=now)


def build_device(database: Database, card: PrintedCard, *, secret_key: str, now: datetime) -> NewDevice:
    """Activate a card with PIN on a phone that is remembered; signed in afterwards."""
    with database.writing() as session:
        return activate_card(
            session,
            token_or_code=card.token,
            pin=PIN,
            device_label="Telephone",
            secret_key=secret_key,
            now=now,
        )


def build_session(database: Database, participant_id: int, *, now: datetime) -> str:
    """Start a session of a participant without the work of hashing a PIN; gives its token."""
    with database.writing() as session:
        return start_participant_session(
            session, participant_id=participant_id, device_id=None, mode=OWN_DEVICE, now=now
        )


def signed_cookie(app: Flask, token: str, *, kind: str = "participant") -> str:
    """Give the value of the cookie that a browser holds after signing in with this session's token."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # signed cookies
    return str(serializer.dumps({"_user_id": f"{kind}:{token}", "_fresh": True}))


def find_assessment(database: Database, participant_id: int, visit_code: str = "BASELINE") -> int:
    """Give the key of a participant's assessment at a visit."""
    with database.reading() as session:
        records = list_assessments(session, participant_id=participant_id)
    return next(record.assessment_id for record in records if record.visit_code == visit_code)


def staff_actor(role: str, *, study_id: int, site_id: int | None, account_id: int) -> Actor:
    """Make a member of staff under one role as the actor of a request."""
    return Actor(
        kind="staff",
        role=role,
        request_id="test",
        study_id=study_id,
        site_ids=None if site_id is None else frozenset({site_id}),
        account_id=account_id,
    )


def participant_actor(database: Database, participant_id: int) -> Actor:
    """Make a participant, on a phone that is not remembered, as the actor of a request."""
    with database.reading() as session:
        participant = find_participant(session, participant_id)
    assert participant is not None
    return Actor(
        kind="participant",
        role="participant",
        request_id="test",
        study_id=participant.study_id,
        site_ids=frozenset({participant.site_id}),
        participant_id=participant_id,
        mode=OWN_DEVICE,
    )
