"""The messages before and after: withdrawn, moved, added, or waiting for the end of a pause."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pro_app.protocol.protocol import Protocol
from pro_app.reminders.outbox.plan import OutboxPlan
from pro_app.reminders.policy import PlannedReminder
from pro_app.services.messages import find_outcome_words
from pro_app.services.plan_previews.calendar import find_knowing_version
from pro_app.services.plan_previews.consequences import Consequences
from pro_app.services.plan_previews.model import MessageChange
from pro_app.services.plan_previews.stored_message import StoredMessage
from pro_app.storage.queries.assessments import AssessmentRecord

Key = tuple[str, str, str]
FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Words:
    """What names the visits, and the reasons, in the language of the reader."""

    protocol: Protocol
    records: Sequence[AssessmentRecord]
    language: str
    now: datetime

    def label(self, visit_code: str) -> str:
        """Write a visit in words."""
        knowing = find_knowing_version(self.protocol, self.records, visit_code)
        return knowing.visit_label(visit_code, self.language)

    def change(
        self,
        key: Key,
        *,
        withdrawn: tuple[StoredMessage, str] | None = None,
        reminder: PlannedReminder | None = None,
    ) -> MessageChange:
        """Put together what goes and what comes under one key."""
        row, reason = withdrawn or (None, None)
        before_at = row.attempt_at if row else None
        after_at = reminder.attempt_at if reminder else None
        template = reminder.template_code if reminder else row.template_code if row else ""
        moved = row is not None and reminder is not None
        shown_reason = None if moved else reason
        return MessageChange(
            change="moved" if moved else "added" if reminder else "withdrawn",
            visit_code=key[0],
            visit=self.label(key[0]),
            rule_code=key[1],
            template_code=template,
            channel=key[2],
            before_at=before_at,
            after_at=after_at,
            at_once=after_at is not None and after_at <= self.now,
            reason_code=shown_reason,
            reason=find_outcome_words(self.protocol, shown_reason, self.language),
        )


def list_message_changes(
    consequences: Consequences,
    records: Sequence[AssessmentRecord],
    *,
    protocol: Protocol,
    language: str,
    now: datetime,
) -> tuple[MessageChange, ...]:
    """List what changes for the reader of the messages, by the time they are or were due.

    A message that is written anew under a changed plan and goes out at the same moment is not listed.
    """
    words = _Words(protocol, records, language, now)
    visit_codes = {record.assessment_id: record.planned_code for record in records}
    gone = {
        _row_key(row, visit_codes): (row, reason)
        for row, reason in sorted(consequences.outbox.withdrawn, key=lambda entry: entry[0].id)
    }
    coming = dict(_list_coming(consequences.outbox, visit_codes))
    changes = [
        words.change(key, withdrawn=gone.get(key), reminder=coming.get(key)) for key in {**gone, **coming}
    ]
    changes += _list_shifted(consequences.outbox, visit_codes, words)
    told = [change for change in changes if change.before_at != change.after_at]
    held = _list_held(consequences, visit_codes, words)
    return tuple(sorted([*told, *held], key=_place))


def _row_key(row: StoredMessage, visit_codes: Mapping[int, str]) -> Key:
    return visit_codes.get(row.assessment_id or 0, ""), row.rule_code, row.channel


def _list_coming(outbox: OutboxPlan, visit_codes: Mapping[int, str]) -> Iterator[tuple[Key, PlannedReminder]]:
    """Give the messages that will be planned and are not: new ones, and those withdrawn before."""
    for message in outbox.added:
        if message.reminder.refused is None:
            yield (
                (message.visit.visit_code, message.reminder.rule.code, message.channel),
                message.reminder,
            )
    for row, reminder in outbox.renewed:
        if row.state != "planned":
            yield _row_key(row, visit_codes), reminder


def _list_shifted(
    outbox: OutboxPlan, visit_codes: Mapping[int, str], words: _Words
) -> Iterator[MessageChange]:
    """Give the messages that keep their row and get another time."""
    for row, reminder in outbox.renewed:
        if row.state == "planned":
            yield words.change(_row_key(row, visit_codes), withdrawn=(row, ""), reminder=reminder)


def _list_held(
    consequences: Consequences, visit_codes: Mapping[int, str], words: _Words
) -> Iterator[MessageChange]:
    """Give the messages that stay planned and wait for the end of a pause."""
    situation = consequences.situation
    if situation.held_until is None:
        return
    changed = {row.id for row, _reason in consequences.outbox.withdrawn}
    changed |= {row.id for row, _reminder in consequences.outbox.renewed}
    for row in consequences.rows:
        if row.state == "planned" and row.id not in changed and row.attempt_at < situation.held_until:
            key = _row_key(row, visit_codes)
            yield MessageChange(
                change="held",
                visit_code=key[0],
                visit=words.label(key[0]),
                rule_code=key[1],
                template_code=row.template_code,
                channel=key[2],
                before_at=row.attempt_at,
                after_at=situation.find_next_moment(row.attempt_at, before=row.expires_at),
            )


def _place(change: MessageChange) -> tuple[datetime, str, str]:
    return change.before_at or change.after_at or FAR, change.visit_code, change.rule_code
