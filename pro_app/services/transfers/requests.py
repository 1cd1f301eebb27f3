"""Asking another site to follow a participant, and taking that back while it has not answered."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.participants import load_participant
from pro_app.services.transfers.rules import WantedTransfer, check_wanted, list_obstacles, require_mover
from pro_app.storage.queries.participants import find_participant, find_site
from pro_app.storage.queries.transfers import (
    TransferRow,
    find_transfer,
    find_waiting_transfer,
    lock_transfer,
)
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.transfers import SiteTransfer

WAITS = mark("Another site was asked already: withdraw that request first.")
WORDS = {
    "accepted": mark("This request was accepted meanwhile."),
    "refused": mark("This request was refused meanwhile."),
    "withdrawn": mark("This request was withdrawn meanwhile."),
}


def request_transfer(
    session: Session, participant_id: int, wanted: WantedTransfer, *, actor: Actor, now: datetime
) -> int:
    """Ask another site to follow a participant, and give the key of the request; sent twice it is one.

    Raises NotFound, NotPermitted, or InputRejected with every problem.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    account_id = require_mover(actor)
    waiting = find_waiting_transfer(session, participant.id)
    if waiting is not None:
        if _is_same(waiting, wanted, account_id):
            return waiting.id
        raise InputRejected((Problem(WAITS),))
    problems = [
        *check_wanted(session, participant, wanted, now=now),
        *list_obstacles(session, participant, now=now),
    ]
    if problems:
        raise InputRejected(tuple(problems))
    row = SiteTransfer(
        participant_id=participant.id,
        from_site_id=participant.site_id,
        to_site_id=wanted.to_site_id,
        moves_on=wanted.moves_on,
        reason=wanted.reason.strip(),
        asked_at=now,
        asked_by_id=account_id,
    )
    session.add(row)
    session.flush()
    items: list[dict[str, object]] = [
        {"field": "transfer", "before": None, "after": row.id},
        {
            "field": "site",
            "before": site_code(session, row.from_site_id),
            "after": site_code(session, row.to_site_id),
        },
        {"field": "moves_on", "before": None, "after": row.moves_on.isoformat()},
    ]
    change = Change("participant.ask_transfer", f"participant:{participant.id}", items, reason=row.reason)
    record_change(session, change, actor=actor, site_id=row.from_site_id, now=now)
    return row.id


def withdraw_transfer(session: Session, transfer_id: int, *, actor: Actor, now: datetime) -> None:
    """Take back a request of one's own site while it waits; asked twice, it was done the first time.

    Raises NotFound, NotPermitted for a request of another site, InputRejected once it is answered.
    """
    row, _participant = claim_transfer(session, transfer_id, actor=actor, as_receiver=False)
    if row.settled_how == "withdrawn":
        return
    if row.settled_how is not None:
        raise InputRejected((Problem(WORDS[row.settled_how]),))
    settle(row, "withdrawn", actor=actor, now=now)
    session.flush()
    items: list[dict[str, object]] = [{"field": "transfer", "before": row.id, "after": None}]
    change = Change("participant.withdraw_transfer", f"participant:{row.participant_id}", items)
    record_change(session, change, actor=actor, site_id=row.from_site_id, now=now)


def load_known_transfer(session: Session, transfer_id: int, *, actor: Actor) -> TransferRow:
    """Give a request from or to a site within the actor's reach; raises NotFound."""
    known = find_transfer(session, transfer_id)
    if known is None or not any(
        actor.may_reach_site(known.participant.study_id, site.id) for site in (known.from_site, known.to_site)
    ):
        raise NotFound("transfer")
    return known


def claim_transfer(
    session: Session, transfer_id: int, *, actor: Actor, as_receiver: bool
) -> tuple[SiteTransfer, Participant]:
    """Lock the participant and a request from, or to, a site of one's own; raises NotFound, NotPermitted."""
    known = load_known_transfer(session, transfer_id, actor=actor)
    site = known.to_site if as_receiver else known.from_site
    if not actor.may_reach_site(known.participant.study_id, site.id):
        raise NotPermitted("answer for another site")
    require_mover(actor)
    participant = find_participant(session, known.participant.id, lock=True)
    if participant is None:
        raise NotFound("participant")
    return lock_transfer(session, transfer_id), participant


def settle(row: SiteTransfer, how: str, *, actor: Actor, now: datetime) -> None:
    """Write how a request ended, and by whom."""
    row.settled_how, row.settled_at, row.settled_by_id = how, now, actor.account_id


def site_code(session: Session, site_id: int) -> str:
    """Give the code of a site, as the audit trail names it."""
    site = find_site(session, site_id)
    return site.site_code if site else str(site_id)


def _is_same(row: SiteTransfer, wanted: WantedTransfer, account_id: int) -> bool:
    said = (row.to_site_id, row.moves_on, row.reason, row.asked_by_id)
    return said == (wanted.to_site_id, wanted.moves_on, wanted.reason.strip(), account_id)
