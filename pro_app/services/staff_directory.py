"""Who works in a study: its accounts with the roles they hold there, for the pages that show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.storage.queries.accounts import list_accounts_with_roles, list_active_roles
from pro_app.storage.tables.accounts import StaffRole
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study


@dataclass(frozen=True, slots=True)
class HeldRole:
    """One role that is held now; `site` is None where it sees every site."""

    staff_role_id: int
    role: str
    study_code: str
    site: str | None
    ends_at: datetime | None = None
    site_id: int | None = None

    @property
    def last_moment(self) -> datetime | None:
        """Give a moment of the last day; None for a role that does not end by itself."""
        return self.ends_at and self.ends_at - timedelta(seconds=1)

    def is_over(self, now: datetime) -> bool:
        """Tell whether it has ended by itself."""
        return self.ends_at is not None and self.ends_at <= now


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One account with its roles in one study."""

    account_id: int
    username: str
    display_name: str
    language: str
    created_at: datetime
    disabled_at: datetime | None
    roles: tuple[HeldRole, ...]


def list_own_roles(session: Session, *, account_id: int, now: datetime) -> list[HeldRole]:
    """List every role of an account in any study."""
    return [_held(session, role) for role in list_active_roles(session, at=now, account_id=account_id)]


def list_staff(session: Session, *, study_id: int) -> list[StaffMember]:
    """List everybody who has or had a role in the study, by name, open accounts first."""
    members = [
        StaffMember(
            account_id=account.id,
            username=account.username,
            display_name=account.display_name,
            language=account.language,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
            roles=tuple(_held(session, role) for role in roles),
        )
        for account, roles in list_accounts_with_roles(session, study_id=study_id)
    ]
    return sorted(members, key=lambda member: member.disabled_at is not None)


def load_staff_member(session: Session, account_id: int, *, actor: Actor) -> StaffMember:
    """Give one account that has or had a role in the actor's study; raises NotFound."""
    members = list_staff(session, study_id=actor.study_id) if actor.study_id is not None else []
    found = next((member for member in members if member.account_id == account_id), None)
    if found is None:
        raise NotFound("account")
    return found


def _held(session: Session, role: StaffRole) -> HeldRole:
    """Put a role into words; sites and studies are few and stay in the session once read."""
    site = session.get(Site, role.site_id) if role.site_id is not None else None
    study = session.get(Study, role.study_id)
    return HeldRole(
        staff_role_id=role.id,
        role=role.role,
        study_code=study.study_code if study else "",
        site=f"{site.name}, {site.city}" if site else None,
        ends_at=role.ends_at,
        site_id=role.site_id,
    )
