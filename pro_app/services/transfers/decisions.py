"""What the receiving site answers: the participant is its own from the acceptance on, or stays."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.reminders.outbox import move_messages, replan_reminders
from pro_app.services.standings import write_standings_of
from pro_app.services.transfers.requests import WORDS, claim_transfer, settle, site_code
from pro_app.services.transfers.rules import check_reason, list_obstacles
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.transfers import SiteTransfer

STILL_AT_WORK = mark("The other site still has something in hand about this patient: please call them.")


def accept_transfer(session: Session, transfer_id: int, *, actor: Actor, now: datetime) -> int:
    """Follow a participant from now on, and give the participant's key; sent twice it is one.

    Who may read and write, the messages that are planned and the contact move at once. What is on record
    stays in the trail of the site before; an entry stands in both. Raises NotFound, NotPermitted for
    anybody but a nurse or an investigator of the receiving site, or InputRejected.
    """
    row, participant = claim_transfer(session, transfer_id, actor=actor, as_receiver=True)
    if row.settled_how == "accepted" and row.settled_by_id == actor.account_id:
        return participant.id
    _refuse_settled(row)
    if civil_date(now, participant.zone) < row.moves_on:
        message = mark("The patient is followed here from %(moves_on)s on: accept on that day.")
        raise InputRejected((Problem(message, {"moves_on": row.moves_on.isoformat()}),))
    if any(list_obstacles(session, participant, now=now)):
        raise InputRejected((Problem(STILL_AT_WORK),))
    settle(row, "accepted", actor=actor, now=now)
    participant.site_id = row.to_site_id
    session.flush()
    move_messages(session, participant.id, site_id=row.to_site_id)
    replan_reminders(session, participant=participant, now=now)
    write_standings_of(session, participant.id)
    _record_in_both(session, row, participant, actor=actor, now=now)
    return participant.id


def refuse_transfer(session: Session, transfer_id: int, *, reason: str, actor: Actor, now: datetime) -> None:
    """Say that a participant is not followed here, and why; sent twice it is one.

    Raises NotFound, NotPermitted as `accept_transfer` does, or InputRejected.
    """
    row, participant = claim_transfer(session, transfer_id, actor=actor, as_receiver=True)
    why = reason.strip()
    if (row.settled_how, row.refusal_reason, row.settled_by_id) == ("refused", why, actor.account_id):
        return
    _refuse_settled(row)
    problems = tuple(check_reason(why))
    if problems:
        raise InputRejected(problems)
    settle(row, "refused", actor=actor, now=now)
    row.refusal_reason = why
    session.flush()
    items: list[dict[str, object]] = [{"field": "transfer", "before": row.id, "after": None}]
    change = Change("participant.refuse_transfer", f"participant:{participant.id}", items, reason=why)
    # The participant is still the other site's, and so is what is on record about them.
    record_change(session, change, actor=actor, site_id=row.from_site_id, now=now)


def _refuse_settled(row: SiteTransfer) -> None:
    if row.settled_how is not None:
        raise InputRejected((Problem(WORDS[row.settled_how]),))


def _record_in_both(
    session: Session, row: SiteTransfer, participant: Participant, *, actor: Actor, now: datetime
) -> None:
    """Write the last entry of the one chain and the first one of the other."""
    items: list[dict[str, object]] = [
        {"field": "transfer", "before": None, "after": row.id},
        {
            "field": "site",
            "before": site_code(session, row.from_site_id),
            "after": site_code(session, row.to_site_id),
        },
        {"field": "moves_on", "before": None, "after": row.moves_on.isoformat()},
    ]
    change = Change("participant.transfer", f"participant:{participant.id}", items)
    # In the order of their keys, so that two transfers in opposite directions do not wait for each other.
    for site_id in sorted((row.from_site_id, row.to_site_id)):
        record_change(session, change, actor=actor, site_id=site_id, now=now)
