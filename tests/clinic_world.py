"""A small clinic on each database: one study, two sites, a nurse at each, made through the services."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from database_copies import Rows, read_rows, write_rows

from pro_app.audit.actor import Actor, system_actor
from pro_app.contacts.vault import ContactVault
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.services.accounts import create_account
from pro_app.services.answers import Operation, save_operations
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.events import record_event
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.staff_roles import grant_role
from pro_app.services.studies import load_current_protocol, load_study
from pro_app.services.submission import submit_assessment
from pro_app.storage.database import Database, Session
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments

NOON = 11
"""UTC hour of everything that the clinic does: midday in Paris, the same civil date everywhere near."""


@dataclass
class Clinic:
    """What the tests act with; each method runs one transaction of its own."""

    database: Database
    vault: ContactVault
    study_id: int
    site_id: int
    other_site_id: int
    nurse: Actor
    other_nurse: Actor
    coordinator: Actor
    monitor: Actor

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction that changes something."""
        return self.database.writing()

    def enrolment(self, **changes: object) -> Enrolment:
        """Give a good enrolment at the nurse's site, with `changes`."""
        good = Enrolment(
            site_id=self.site_id,
            participant_code="15-001",
            consented_on=date(2026, 1, 5),
            notice_version="2.1",
            email="a.dupont@example.fr",
            telephone="06 12 34 56 78",
            language="fr",
            zone="Europe/Paris",
            reminder_hour=10,
        )
        return replace(good, **changes)  # type: ignore[arg-type]  # a test's own keywords

    def enrol(self, on: date, **changes: object) -> int:
        """Enrol on a day, at consent, and give the participant's key."""
        said = self.enrolment(**{"consented_on": on, **changes})
        with self.writing() as session:
            return enrol_participant(session, said, vault=self.vault, actor=self.nurse, now=noon(on)).id

    def record(
        self, participant_id: int, kind: str, on: date, *, at: date | None = None, **details: str
    ) -> int:
        """Record an event, on the day it happened or later (`at`), and give its key."""
        with self.writing() as session:
            return record_event(
                session,
                participant_id=participant_id,
                kind=kind,
                occurred_on=on,
                details=details,
                actor=self.nurse,
                now=noon(at or on),
            ).id

    def person(self, participant_id: int) -> Actor:
        """Give a participant of the first site as an actor."""
        return Actor(
            kind="participant",
            role="participant",
            request_id="test",
            study_id=self.study_id,
            site_ids=frozenset({self.site_id}),
            participant_id=participant_id,
            mode="own_device",
        )

    def answer(
        self, participant_id: int, visit_code: str, on: date, *, submit: bool = True, items: int = 1
    ) -> int:
        """Answer the first items of a visit, and send the form unless told otherwise; gives its key."""
        actor = self.person(participant_id)
        assessment = self.assessments(participant_id)[visit_code]
        with self.writing() as session:
            operations = [
                Operation(f"op-{next(_numbers)}", "qlq-c30", item, "answered", 2)
                for item in range(1, items + 1)
            ]
            save_operations(
                session,
                assessment_id=assessment.assessment_id,
                operations=operations,
                actor=actor,
                now=noon(on),
            )
            if submit:
                submit_assessment(
                    session,
                    assessment_id=assessment.assessment_id,
                    respondent="self",
                    actor=actor,
                    now=noon(on) + timedelta(minutes=5),
                )
        return assessment.assessment_id

    def assessments(self, participant_id: int) -> dict[str, AssessmentRecord]:
        """Give a participant's assessments by visit; unscheduled ones as `UNSCHEDULED 1` and so on."""
        with self.database.reading() as session:
            records = list_assessments(session, participant_id=participant_id)
        return {f"{r.visit_code} {r.ordinal}" if r.ordinal else r.visit_code: r for r in records}


_numbers = count(1)


def noon(on: date) -> datetime:
    """Give midday in Paris, winter time, of a day."""
    return datetime(on.year, on.month, on.day, NOON, tzinfo=UTC)


def staff_actor(role: str, *, study_id: int, site_id: int | None, account_id: int) -> Actor:
    """Make a member of staff under one role."""
    return Actor(
        kind="staff",
        role=role,
        request_id="test",
        study_id=study_id,
        site_ids=None if site_id is None else frozenset({site_id}),
        account_id=account_id,
    )


_built: dict[str, tuple[Rows, Clinic]] = {}
"""The clinic of each protocol as it was first built in this process, to be copied."""


def build_clinic(database: Database, vault: ContactVault, *, protocol: str = "reluth") -> Clinic:
    """Load the study, two sites and their staff, through the services the first time, then as a copy."""
    if protocol not in _built:
        clinic = _build_clinic(database, vault, protocol)
        _built[protocol] = (read_rows(database), clinic)
        return clinic
    rows, clinic = _built[protocol]
    write_rows(database, rows)
    return replace(clinic, database=database, vault=vault)


def _build_clinic(database: Database, vault: ContactVault, protocol: str) -> Clinic:
    actor, now = system_actor("test", "setup"), datetime(2025, 12, 1, 9, 0, tzinfo=UTC)
    with database.writing() as session:
        path = QUESTIONNAIRES / "protocols" / protocol / "1.0" / "protocol.yaml"
        study = load_study(session, protocol_path=path, actor=actor, now=now)
        zone = load_current_protocol(session, study.id).default_zone
        sites = [
            save_site(session, _site(study.id, code, zone), actor=actor, now=now).id for code in ("15", "16")
        ]
        accounts = []
        roles: list[tuple[str, int | None]] = [
            ("nurse", sites[0]),
            ("nurse", sites[1]),
            ("coordinator", None),
            ("monitor", None),
        ]
        for number, (role, site_id) in enumerate(roles):
            account = create_account(
                session,
                username=f"member-{number}",
                display_name=f"Member {number}",
                password="a long and unusual password 7!",
                language="fr",
                actor=actor,
                now=now,
            )
            grant_role(
                session,
                account_id=account.id,
                study_id=study.id,
                role=role,
                site_id=site_id,
                actor=actor,
                now=now,
            )
            accounts.append(staff_actor(role, study_id=study.id, site_id=site_id, account_id=account.id))
        study_id = study.id
    return Clinic(database, vault, study_id, sites[0], sites[1], *accounts)


def _site(study_id: int, code: str, zone: str) -> SiteDetails:
    return SiteDetails(
        study_id=study_id,
        site_code=code,
        name=f"Centre {code}",
        city="Montpellier",
        zone=zone,
        telephone="04 67 61 31 00",
        sender_label="Suivi 34",
    )
