"""What an amendment does to the messages of one participant, as the outbox itself would plan them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.protocol.events import Event
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.hypothetical import imagine_situation
from pro_app.reminders.outbox import list_rows, plan_outbox
from pro_app.services.amendments.model import MessageCounts
from pro_app.services.planning import PlanOutcome
from pro_app.storage.tables.participants import Participant

SOON = timedelta(days=1)


def count_message_changes(
    session: Session,
    participant: Participant,
    outcome: PlanOutcome,
    *,
    events: Sequence[Event],
    protocol: Protocol,
    now: datetime,
) -> MessageCounts:
    """Count the messages that a plan withdraws and plans; one that goes out all the same counts as neither.

    Nothing is written. A message is the same if it says the same of the same visit at the same time.
    """
    situation = imagine_situation(
        session,
        participant,
        changes=outcome.changes,
        versions=outcome.versions,
        events=events,
        protocol=protocol,
        now=now,
    )
    rows = list_rows(session, participant.id, lock=False)
    plan = plan_outbox(situation, rows, participant=participant, now=now)
    withdrawn = {(row.assessment_id, row.rule_code, row.channel, row.due_at) for row, _why in plan.withdrawn}
    added = {
        (new.visit.assessment_id, new.reminder.rule.code, new.channel, new.reminder.due_at)
        for new in plan.added
        if new.reminder.refused is None
    }
    added |= {
        (row.assessment_id, row.rule_code, row.channel, reminder.due_at)
        for row, reminder in plan.renewed
        if row.state == "cancelled"
    }
    fresh = added - withdrawn
    soon = sum(due_at <= now + SOON for _assessment, _rule, _channel, due_at in fresh)
    return MessageCounts(withdrawn=len(withdrawn - added), added=len(fresh), soon=soon)
