"""Too tired today, so remind me tomorrow: one reminder more, at the hour that the participant chose.

The wish is stored as a fact; the message follows from it through the outbox like every other one, inside
the window and outside the quiet hours. A wish whose message could not go is refused, and nothing is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.policy import ASKED, VisitSituation, plan_reminders
from pro_app.reminders.situation import Situation, load_situation
from pro_app.services.known_channels import list_known_channels
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.services.responses import require_answerable, require_reachable
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.reminder_requests import ReminderRequest


@dataclass(frozen=True, slots=True)
class Reach:
    """How messages can reach participants: the vault of addresses and the channels of the installation."""

    vault: ContactVault
    usable: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReminderOffer:
    """What can be offered about one questionnaire; both are aware UTC moments.

    `asked_at`: a reminder was asked for and goes out then. `offered_at`: when one asked for now would go,
    which is not tomorrow (`is_tomorrow`) where no message goes out on that day.
    """

    asked_at: datetime | None
    offered_at: datetime | None
    is_tomorrow: bool = True


def list_reminder_offers(
    session: Session, assessment_ids: Sequence[int], *, reach: Reach, actor: Actor, now: datetime
) -> dict[int, ReminderOffer]:
    """Give what can be offered about questionnaires of the acting participant, by their keys.

    One about which no message could go out is left out.
    """
    if not assessment_ids:
        return {}
    participant = _load_self(session, actor)
    situation = load_situation(session, participant, now=now)
    if _why_unreachable(session, participant, situation, reach=reach) is not None:
        return {}
    offers = {}
    for assessment_id in assessment_ids:
        visit = situation.find_visit(None, assessment_id)
        if visit is not None:
            offers[assessment_id] = _find_offer(visit, situation, participant.zone, now=now)
    return {key: offer for key, offer in offers.items() if offer.asked_at or offer.offered_at}


def ask_reminder_tomorrow(
    session: Session, assessment_id: int, *, reach: Reach, actor: Actor, now: datetime
) -> datetime:
    """Remind the acting participant tomorrow, or on the next day with messages; gives the moment (aware UTC).

    Asked for twice on one day it is one reminder. Raises InputRejected where none could go out before the
    last day is over, or by no way at all; AlreadySubmitted and WindowClosed as for answers.
    """
    participant = _load_self(session, actor, lock=True)
    assessment = load_assessment(session, assessment_id, lock=True)
    require_reachable(assessment, actor)
    require_answerable(assessment, now)
    situation = load_situation(session, participant, now=now)
    objection = _why_unreachable(session, participant, situation, reach=reach)
    if objection is not None:
        raise InputRejected((Problem(objection),))
    visit = situation.find_visit(None, assessment_id)
    offer = _find_offer(visit, situation, participant.zone, now=now) if visit else ReminderOffer(None, None)
    if offer.offered_at is None:
        if offer.asked_at is not None:
            return offer.asked_at
        raise InputRejected((Problem(_why_none(visit)),))
    _save(session, participant, assessment_id, actor=actor, now=now)
    return offer.offered_at


def _why_none(visit: VisitSituation | None) -> str:
    """Say why no reminder can be offered about a questionnaire that can still be answered."""
    if visit is not None and visit.silenced:
        return mark(
            "Your centre has noted that you will not answer this time, so no reminder comes. "
            "You can still answer until the last day."
        )
    return mark("No reminder can come before the last day is over.")


def _save(
    session: Session, participant: Participant, assessment_id: int, *, actor: Actor, now: datetime
) -> None:
    """Store the wish, plan the messages anew and tell the audit trail."""
    remind_on = _tomorrow(participant.zone, now)
    session.add(
        ReminderRequest(
            participant_id=participant.id, assessment_id=assessment_id, remind_on=remind_on, asked_at=now
        )
    )
    replan_reminders(session, participant=participant, now=now)
    change = Change(
        "reminder.ask",
        f"assessment:{assessment_id}",
        [{"field": "remind_on", "before": None, "after": remind_on.isoformat()}],
    )
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)


def _find_offer(visit: VisitSituation, situation: Situation, zone: str, *, now: datetime) -> ReminderOffer:
    """Look what was asked for and still comes; nothing more is offered where that comes tomorrow or later."""
    tomorrow = _tomorrow(zone, now)
    asked_at = max(_list_moments(visit, situation, now=now), default=None)
    if asked_at is not None and civil_date(asked_at, zone) >= tomorrow:
        return ReminderOffer(asked_at, None)
    wished = replace(visit, asked_on=(tomorrow,))
    offered_at = max(_list_moments(wished, situation, now=now), default=None)
    is_tomorrow = offered_at is None or civil_date(offered_at, zone) == tomorrow
    return ReminderOffer(asked_at, offered_at, is_tomorrow)


def _list_moments(visit: VisitSituation, situation: Situation, *, now: datetime) -> list[datetime]:
    """List when the reminders that were asked for will go out."""
    return [
        planned.due_at
        for planned in plan_reminders(visit, situation.hours)
        if planned.rule.code.startswith(ASKED) and planned.refused is None and planned.due_at > now
    ]


def _why_unreachable(
    session: Session, participant: Participant, situation: Situation, *, reach: Reach
) -> str | None:
    """Say why no message reaches the person at present; None if one does."""
    if situation.stopped_by is not None:
        return mark("You get no messages at present. You can change that under “My messages”.")
    if situation.starts_at is not None:
        return mark("Your centre does not send messages yet.")
    if situation.held_until is not None:
        return mark("Your messages are paused. You can change that under “My messages”.")
    known = list_known_channels(
        session,
        participant,
        contact=reach.vault.find(participant.contact_ref),
        protocol=load_protocol_of(session, participant),
        usable=reach.usable,
    )
    if not any(channel.is_on and channel.code in situation.main_channels for channel in known):
        return mark("No message can reach you: your centre knows no address or number in use.")
    return None


def _load_self(session: Session, actor: Actor, *, lock: bool = False) -> Participant:
    if actor.participant_id is None:
        raise NotPermitted("reminders")
    return load_participant(session, actor.participant_id, actor=actor, lock=lock)


def _tomorrow(zone: str, now: datetime) -> date:
    return civil_date(now, zone) + timedelta(days=1)
