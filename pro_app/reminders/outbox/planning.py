"""Writing the outbox in the transaction of a change: what should go out, and what no longer should."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from pro_app.reminders.outbox.rows import enqueue_rows, withdraw_row
from pro_app.reminders.policy import (
    MessageSituation,
    PlannedReminder,
    VisitSituation,
    check_eligibility,
    find_condition,
    find_late_invitation,
    plan_reminders,
)
from pro_app.reminders.situation import Situation, load_situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

TEST_MESSAGE = "test"
TEST_MESSAGE_LIFE = timedelta(hours=2)
GONE_OUT = frozenset({"claimed", "sent", "unknown"})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A message that the policy asks for, with the visit it belongs to."""

    visit: VisitSituation
    reminder: PlannedReminder


def replan_reminders(session: Session, *, participant: Participant, now: datetime) -> None:
    """Make the outbox equal to what the policy says for the participant's current plan.

    Messages that are missing are enqueued, obsolete ones withdrawn, those withdrawn before are planned
    again if they are due again. A message whose time has passed is not enqueued, except the invitation
    to a window that is open and from which nothing has gone out yet. Doing it twice changes nothing more.
    """
    session.flush()
    situation = load_situation(session, participant, now=now)
    wanted = _list_wanted(situation, participant)
    rows = _list_rows(session, participant.id)
    for key, row in rows.items():
        if row.state == "planned" and key not in wanted:
            withdraw_row(row, _why_obsolete(row, situation, now=now), now=now)
    new: list[dict[str, Any]] = []
    for key, wish in wanted.items():
        reminder = _with_due_time(wish, rows, hours_of=situation, now=now)
        if key in rows:
            _renew_row(rows[key], reminder, now=now)
        elif reminder is not None:
            new.append(
                _new_row(
                    key, wish.visit, reminder, participant=participant, channel=situation.channel, now=now
                )
            )
    session.flush()
    enqueue_rows(session, new)


def cancel_reminders(
    session: Session,
    *,
    reason: str,
    now: datetime,
    assessment_id: int | None = None,
    participant_id: int | None = None,
) -> None:
    """Withdraw every planned message of an assessment or of a participant, test messages included."""
    if assessment_id is None and participant_id is None:
        raise ValueError("cancel_reminders needs an assessment or a participant")
    session.flush()
    statement = update(OutboxMessage).where(OutboxMessage.state == "planned")
    if assessment_id is not None:
        statement = statement.where(OutboxMessage.assessment_id == assessment_id)
    if participant_id is not None:
        statement = statement.where(OutboxMessage.participant_id == participant_id)
    session.execute(
        statement.values(
            # What may have arrived already is not called cancelled.
            state=case((OutboxMessage.doubts > 0, "unknown"), else_="cancelled"),
            outcome_reason=reason,
            finished_at=now,
        ).execution_options(synchronize_session="fetch")
    )


def enqueue_test_message(session: Session, *, participant: Participant, now: datetime) -> None:
    """Enqueue the message by which a person sees that messages arrive; asked twice in a minute, it is one.

    It goes out at once, whatever the hour: somebody has just asked for it. After two hours it is given up.
    """
    session.flush()
    channel = load_situation(session, participant, now=now).channel
    enqueue_rows(
        session,
        [
            {
                "message_key": f"{participant.id}:-:{TEST_MESSAGE}:{now:%Y%m%d%H%M}:{channel}",
                "rule_code": TEST_MESSAGE,
                "template_code": TEST_MESSAGE,
                "assessment_id": None,
                "planned_visit_id": None,
                "due_at": now,
                "attempt_at": now,
                "expires_at": now + TEST_MESSAGE_LIFE,
                **_same_for_all(participant, channel, now=now),
            }
        ],
    )


def _list_wanted(situation: Situation, participant: Participant) -> Mapping[str, _Wanted]:
    """List what the policy asks for under its key, nothing where messages are stopped."""
    if situation.stopped_by is not None:
        return {}
    wishes = [
        _Wanted(visit, reminder)
        for visit in situation.visits
        for reminder in plan_reminders(visit, situation.hours)
    ]
    return {
        f"{participant.id}:{wish.visit.visit_code}:{wish.reminder.rule.code}:{wish.visit.revision}"
        f":{situation.channel}": wish
        for wish in wishes
    }


def _list_rows(session: Session, participant_id: int) -> dict[str, OutboxMessage]:
    """List the messages about visits that the participant has, of every revision of the plan."""
    rows = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.participant_id == participant_id, OutboxMessage.planned_visit_id.is_not(None))
        .order_by(OutboxMessage.id)
        .execution_options(populate_existing=True)
        .with_for_update()
    )
    return {row.message_key: row for row in rows}


def _with_due_time(
    wish: _Wanted, rows: Mapping[str, OutboxMessage], *, hours_of: Situation, now: datetime
) -> PlannedReminder | None:
    """Give the message with the time at which it can still go out; None if that has passed."""
    if wish.reminder.due_at >= now:
        return wish.reminder
    opened_at = wish.visit.window(hours_of.hours.zone).opens_at
    if any(
        row.assessment_id == wish.visit.assessment_id and row.state in GONE_OUT and row.due_at >= opened_at
        for row in rows.values()
    ):
        return None
    return find_late_invitation(wish.reminder, hours_of.hours, now=now)


def _renew_row(row: OutboxMessage, reminder: PlannedReminder | None, *, now: datetime) -> None:
    """Move a message that was not tried yet, or plan one again that had been withdrawn untried."""
    if reminder is None or row.attempts or row.state not in {"planned", "cancelled"}:
        return
    if row.state == "planned" and row.due_at <= now:
        return  # It is due already: a later time would only hold it back.
    row.state, row.outcome_reason, row.finished_at = "planned", None, None
    row.due_at = row.attempt_at = reminder.due_at
    row.expires_at = reminder.expires_at


def _why_obsolete(row: OutboxMessage, situation: Situation, *, now: datetime) -> str:
    """Give the reason for withdrawing a message that the policy no longer asks for."""
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    condition = find_condition(row.rule_code, visit.rules if visit else ())
    message = MessageSituation(condition or "", row.planned_visit_id, row.expires_at)
    return check_eligibility(message, visit, stopped_by=situation.stopped_by, now=now) or "plan_replaced"


def _new_row(
    key: str,
    visit: VisitSituation,
    reminder: PlannedReminder,
    *,
    participant: Participant,
    channel: str,
    now: datetime,
) -> dict[str, Any]:
    return {
        "message_key": key,
        "rule_code": reminder.rule.code,
        "template_code": reminder.template_code,
        "assessment_id": visit.assessment_id,
        "planned_visit_id": visit.planned_visit_id,
        "due_at": reminder.due_at,
        "attempt_at": reminder.due_at,
        "expires_at": reminder.expires_at,
        **_same_for_all(participant, channel, now=now),
    }


def _same_for_all(participant: Participant, channel: str, *, now: datetime) -> dict[str, Any]:
    return {
        "study_id": participant.study_id,
        "site_id": participant.site_id,
        "participant_id": participant.id,
        "contact_ref": participant.contact_ref,
        "channel": channel,
        "planned_at": now,
        "state": "planned",
        "attempts": 0,
        "doubts": 0,
    }
