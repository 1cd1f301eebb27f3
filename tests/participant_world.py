"""One participant with a printed card, made through the services, and a browser without JavaScript."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from clinic_world import Clinic, build_clinic
from conftest import NOW, TEST_SECRET
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pro_app.audit.actor import Actor
from pro_app.contacts.vault import ContactVault
from pro_app.services.cards import PrintedCard, print_card
from pro_app.services.devices import revoke_devices
from pro_app.services.enrolment import enrol_participant
from pro_app.services.participant_sign_in import NewDevice, activate_card, sign_in
from pro_app.services.pin_proofs import prove_pin_on_device, prove_pin_with_code
from pro_app.storage.database import Database
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments

PIN = "482915"


@dataclass
class World:
    """A clinic, one participant of it, and the card that was handed over."""

    clinic: Clinic
    participant_id: int
    card: PrintedCard

    @property
    def database(self) -> Database:
        """The main store."""
        return self.clinic.database

    def actor(self, **changes: object) -> Actor:
        """Give the participant as an actor, on no remembered device."""
        facts: dict[str, object] = {
            "kind": "participant",
            "role": "participant",
            "request_id": "test",
            "study_id": self.clinic.study_id,
            "site_ids": frozenset({self.clinic.site_id}),
            "participant_id": self.participant_id,
            "mode": "own_device",
        }
        return Actor(**(facts | changes))  # type: ignore[arg-type]  # a test's own keywords

    def assessment(self, visit_code: str = "BASELINE") -> AssessmentRecord:
        """Give the participant's assessment of a visit."""
        with self.database.reading() as session:
            records = list_assessments(session, participant_id=self.participant_id)
        return next(record for record in records if record.visit_code == visit_code)

    def remember_phone(self) -> NewDevice:
        """Activate the card on a phone that is remembered from then on."""
        with self.database.writing() as session:
            return activate_card(
                session,
                token_or_code=self.card.token,
                pin=PIN,
                device_label="iPhone",
                secret_key=TEST_SECRET,
                now=NOW,
            )

    def revoke_phones(self) -> None:
        """Let the nurse shut out every phone of the participant."""
        with self.database.writing() as session:
            revoke_devices(
                session,
                participant_id=self.participant_id,
                vault=self.clinic.vault,
                actor=self.clinic.nurse,
                now=NOW,
            )

    def print_card(self, now: datetime = NOW) -> PrintedCard:
        """Print another card."""
        with self.database.writing() as session:
            return print_card(
                session,
                participant_id=self.participant_id,
                secret_key=TEST_SECRET,
                actor=self.clinic.nurse,
                now=now,
            )

    def sign_in_on(self, device_secret: str, *, pin: str = PIN, now: datetime = NOW) -> NewDevice:
        """Sign in with the PIN on a remembered device."""
        proof = prove_pin_on_device(self.database, device_secret=device_secret, pin=pin)
        with self.database.writing() as session:
            return sign_in(session, proof, now=now)

    def sign_in_with(
        self,
        code: str,
        *,
        pin: str = PIN,
        remember: bool = False,
        device_label: str = "",
        now: datetime = NOW,
    ) -> NewDevice:
        """Sign in with a sign-in code and the PIN."""
        proof = prove_pin_with_code(self.database, sign_in_code=code, pin=pin, secret_key=TEST_SECRET)
        with self.database.writing() as session:
            return sign_in(session, proof, remember=remember, device_label=device_label, now=now)

    def randomise(self) -> None:
        """Record the randomisation, today."""
        self.clinic.record(self.participant_id, "randomised", NOW.date(), arm="LUTATHERA")

    def enrol_another(self, code: str = "15-099") -> "World":
        """Enrol a second participant at the same site."""
        return _enrol(self.clinic, code)


def build_world(database: Database, vault: ContactVault) -> World:
    """Enrol one participant today and print the card."""
    return _enrol(build_clinic(database, vault), "15-001")


def _enrol(clinic: Clinic, code: str) -> World:
    said = clinic.enrolment(consented_on=NOW.date(), participant_code=code)
    with clinic.writing() as session:
        participant = enrol_participant(session, said, vault=clinic.vault, actor=clinic.nurse, now=NOW)
        card = print_card(
            session, participant_id=participant.id, secret_key=TEST_SECRET, actor=clinic.nurse, now=NOW
        )
        return World(clinic, participant.id, card)


def form_fields(page: TestResponse, action: str | None = None) -> dict[str, str]:
    """Read the hidden and typed fields of the (first) form of a page, as a browser would send them back."""
    html = page.get_data(as_text=True)
    forms = re.findall(r"<form[^>]*>.*?</form>", html, re.DOTALL)
    chosen = next(form for form in forms if action is None or f'action="{action}"' in form)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", chosen):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in {"radio", "checkbox"} and " checked" not in tag:
            continue
        fields[attributes["name"]] = attributes.get("value", "")
    return fields


def list_notices(page: TestResponse) -> list[str]:
    """List the kinds of the notices that a page shows; those that only a script may show are left out."""
    html = re.sub(r"<template.*?</template>", "", page.get_data(as_text=True), flags=re.DOTALL)
    return re.findall(r'class="notice notice-(\w+)', html)


def post(
    client: FlaskClient, page: TestResponse, data: Mapping[str, str], *, to: str | None = None
) -> TestResponse:
    """Send the form of a page with what was filled in, from the page's own address unless `to` is given."""
    fields = form_fields(page, to) | dict(data)
    return client.post(to or page.request.path, data=fields)


def activate(client: FlaskClient, card: PrintedCard, *, pin: str = PIN) -> TestResponse:
    """Type the card's short code, tap, choose a PIN; ends on the home page."""
    choose = post(client, client.get("/p/activate"), {"code": card.short_code})
    return post(client, choose, {"pin": pin, "again": pin})


def make_operation(number: int = 1, value: object = 2, **changes: object) -> dict[str, Any]:
    """Give an operation as a phone sends it, with `changes`."""
    return {
        "operation_id": str(uuid4()),
        "instrument_code": "qlq-c30",
        "item_number": number,
        "state": "answered",
        "value": value,
        "counter": 1,
        "device_at": NOW.isoformat(),
        "device_zone": "Europe/Paris",
    } | changes
