"""Reading participants page by page, without loading anybody who is not on the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class PersonOnPage:
    """One participant as a list names people: key, inclusion number and site."""

    id: int
    participant_code: str
    site_id: int


def count_people(session: Session, *, study_id: int, site_ids: Iterable[int] | None) -> int:
    """Count the participants of a study, of some of its sites where `site_ids` names them."""
    within = _within(study_id, site_ids)
    return session.scalar(select(func.count()).select_from(Participant).where(*within)) or 0


def count_people_by_site(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None
) -> dict[int, int]:
    """Count the participants of each site that has any."""
    statement = select(Participant.site_id, func.count()).where(*_within(study_id, site_ids))
    return {row[0]: row[1] for row in session.execute(statement.group_by(Participant.site_id))}


def list_people_on_page(
    session: Session, *, study_id: int, site_ids: Iterable[int] | None, first: int, most: int
) -> list[PersonOnPage]:
    """List at most `most` participants by code, after leaving out the `first` ones."""
    statement = (
        select(Participant.id, Participant.participant_code, Participant.site_id)
        .where(*_within(study_id, site_ids))
        .order_by(Participant.participant_code, Participant.id)
        .limit(most)
        .offset(first)
    )
    return [PersonOnPage(*row) for row in session.execute(statement)]


def _within(study_id: int, site_ids: Iterable[int] | None) -> list[ColumnElement[bool]]:
    of_study = [Participant.study_id == study_id]
    return of_study if site_ids is None else [*of_study, Participant.site_id.in_(list(site_ids))]
