"""How a study stands, part by part, for the page that leads to each: counts and versions, no person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.services.production.overview import load_production_overview
from pro_app.services.protocol_versions import find_version_in_force, list_versions
from pro_app.services.sites import count_by_site
from pro_app.services.staff_directory import StaffMember, list_staff
from pro_app.services.wording_packs.records import list_packs, list_wordings_in_use
from pro_app.storage.queries.accounts import list_accounts_with_second_factor


@dataclass(frozen=True, slots=True)
class StudyOverview:
    """One study in numbers.

    `missing` counts what blocks production, `remarks` what is only to be known. `versions_ahead` are those
    that were loaded after the one in force. `accounts` are open ones that hold a role; of those,
    `without_factor` have set up no second factor.
    """

    is_live: bool
    missing: int
    remarks: int
    version: str
    versions: int
    versions_ahead: int
    wordings: int
    placeholders: int
    packs_waiting: int
    sites: int
    sites_without_patients: int
    accounts: int
    without_factor: int


def load_study_overview(session: Session, *, study_id: int, now: datetime) -> StudyOverview:
    """Count what a study consists of; raises NotFound."""
    production = load_production_overview(session, study_id=study_id, now=now)
    versions = list_versions(session, study_id)
    in_force = find_version_in_force(session, study_id)
    wordings = list_wordings_in_use(session, study_id)
    sites = count_by_site(session, study_id=study_id)
    members = [each for each in list_staff(session, study_id=study_id) if _is_at_work(each, now=now)]
    secured = list_accounts_with_second_factor(session, [each.account_id for each in members])
    return StudyOverview(
        is_live=production.is_live,
        missing=len(production.missing),
        remarks=len(production.remarks),
        version=in_force.version,
        versions=len(versions),
        versions_ahead=len(versions) - 1 - [each.sha256 for each in versions].index(in_force.sha256),
        wordings=len(wordings),
        placeholders=sum(not each.is_approved for each in wordings),
        packs_waiting=sum(pack.state == "waiting" for pack in list_packs(session, study_id)),
        sites=len(sites),
        sites_without_patients=sum(not count.participants for count in sites),
        accounts=len(members),
        without_factor=sum(each.account_id not in secured for each in members),
    )


def _is_at_work(member: StaffMember, *, now: datetime) -> bool:
    """Tell whether an account opens anything: it is open, and one of its roles is not over."""
    return member.disabled_at is None and any(not role.is_over(now) for role in member.roles)
