"""One of everything at the first site of a clinic, and everybody of the staff who may ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import builders
from clarification_world import build_correction
from clinic_world import Clinic, build_clinic, noon
from flask import Flask
from sqlalchemy import select
from staff_world import site_details
from transfer_world import Moving
from wording_packs import make_pack
from wording_world import bring_in

from pro_app.audit.actor import Actor, system_actor
from pro_app.services.answer_readings import open_reading
from pro_app.services.api_tokens import create_token
from pro_app.services.consent_records import ConsentSaid, record_consent
from pro_app.services.releases.make import make_due_releases
from pro_app.services.releases.request import request_release
from pro_app.services.sites import save_site
from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import StaffRole
from pro_app.storage.tables.api_tokens import ApiToken
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.passkeys import Passkey
from pro_app.storage.tables.wording_packs import ImportedWording

BEGUN = date(2026, 1, 12)
TODAY = date(2026, 3, 12)
"""Week 8 is open since three days."""
SETUP = system_actor("test", "setup")
STUDY_ROLES = ("administrator", "coordinator", "monitor", "inspector", "statistician")


@dataclass(frozen=True)
class ReachWorld:
    """The clinic, the usernames of its staff by role (`nurse elsewhere` …), and the value of each argument.

    `missing` holds values of which there is nothing. `forms` are the participant's own questionnaires.
    """

    clinic: Clinic
    usernames: Mapping[str, str]
    own: Mapping[str, str | int]
    missing: Mapping[str, str | int]
    forms: Mapping[str, int]

    def values(self, endpoint: str, *, missing: bool = False) -> dict[str, str | int]:
        """Give the values of all arguments for one endpoint."""
        face = endpoint.partition(".")[0]
        found = dict(self.missing if missing else self.own)
        if face == "questionnaire":
            found["number"] = 1
        if endpoint == "questionnaire.show_receipt" or face == "participant":
            found["assessment_id"] = found["assessment_id"] if missing else self.forms["sent"]
        return found


def build_reach_world(app: Flask, folder: Path) -> ReachWorld:
    """Let one of everything happen at the first site."""
    parts = app.extensions["pro_app"]
    database: Database = parts.database
    clinic = build_clinic(database, parts.vault)
    correction = build_correction(clinic)
    participant_id = correction.participant_id
    event_id = clinic.record(participant_id, "randomised", BEGUN, arm="LUTATHERA")
    open_form = clinic.answer(participant_id, "W08", TODAY, submit=False)
    clarification_id = correction.request(at=noon(TODAY))
    staff = {role: _add(database, clinic, role) for role in STUDY_ROLES}
    with database.writing() as session:
        reading = open_reading(
            session, participant_id, reason="Visit", actor=correction.investigator, now=noon(TODAY)
        )
        reading_id = reading.id
        said = ConsentSaid("copy_given", TODAY, "2.1", "")
        record_id = record_consent(session, participant_id, said, actor=clinic.nurse, now=noon(TODAY))
        third = save_site(
            session, site_details(clinic.study_id, site_code="77"), actor=SETUP, now=noon(TODAY)
        )
        third_site_id = third.id
        create_token(session, label="R", days=90, actor=staff["statistician"], now=noon(TODAY))
        token_id = session.scalars(select(ApiToken.id)).one()
        device = Device(
            participant_id=participant_id, secret_sha256="0" * 64, label="Phone", remembered_at=noon(TODAY)
        )
        stop = ChannelStop(
            participant_id=participant_id, channel="email", reason="bounced", since_at=noon(TODAY)
        )
        passkey = _make_passkey(clinic.nurse, noon(TODAY))
        session.add_all([device, stop, passkey])
        session.flush()
        added = device.id, stop.id, passkey.id
    moving = Moving(clinic, clinic.enrol(BEGUN, participant_code="15-050", email="b@example.fr"))
    transfer_id = moving.ask(at=noon(TODAY), to_site_id=third_site_id, moves_on=TODAY)
    pack_id = _bring_in_words(database, clinic, folder)
    _make_releases(app, staff["statistician"])
    forms = {"sent": correction.assessment_id, "open": open_form}
    own = {
        "participant_id": participant_id,
        "assessment_id": open_form,
        "event_id": event_id,
        "clarification_id": clarification_id,
        "reading_id": reading_id,
        "record_id": record_id,
        "transfer_id": transfer_id,
        "device_id": added[0],
        "stop_id": added[1],
        "passkey_id": added[2],
        "token_id": token_id,
        "pack_id": pack_id,
        "account_id": clinic.nurse.account_id or 0,
        "staff_role_id": _find_role(database, clinic.nurse),
        "site_id": clinic.site_id,
        "mark": "as the list of tasks names it",
        "month": "2026-02",
        "version": "1.0",
        "number": 1,
        "earlier": 1,
        "later": 2,
        "code": "completion",
        "name": "assessments",
        "table": "assessments",
        "topic": "tasks",
    }
    missing = {name: 999_999 if isinstance(value, int) else "nothing" for name, value in own.items()}
    usernames = {role: f"reach-{role}" for role in STUDY_ROLES} | {
        "nurse": "member-0",
        "nurse elsewhere": "member-1",
        "investigator": "member-4",
        "investigator elsewhere": "member-5",
    }
    return ReachWorld(clinic, usernames, own, missing, forms)


def _add(database: Database, clinic: Clinic, role: str) -> Actor:
    """Add somebody of the whole study."""
    ends_at = noon(TODAY) + timedelta(days=90) if role == "inspector" else None
    return builders.build_staff(
        database,
        role,
        study_id=clinic.study_id,
        username=f"reach-{role}",
        ends_at=ends_at,
        now=noon(BEGUN),
    )


def _make_passkey(actor: Actor, now: datetime) -> Passkey:
    """Make a passkey that nobody can use, so that there is one."""
    return Passkey(
        account_id=actor.account_id,
        credential_id="reach",
        public_key=b"reach",
        label="Key",
        sign_count=0,
        added_at=now,
    )


def _bring_in_words(database: Database, clinic: Clinic, folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    bring_in(database, make_pack(), study_id=clinic.study_id, folder=folder, now=noon(TODAY))
    with database.reading() as session:
        return session.scalars(select(ImportedWording.id)).one()


def _make_releases(app: Flask, statistician: Actor) -> None:
    """Make two releases."""
    parts = app.extensions["pro_app"]
    folder = parts.settings.releases_folder
    for _ in range(2):
        with parts.database.writing() as session:
            request_release(
                session,
                study_id=statistician.study_id or 0,
                reason="Committee",
                purpose="data_check",
                actor=statistician,
                now=noon(TODAY),
            )
        made = make_due_releases(parts.database, folder=folder, actor=SETUP, clock=lambda: noon(TODAY))
        assert made == 1


def _find_role(database: Database, actor: Actor) -> int:
    with database.reading() as session:
        return session.scalars(select(StaffRole.id).where(StaffRole.account_id == actor.account_id)).one()
