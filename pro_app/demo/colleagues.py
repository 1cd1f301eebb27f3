"""What the demo knows of its staff beside how they sign in: addresses, and a colleague who is invited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.contacts.vault import ContactVault
from pro_app.demo.people import DEMO_ACTOR
from pro_app.services.accounts import create_account
from pro_app.services.invitations import invite
from pro_app.services.passwords import make_password
from pro_app.services.staff_addresses import save_staff_address
from pro_app.services.staff_roles import grant_role

COLLEAGUE = "remplacement"


def write_addresses(
    session: Session, staff: Sequence[dict[str, Any]], *, vault: ContactVault, now: datetime
) -> None:
    """Write down an e-mail address for everybody of the staff."""
    for member in staff:
        _write_address(session, member["account_id"], member["username"], vault=vault, now=now)


def invite_colleague(
    session: Session, *, study_id: int, site_id: int, vault: ContactVault, secret_key: str, now: datetime
) -> None:
    """Invite a second nurse of the site by e-mail, who has not answered yet."""
    account = create_account(
        session,
        username=COLLEAGUE,
        display_name="Lou Remplacement",
        password=make_password(),
        language="fr",
        actor=DEMO_ACTOR,
        now=now,
    )
    grant_role(
        session,
        account_id=account.id,
        study_id=study_id,
        role="nurse",
        site_id=site_id,
        actor=DEMO_ACTOR,
        now=now,
    )
    _write_address(session, account.id, COLLEAGUE, vault=vault, now=now)
    invite(session, account.id, secret_key=secret_key, vault=vault, actor=DEMO_ACTOR, now=now)


def _write_address(
    session: Session, account_id: int, name: str, *, vault: ContactVault, now: datetime
) -> None:
    save_staff_address(session, account_id, f"{name}@example.org", vault=vault, actor=DEMO_ACTOR, now=now)
