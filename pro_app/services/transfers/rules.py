"""What a request to follow a participant at another site must say, and what stands in its way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.errors import NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.loans import find_loan_in_use
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.queries.transfers import has_open_paper, has_open_reading, has_pending_clarification
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

MOVERS = frozenset({"nurse", "investigator"})
LONGEST_REASON = 500
ASKED_AHEAD = timedelta(days=60)
EMPTY = mark("Please fill this in.")


@dataclass(frozen=True, slots=True)
class WantedTransfer:
    """To which site a participant goes, from which civil day on, and why."""

    to_site_id: int
    moves_on: date
    reason: str


def require_mover(actor: Actor) -> int:
    """Give the account of somebody who works at a site; raises NotPermitted for everybody else."""
    if actor.kind != "staff" or actor.role not in MOVERS or actor.account_id is None:
        raise NotPermitted("follow a patient at another site")
    return actor.account_id


def list_receiving_sites(session: Session, participant: Participant) -> list[Site]:
    """List the sites that may follow a participant from now on: the others of the study that are open."""
    sites = list_sites(session, study_id=participant.study_id)
    return [site for site in sites if site.id != participant.site_id and site.closed_at is None]


def check_wanted(
    session: Session, participant: Participant, wanted: WantedTransfer, *, now: datetime
) -> Iterator[Problem]:
    """Give everything that is wrong with a request; `place` names the field."""
    if wanted.to_site_id not in {site.id for site in list_receiving_sites(session, participant)}:
        yield Problem(mark("Choose the site that follows the patient from then on."), place="to_site_id")
    today = civil_date(now, participant.zone)
    if wanted.moves_on < participant.consented_on:
        message = mark("This day is before the consent (%(consented_on)s).")
        values: dict[str, str | int] = {"consented_on": participant.consented_on.isoformat()}
        yield Problem(message, values, place="moves_on")
    elif wanted.moves_on > today + ASKED_AHEAD:
        message = mark("This can be asked for at most %(days)s days ahead.")
        yield Problem(message, {"days": ASKED_AHEAD.days}, place="moves_on")
    yield from check_reason(wanted.reason)


def check_reason(typed: str, *, place: str = "reason") -> Iterator[Problem]:
    """Give what is wrong with a reason: there is none, or it is too long."""
    if not typed.strip():
        yield Problem(EMPTY, place=place)
    elif len(typed.strip()) > LONGEST_REASON:
        yield Problem(mark("At most %(longest)s characters."), {"longest": LONGEST_REASON}, place=place)


def list_obstacles(session: Session, participant: Participant, *, now: datetime) -> Iterator[Problem]:
    """Give what the site has in hand about a participant, and must finish before somebody else follows on."""
    if has_open_paper(session, participant.id):
        yield Problem(mark("A questionnaire on paper is being typed in: finish it, or put it aside."))
    if find_loan_in_use(session, participant.id, now=now) is not None:
        yield Problem(
            mark("The patient is answering on a tablet of the site, or by telephone: wait for the end.")
        )
    if has_pending_clarification(session, participant.id):
        yield Problem(
            mark("A correction waits for its decision: an investigator decides, or it is withdrawn.")
        )
    if has_open_reading(session, participant.id):
        yield Problem(
            mark("Somebody has read the answers: an investigator says first what was done about it.")
        )
