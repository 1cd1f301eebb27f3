"""One study with a site and its staff, made through the services; all have the same password."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask.testing import FlaskClient

from pro_app.audit.actor import Actor, system_actor
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.services.account_rules import ROLES, SITE_ROLES
from pro_app.services.accounts import create_account
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.staff_roles import grant_role
from pro_app.services.studies import load_study
from pro_app.storage.database import Database, Session

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
PASSWORD = "quatre chevaux bleus"
SYSTEM = system_actor("test", "setup")
EARLIER = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2027, 12, 1, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class StaffWorld:
    """The keys of what was made; the username of each account is the name of its role."""

    study_id: int
    site_id: int
    account_ids: dict[str, int]

    def actor(self, role: str) -> Actor:
        """Give the member of staff with this role."""
        return Actor(
            kind="staff",
            role=role,
            request_id="test",
            study_id=self.study_id,
            site_ids=frozenset({self.site_id}) if role in SITE_ROLES else None,
            account_id=self.account_ids[role],
        )

    def give_nurse_another_role(self, session: Session, role: str) -> int:
        """Give the nurse a role for all sites beside the own one, some time ago; gives its key."""
        return grant_role(
            session,
            account_id=self.account_ids["nurse"],
            study_id=self.study_id,
            role=role,
            site_id=None,
            actor=SYSTEM,
            now=EARLIER,
        ).id


def site_details(study_id: int, **changes: object) -> SiteDetails:
    """Give the details of a good site, with `changes`."""
    good: dict[str, object] = {
        "study_id": study_id,
        "site_code": "01",
        "name": "Institut du Val",
        "city": "Montpellier",
        "zone": "Europe/Paris",
        "telephone": "04 65 71 00 01",
        "sender_label": "Votre centre",
    }
    return SiteDetails(**(good | changes))  # type: ignore[arg-type]  # a test's own keywords


def add_account(session: Session, username: str) -> int:
    """Make an account without a role and give its key."""
    return create_account(
        session,
        username=username,
        display_name=username.title(),
        password=PASSWORD,
        language="fr",
        actor=SYSTEM,
        now=EARLIER,
    ).id


def build_staff_world(database: Database) -> StaffWorld:
    """Load the study, one site, and one account for each role."""
    with database.writing() as session:
        study = load_study(session, protocol_path=PROTOCOL, actor=SYSTEM, now=EARLIER)
        site = save_site(session, site_details(study.id), actor=SYSTEM, now=EARLIER)
        account_ids = {}
        for role in ROLES:
            account_ids[role] = add_account(session, role)
            grant_role(
                session,
                account_id=account_ids[role],
                study_id=study.id,
                role=role,
                site_id=site.id if role in SITE_ROLES else None,
                actor=SYSTEM,
                now=EARLIER,
                ends_at=LATER if role == "inspector" else None,
            )
        return StaffWorld(study.id, site.id, account_ids)


def csrf_token(client: FlaskClient, path: str) -> str:
    """Read the token of the first form of a page."""
    return client.get(path).text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD) -> int:
    """Sign in as a member of staff; gives the status of the answer."""
    data = {
        "csrf_token": csrf_token(client, "/staff/sign-in"),
        "username": username,
        "password": password,
    }
    return client.post("/staff/sign-in", data=data).status_code
