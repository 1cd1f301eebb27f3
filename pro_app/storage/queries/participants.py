"""Reading participants and their sites."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

_ONE = select(Participant).where(Participant.id == bindparam("participant_id"))
_ONE_LOCKED = _ONE.with_for_update(key_share=True).execution_options(populate_existing=True)
_LOCK_OF_FORM = (
    select(Participant.id)
    .join(Assessment, Assessment.participant_id == Participant.id)
    .where(Assessment.id == bindparam("assessment_id"))
    .with_for_update(key_share=True, of=Participant)
)


def find_participant(session: Session, participant_id: int, *, lock: bool = False) -> Participant | None:
    """Find one participant; `lock` keeps others from changing the record until the transaction ends."""
    statement = _ONE_LOCKED if lock else _ONE
    return session.scalars(statement, {"participant_id": participant_id}).one_or_none()


def lock_participant_of_form(session: Session, assessment_id: int) -> None:
    """Keep others from changing the participant whose form it is, and their messages and plan.

    Whoever changes those takes this lock before any other, so that no two wait for each other.
    """
    session.execute(_LOCK_OF_FORM, {"assessment_id": assessment_id})


def find_participant_by_code(session: Session, *, study_id: int, participant_code: str) -> Participant | None:
    """Find the participant who has this inclusion number in the study."""
    return session.scalars(
        select(Participant).where(
            Participant.study_id == study_id, Participant.participant_code == participant_code
        )
    ).one_or_none()


def list_participants(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None = None
) -> list[Participant]:
    """List the participants of a study, of some of its sites where `site_ids` names them, by code."""
    statement = select(Participant).where(Participant.study_id == study_id)
    if site_ids is not None:
        statement = statement.where(Participant.site_id.in_(list(site_ids)))
    return list(session.scalars(statement.order_by(Participant.participant_code, Participant.id)))


def list_participants_of(session: Session, participant_ids: Iterable[int]) -> list[Participant]:
    """List some participants, a page of them at most, by their keys."""
    return list(session.scalars(select(Participant).where(Participant.id.in_(list(participant_ids)))))


def list_participants_with_contacts(session: Session, contact_refs: Iterable[str]) -> list[Participant]:
    """List the participants behind references of the contact vault, by code."""
    return list(
        session.scalars(
            select(Participant)
            .where(Participant.contact_ref.in_(list(contact_refs)))
            .order_by(Participant.participant_code)
        )
    )


def list_contact_refs(session: Session) -> frozenset[str]:
    """List the references of the contact vault that participants of every study and accounts hold."""
    of_staff = select(Account.contact_ref).where(Account.contact_ref.is_not(None))
    return frozenset(session.scalars(select(Participant.contact_ref).union_all(of_staff)))


def find_site(session: Session, site_id: int) -> Site | None:
    """Find one site."""
    return session.get(Site, site_id)


def list_sites(session: Session, *, study_id: int, site_ids: Iterable[int] | None = None) -> list[Site]:
    """List the sites of a study, or those of them that `site_ids` names, by code."""
    statement = select(Site).where(Site.study_id == study_id)
    if site_ids is not None:
        statement = statement.where(Site.id.in_(list(site_ids)))
    return list(session.scalars(statement.order_by(Site.site_code, Site.id)))
