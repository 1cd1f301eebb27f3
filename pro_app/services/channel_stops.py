"""Ways of sending that rest for a person: which ones and why, and letting one be used again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound
from pro_app.reminders.outbox import replan_reminders, revive_messages
from pro_app.services.participants import load_participant
from pro_app.storage.queries.site_tasks import TaskScope, find_channel_stop, list_current_stops
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant

UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class RestingChannel:
    """One channel that rests for a participant; `reason` is a code."""

    stop_id: int
    channel: str
    reason: str
    since_at: datetime


def list_resting_channels(session: Session, participant: Participant) -> list[RestingChannel]:
    """List the channels that rest for a participant, the oldest stop first."""
    scope = TaskScope(participant.study_id, participant_id=participant.id)
    return [
        RestingChannel(stop.id, stop.channel, stop.reason, stop.since_at)
        for stop in list_current_stops(session, scope)
    ]


def lift_channel_stop(
    session: Session, participant_id: int, stop_id: int, *, actor: Actor, now: datetime
) -> bool:
    """Let a resting channel be used again; False where it no longer rests.

    Messages are planned anew, and what failed because of the address goes out where its window still runs.

    Raises NotFound for another site's participant or somebody else's stop. A participant takes back the own
    wish only: whether an address works is for the site to say.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    stop = find_channel_stop(session, stop_id)
    if stop is None or stop.participant_id != participant.id or not _may_lift(stop, actor):
        raise NotFound("channel stop")
    if stop.lifted_at is not None:
        return False
    stop.lifted_at, stop.lifted_by_id = now, actor.account_id
    session.flush()
    replan_reminders(session, participant=participant, now=now)
    revive_messages(session, participant=participant, now=now)
    record_change(
        session,
        Change(
            "channel.lift",
            f"participant:{participant.id}",
            [{"field": f"channel:{stop.channel}", "before": stop.reason, "after": None}],
        ),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
    return True


def _may_lift(stop: ChannelStop, actor: Actor) -> bool:
    return actor.kind != "participant" or stop.reason == UNSUBSCRIBED
