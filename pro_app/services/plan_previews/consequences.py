"""What the one planner says of a considered event: the plan and the outbox as they would become."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.reminders.hypothetical import imagine_situation
from pro_app.reminders.outbox import list_rows, plan_outbox
from pro_app.reminders.outbox.plan import OutboxPlan
from pro_app.reminders.situation import Situation
from pro_app.services.considered_events import ConsideredEvent
from pro_app.services.plan_previews.stored_message import StoredMessage
from pro_app.services.planning import PlanOutcome, preview_plan


@dataclass(frozen=True, slots=True)
class Consequences:
    """The change of the plan, the situation after it, what becomes of the messages, and these as they are."""

    outcome: PlanOutcome
    situation: Situation
    rows: Sequence[StoredMessage]
    outbox: OutboxPlan


def find_consequences(session: Session, considered: ConsideredEvent, *, now: datetime) -> Consequences:
    """Ask the planner, which the act itself asks too, and write nothing."""
    participant = considered.participant
    outcome = preview_plan(
        session, participant, events=considered.events, protocol=considered.protocol, now=now
    )
    situation = imagine_situation(
        session,
        participant,
        changes=outcome.changes,
        versions=outcome.versions,
        events=considered.events,
        protocol=considered.protocol,
        now=now,
    )
    rows = list_rows(session, participant.id, lock=False)
    return Consequences(
        outcome, situation, rows, plan_outbox(situation, rows, participant=participant, now=now)
    )
