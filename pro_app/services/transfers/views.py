"""Requests to follow participants at other sites, as the pages of both sites show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.errors import NotFound
from pro_app.services.clinic_scope import SiteChoice
from pro_app.services.participants import load_participant
from pro_app.services.transfers.requests import load_known_transfer
from pro_app.services.transfers.rules import MOVERS, list_receiving_sites
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.transfers import (
    TransferRow,
    list_transfers_of_person,
    list_transfers_of_sites,
)
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

MOST = 200


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One request as both sites see it; `state` is waiting, accepted, refused or withdrawn.

    `is_own_patient`: the participant's record is within the actor's reach now. `may_answer` and
    `may_withdraw` say what the actor may do; `is_too_early`: the day of the change is still to come.
    """

    transfer_id: int
    participant_id: int
    participant_code: str
    zone: str
    from_site: SiteChoice
    to_site: SiteChoice
    moves_on: date
    reason: str
    state: str
    asked_at: datetime
    asked_by: str
    settled_at: datetime | None
    settled_by: str | None
    refusal_reason: str | None
    is_own_patient: bool
    may_answer: bool
    may_withdraw: bool
    is_too_early: bool


@dataclass(frozen=True, slots=True)
class TransferOffer:
    """What a request is written on: the participant, the sites to choose from, and one that waits already."""

    participant: Participant
    sites: tuple[SiteChoice, ...]
    waiting: TransferLine | None
    today: date


def list_transfers(session: Session, *, actor: Actor, now: datetime) -> list[TransferLine]:
    """List the requests from and to the sites within the actor's reach, those that wait first."""
    if actor.study_id is None:
        raise NotFound("study")
    rows = list_transfers_of_sites(session, study_id=actor.study_id, site_ids=actor.site_ids, limit=MOST)
    return _make_lines(session, rows, actor=actor, now=now)


def list_transfers_of(
    session: Session, participant_id: int, *, actor: Actor, now: datetime
) -> list[TransferLine]:
    """List the requests about one participant within reach, in the order of asking; raises NotFound."""
    participant = load_participant(session, participant_id, actor=actor)
    return _make_lines(session, list_transfers_of_person(session, participant.id), actor=actor, now=now)


def load_transfer(session: Session, transfer_id: int, *, actor: Actor, now: datetime) -> TransferLine:
    """Give one request from or to a site within the actor's reach; raises NotFound."""
    known = load_known_transfer(session, transfer_id, actor=actor)
    (line,) = _make_lines(session, [known], actor=actor, now=now)
    return line


def load_offer(session: Session, participant_id: int, *, actor: Actor, now: datetime) -> TransferOffer:
    """Give what a request about a participant is written on; raises NotFound."""
    participant = load_participant(session, participant_id, actor=actor)
    lines = list_transfers_of(session, participant_id, actor=actor, now=now)
    return TransferOffer(
        participant,
        tuple(_name(site) for site in list_receiving_sites(session, participant)),
        next((line for line in lines if line.state == "waiting"), None),
        civil_date(now, participant.zone),
    )


def _make_lines(
    session: Session, rows: Iterable[TransferRow], *, actor: Actor, now: datetime
) -> list[TransferLine]:
    rows = list(rows)
    ids = {key for row in rows for key in (row.transfer.asked_by_id, row.transfer.settled_by_id) if key}
    names = list_display_names(session, ids)
    return [_make_line(row, names, actor=actor, now=now) for row in rows]


def _make_line(row: TransferRow, names: dict[int, str], *, actor: Actor, now: datetime) -> TransferLine:
    transfer, person = row.transfer, row.participant
    is_waiting = transfer.settled_at is None
    works_here = actor.kind == "staff" and actor.role in MOVERS
    return TransferLine(
        transfer_id=transfer.id,
        participant_id=person.id,
        participant_code=person.participant_code,
        zone=person.zone,
        from_site=_name(row.from_site),
        to_site=_name(row.to_site),
        moves_on=transfer.moves_on,
        reason=transfer.reason,
        state=transfer.settled_how or "waiting",
        asked_at=transfer.asked_at,
        asked_by=names.get(transfer.asked_by_id, ""),
        settled_at=transfer.settled_at,
        settled_by=names.get(transfer.settled_by_id or 0),
        refusal_reason=transfer.refusal_reason,
        is_own_patient=actor.may_reach_site(person.study_id, person.site_id),
        may_answer=is_waiting and works_here and actor.may_reach_site(person.study_id, row.to_site.id),
        may_withdraw=is_waiting and works_here and actor.may_reach_site(person.study_id, row.from_site.id),
        is_too_early=civil_date(now, person.zone) < transfer.moves_on,
    )


def _name(site: Site) -> SiteChoice:
    return SiteChoice(site.id, site.site_code, site.name, site.city)
