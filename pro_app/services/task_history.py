"""What a site did about the tasks of one participant, in the words of a page."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.reminders.task_outcomes import CALL, CHECK, MISSING_REASON, PAPER_AWAITED
from pro_app.services.participants import load_participant
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.site_tasks import TaskScope, list_task_records


@dataclass(frozen=True, slots=True)
class RecordedTask:
    """One thing that the site did: about which kind of task and visit, what came of it, when and by whom.

    `reason` is the protocol's word for why there will be no answer this time, in the language asked for.
    """

    task_key: str
    kind: str
    visit_label: str
    outcome: str
    note: str | None
    at: datetime
    by: str | None
    again_on: date | None = None
    reason: str | None = None


def list_recorded_tasks(
    session: Session, participant_id: int, *, actor: Actor, language: str, most: int
) -> list[RecordedTask]:
    """List the newest records about a participant whom the actor may reach, the last one first."""
    participant = load_participant(session, participant_id, actor=actor)
    protocol = load_protocol(session, participant.protocol_sha256)
    rows = list_task_records(session, TaskScope(participant.study_id, participant_id=participant.id))
    newest = rows[::-1][:most]
    names = list_display_names(session, {row.recorded_by_id for row in newest if row.recorded_by_id})
    about_visits = {CALL, CHECK, MISSING_REASON, PAPER_AWAITED, *(task.code for task in protocol.site_tasks)}
    reasons = {reason.code: reason.label.text(language) for reason in protocol.missing_reasons}
    found = []
    for row in newest:
        kind, _, about = row.task_key.partition(f":{participant.id}:")
        visit = about.split(":")[0] if kind in about_visits else ""
        found.append(
            RecordedTask(
                task_key=row.task_key,
                kind=kind,
                visit_label=protocol.visit_label(visit, language) if visit else "",
                outcome=row.outcome,
                note=row.note,
                at=row.recorded_at,
                by=names.get(row.recorded_by_id or 0),
                again_on=row.again_on,
                reason=reasons.get(row.reason_code or ""),
            )
        )
    return found
