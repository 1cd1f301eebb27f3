"""The people one can be in the demo: one of each staff role, and a participant with something to answer."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.clock import civil_date
from pro_app.contacts.vault import ContactVault
from pro_app.protocol.protocol import Protocol
from pro_app.services.accounts import create_account
from pro_app.services.cards import PrintedCard, print_card
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.participant_sign_in import activate_card
from pro_app.services.passwords import make_password
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.second_factors.sealing import seal_secret
from pro_app.services.second_factors.setting_up import add_second_factor
from pro_app.services.second_factors.totp import NO_STEP, make_secret
from pro_app.services.sign_in_codes import grouped_code
from pro_app.services.staff_roles import grant_role

DEMO_ACTOR = system_actor("demo", "demo")
HOME_SITE = "15"
"""The site whose nurse and participants the newcomer is given."""
PIN = "420815"
NURSE = "infirmiere"
"""The nurse's account, which stands in at every site while the virtual years pass."""
INVESTIGATOR = "investigateur"
STAFF = (
    ("administrator", "admin", "Camille Admin", None),
    ("coordinator", "coordination", "Claude Coordination", None),
    ("nurse", NURSE, "Dominique Infirmière", HOME_SITE),
    ("investigator", INVESTIGATOR, "Maxime Investigateur", HOME_SITE),
    ("monitor", "moniteur", "Alix Moniteur", None),
    ("statistician", "statistique", "Sacha Statistique", None),
    ("inspector", "inspection", "Morgan Inspection", None),
)


def make_staff(
    session: Session, *, study_id: int, site_ids: dict[str, int], ends_at: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Make one account for each role, the inspector's until `ends_at`; gives how each signs in."""
    return [
        _make_member(session, member, study_id=study_id, site_ids=site_ids, ends_at=ends_at, now=now)
        for member in STAFF
    ]


def give_second_factors(
    session: Session, staff: list[dict[str, Any]], *, secret_key: str, now: datetime
) -> None:
    """Set up an app for each account without one, and keep its secret with the sign-in, for programs."""
    for member in staff:
        if "totp_secret" in member:
            continue
        secret, account_id = make_secret(), member["account_id"]
        reset_second_factor(session, account_id=account_id, actor=DEMO_ACTOR, now=now)
        sealed = seal_secret(secret, account_id=account_id, secret_key=secret_key)
        add_second_factor(session, account_id, sealed=sealed, last_step=NO_STEP, now=now)
        member["totp_secret"] = secret


def _make_member(
    session: Session,
    member: tuple[str, str, str, str | None],
    *,
    study_id: int,
    site_ids: dict[str, int],
    ends_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    role, username, name, site_code = member
    password = make_password()
    account = create_account(
        session,
        username=username,
        display_name=name,
        password=password,
        language="fr",
        actor=DEMO_ACTOR,
        now=now,
    )
    site_id = site_ids[site_code] if site_code else None
    grant_role(
        session,
        account_id=account.id,
        study_id=study_id,
        role=role,
        site_id=site_id,
        actor=DEMO_ACTOR,
        now=now,
        ends_at=ends_at if role == "inspector" else None,
    )
    where = "–" if site_code is None else f"centre {site_code}"
    return {
        "role": role,
        "where": where,
        "username": username,
        "password": password,
        "account_id": account.id,
        "path": "/staff/sign-in",
    }


def make_participant_to_try(
    session: Session,
    *,
    site_id: int,
    protocol: Protocol,
    vault: ContactVault,
    secret_key: str,
    now: datetime,
) -> dict[str, Any]:
    """Enrol a participant whose first questionnaire is open, with a card that is already activated."""
    card = _enrol_and_print(
        session, "15-901", site_id=site_id, protocol=protocol, vault=vault, secret_key=secret_key, now=now
    )
    activate_card(
        session,
        token_or_code=card.token,
        pin=PIN,
        device_label="Téléphone de démonstration",
        secret_key=secret_key,
        now=now,
    )
    return {
        "participant_code": card.participant_code,
        "sign_in_code": card.sign_in_code,
        "sign_in_code_printed": grouped_code(card.sign_in_code),
        "pin": PIN,
        "path": "/",
    }


def make_card_to_try(
    session: Session,
    *,
    site_id: int,
    protocol: Protocol,
    vault: ContactVault,
    secret_key: str,
    now: datetime,
) -> dict[str, Any]:
    """Enrol a participant whose card nobody has activated yet."""
    card = _enrol_and_print(
        session, "15-902", site_id=site_id, protocol=protocol, vault=vault, secret_key=secret_key, now=now
    )
    return {
        "participant_code": card.participant_code,
        "short_code": card.short_code,
        "short_code_printed": grouped_code(card.short_code),
        "path": f"/p/activate#{card.token}",
    }


def _enrol_and_print(
    session: Session,
    participant_code: str,
    *,
    site_id: int,
    protocol: Protocol,
    vault: ContactVault,
    secret_key: str,
    now: datetime,
) -> PrintedCard:
    today = civil_date(now, protocol.default_zone)
    enrolment = Enrolment(
        site_id=site_id,
        participant_code=participant_code,
        consented_on=today - timedelta(days=1),
        notice_version="1.0",
        email=f"personne-{participant_code}@example.org",
        telephone=None,
        language="fr",
        zone=protocol.default_zone,
        reminder_hour=10,
    )
    participant = enrol_participant(session, enrolment, vault=vault, actor=DEMO_ACTOR, now=now)
    return print_card(
        session, participant_id=participant.id, secret_key=secret_key, actor=DEMO_ACTOR, now=now
    )
