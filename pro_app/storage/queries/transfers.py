"""Reading requests to follow a participant at another site, with the participant and both sites."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.seldom import seldom
from pro_app.storage.tables.answer_readings import AnswerReading
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.paper_forms import PaperForm
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.transfers import SiteTransfer

_from, _to = aliased(Site), aliased(Site)
_TRANSFERS = (
    select(SiteTransfer, Participant, _from, _to)
    .join(Participant, Participant.id == SiteTransfer.participant_id)
    .join(_from, _from.id == SiteTransfer.from_site_id)
    .join(_to, _to.id == SiteTransfer.to_site_id)
)
_LOCKED = (
    select(SiteTransfer)
    .where(SiteTransfer.id == bindparam("transfer_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One request with the participant and the sites it is about."""

    transfer: SiteTransfer
    participant: Participant
    from_site: Site
    to_site: Site


def find_transfer(session: Session, transfer_id: int) -> TransferRow | None:
    """Find one request."""
    rows = _read_rows(session, _TRANSFERS.where(SiteTransfer.id == transfer_id))
    return next(iter(rows), None)


def lock_transfer(session: Session, transfer_id: int) -> SiteTransfer:
    """Read a request anew and keep others from changing it; lock the participant before."""
    return session.scalars(_LOCKED, {"transfer_id": transfer_id}).one()


def find_waiting_transfer(session: Session, participant_id: int) -> SiteTransfer | None:
    """Find the request about a participant that nobody has settled."""
    return session.scalars(
        select(SiteTransfer).where(
            SiteTransfer.participant_id == participant_id, SiteTransfer.settled_at.is_(None)
        )
    ).one_or_none()


def list_transfers_of_person(session: Session, participant_id: int) -> list[TransferRow]:
    """List the requests about one participant in the order of asking."""
    statement = _TRANSFERS.where(SiteTransfer.participant_id == participant_id)
    return _read_rows(session, statement.order_by(SiteTransfer.id))


def list_transfers_of_sites(
    session: Session, *, study_id: int, site_ids: Collection[int] | None, limit: int
) -> list[TransferRow]:
    """List the requests from or to some sites of a study (None: all), those that wait first."""
    statement = _TRANSFERS.where(Participant.study_id == study_id)
    if site_ids is not None:
        from_or_to = SiteTransfer.from_site_id.in_(site_ids), SiteTransfer.to_site_id.in_(site_ids)
        statement = statement.where(or_(*from_or_to))
    ordered = statement.order_by(SiteTransfer.settled_at.is_(None).desc(), SiteTransfer.id.desc())
    return _read_rows(session, ordered.limit(limit))


def list_arrivals(session: Session, *, study_id: int, site_ids: Collection[int] | None) -> list[TransferRow]:
    """List the requests that wait for some sites of a study (None: all), by inclusion number."""
    statement = _TRANSFERS.where(Participant.study_id == study_id, SiteTransfer.settled_at.is_(None))
    if site_ids is not None:
        # SQLite would begin with everybody in the study, rather than with the site.
        statement = statement.where(seldom(SiteTransfer.to_site_id.in_(site_ids)))
    return _read_rows(session, statement.order_by(Participant.participant_code, SiteTransfer.id))


def has_open_paper(session: Session, participant_id: int) -> bool:
    """Tell whether a sheet of the participant is being typed in."""
    statement = (
        select(PaperForm.id)
        .join(Assessment, Assessment.id == PaperForm.assessment_id)
        .where(
            Assessment.participant_id == participant_id,
            Assessment.submitted_at.is_(None),
            PaperForm.closed_at.is_(None),
        )
    )
    return session.scalars(statement.limit(1)).first() is not None


def has_open_reading(session: Session, participant_id: int) -> bool:
    """Tell whether the participant's answers were read, and what was done about it is not recorded."""
    statement = select(AnswerReading.id).where(
        AnswerReading.participant_id == participant_id, AnswerReading.follow_up_at.is_(None)
    )
    return session.scalars(statement.limit(1)).first() is not None


def has_open_paper_of(session: Session, assessment_id: int) -> bool:
    """Tell whether a sheet of one form is being typed in."""
    statement = select(PaperForm.id).where(
        PaperForm.assessment_id == assessment_id, PaperForm.closed_at.is_(None)
    )
    return session.scalars(statement.limit(1)).first() is not None


def has_pending_clarification(session: Session, participant_id: int) -> bool:
    """Tell whether a correction of one of the participant's forms waits for its decision."""
    statement = (
        select(Clarification.id)
        .join(Assessment, Assessment.id == Clarification.assessment_id)
        .where(
            Assessment.participant_id == participant_id,
            Clarification.decided_at.is_(None),
            Clarification.withdrawn_at.is_(None),
        )
    )
    return session.scalars(statement.limit(1)).first() is not None


def _read_rows(
    session: Session, statement: Select[SiteTransfer, Participant, Site, Site]
) -> list[TransferRow]:
    return [TransferRow(*row) for row in session.execute(statement)]
