"""What the outbox should become, from a situation and the rows there are (pure: no session, nothing changed).

`replan_reminders` stores what `plan_outbox` says; a preview only shows it. For something that is only
considered, ask with a hypothetical situation (see `reminders/situation.py`) and the rows as they stand:

    rows = list_rows(session, participant.id, lock=False)
    plan = plan_outbox(make_situation(...), rows, participant=participant, now=now)

A row that is `claimed` is in somebody's hands and cannot be called back; it is in no plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from pro_app.reminders.outbox.attempts import find_back_off
from pro_app.reminders.outbox.rows import check_row, find_channel_of
from pro_app.reminders.policy import (
    PlannedReminder,
    VisitSituation,
    find_late_invitation,
    plan_reminders,
    put_off,
)
from pro_app.reminders.situation import PUSH, Situation
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

GONE_OUT = frozenset({"claimed", "sent", "unknown"})
ALREADY_SENT = "already_sent"
SAME_MESSAGE_WITHIN = timedelta(hours=24)
"""The same rule under an earlier revision is the same message to its reader, if it was due so near."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message that the outbox lacks; with `reminder.refused` it is written as cancelled at once."""

    message_key: str
    channel: str
    visit: VisitSituation
    reminder: PlannedReminder


@dataclass(frozen=True, slots=True)
class OutboxPlan:
    """What becomes of the rows: taken back (with the reason), moved or planned again, and new ones.

    Of a renewed row that was tried and is still planned, only the time of the next attempt changes.
    """

    withdrawn: tuple[tuple[OutboxMessage, str], ...]
    renewed: tuple[tuple[OutboxMessage, PlannedReminder], ...]
    added: tuple[NewMessage, ...]


def plan_outbox(
    situation: Situation, rows: Sequence[OutboxMessage], *, participant: Participant, now: datetime
) -> OutboxPlan:
    """Compare the participant's messages about visits with what the policy asks for.

    Missing messages are added, obsolete ones withdrawn, those withdrawn before are planned again if they are
    due again. A message whose time has passed is not added, except the invitation to a window that is open
    and from which nothing has gone out yet, and what was still to go out on a channel that is used no more.
    Applied once, the plan asks for nothing more.
    """
    return _Planner(situation, {row.message_key: row for row in rows}, participant.id, now).plan()


def has_gone_out(row: OutboxMessage) -> bool:
    """Say whether a message went out, or may have, or is just going."""
    return row.state in GONE_OUT or row.doubts > 0


def make_slot(participant_id: int, visit: VisitSituation, rule_code: str) -> str:
    """Name what one message is about; its key is this with the channel."""
    return f"{participant_id}:{visit.visit_code}:{rule_code}:{visit.revision}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """A message that the policy asks for on one channel."""

    slot: str
    channel: str
    visit: VisitSituation
    reminder: PlannedReminder

    @property
    def key(self) -> str:
        return f"{self.slot}:{self.channel}"


@dataclass(frozen=True)
class _Planner:
    situation: Situation
    rows: Mapping[str, OutboxMessage]
    participant_id: int
    now: datetime

    def plan(self) -> OutboxPlan:
        wishes = {wish.key: wish for wish in self._list_wishes()}
        withdrawn = [
            (row, self._why_obsolete(row))
            for key, row in self.rows.items()
            if row.state == "planned" and key not in wishes
        ]
        renewed: list[tuple[OutboxMessage, PlannedReminder]] = []
        added: list[NewMessage] = []
        for key, wish in wishes.items():
            row = self.rows.get(key)
            reminder = self._find_timed(wish)
            if row is None:
                if reminder is not None:
                    added.append(NewMessage(key, wish.channel, wish.visit, reminder))
            elif row.state == "planned" and reminder is not None and reminder.refused is not None:
                withdrawn.append((row, reminder.refused))
            elif row.state == "planned" and row.channel in self.situation.resting:
                withdrawn.append((row, self._why_obsolete(row)))
            elif (change := self._find_renewal(row, wish.reminder, reminder)) is not None:
                renewed.append((row, change))
        return OutboxPlan(tuple(withdrawn), tuple(renewed), tuple(added))

    def _list_wishes(self) -> Iterator[_Wish]:
        """Give what the policy asks for, nothing where messages are stopped."""
        if self.situation.stopped_by is not None:
            return
        for visit in self.situation.visits:
            for reminder in plan_reminders(visit, self.situation.hours):
                slot = make_slot(self.participant_id, visit, reminder.rule.code)
                channel = self._find_main_channel(slot)
                if channel is not None:
                    yield _Wish(slot, channel, visit, reminder)
                elif (resting := self._find_resting_channel(slot)) is not None:
                    # On record as a message that cannot go, so that nobody takes it for forgotten.
                    refused = reminder.refused or "channel_rests"
                    yield _Wish(slot, resting, visit, replace(reminder, refused=refused))
                if self.situation.has_push:
                    yield _Wish(slot, PUSH, visit, reminder)

    @cached_property
    def _gone_rows(self) -> Mapping[str, OutboxMessage]:
        """The rows of messages that went out or may have, by key."""
        return {key: row for key, row in self.rows.items() if has_gone_out(row)}

    @cached_property
    def _main_rows(self) -> Mapping[str, Mapping[str, OutboxMessage]]:
        """The rows by what they are about and by channel, push apart."""
        found: dict[str, dict[str, OutboxMessage]] = {}
        for key, row in self.rows.items():
            if row.channel != PUSH:
                found.setdefault(key.rpartition(":")[0], {})[row.channel] = row
        return found

    def _find_resting_channel(self, slot: str) -> str | None:
        """Find where a message is on record that can go on no channel: its own one, if it has one."""
        resting = self.situation.resting - {PUSH}
        if self.situation.main_channels or not resting:
            return None
        return min(resting & self._main_rows.get(slot, {}).keys() or resting)

    def _find_main_channel(self, slot: str) -> str | None:
        """Find the one channel on which a message goes: where it went already, else the first that works."""
        tried = self._main_rows.get(slot, {})
        gone = next((channel for channel, row in tried.items() if has_gone_out(row)), None)
        if gone is not None:
            return gone
        channel = next(iter(self.situation.main_channels), None)
        while (row := tried.get(channel or "")) and row.state == "failed" and row.taken_over_by:
            channel = find_channel_of(row.taken_over_by)
        return channel if channel in self.situation.main_channels else None

    def _find_timed(self, wish: _Wish) -> PlannedReminder | None:
        """Give the message with the time at which it can still go out; None if that has passed."""
        reminder = wish.reminder
        if reminder.due_at >= self.now:
            return replace(reminder, refused=ALREADY_SENT) if self._has_same_gone(wish) else reminder
        if reminder.refused is not None:
            return None
        if self._is_pending_elsewhere(wish):
            return put_off(reminder, self.situation.hours, now=self.now)
        if self._has_any_gone(wish.visit):
            return None
        return find_late_invitation(reminder, self.situation.hours, now=self.now)

    def _has_same_gone(self, wish: _Wish) -> bool:
        """Say whether the same message went out under an earlier revision, or on another channel."""
        return any(
            row.rule_code == wish.reminder.rule.code
            and row.assessment_id == wish.visit.assessment_id
            and (row.channel == PUSH) == (wish.channel == PUSH)
            and abs(row.due_at - wish.reminder.due_at) < SAME_MESSAGE_WITHIN
            for key, row in self._gone_rows.items()
            if key != wish.key
        )

    def _has_any_gone(self, visit: VisitSituation) -> bool:
        """Say whether anything about the visit went out since its window opened."""
        opened_at = visit.window.opens_at
        return any(
            row.assessment_id == visit.assessment_id and row.due_at >= opened_at
            for row in self._gone_rows.values()
        )

    def _is_pending_elsewhere(self, wish: _Wish) -> bool:
        """Say whether a due message is still to go out, on a channel that is no longer the one to use."""
        tried = self._main_rows.get(wish.slot, {}) if wish.channel != PUSH else {}
        return any(
            row.state == "planned" and channel != wish.channel and not has_gone_out(row)
            for channel, row in tried.items()
        )

    def _find_renewal(
        self, row: OutboxMessage, wished: PlannedReminder, reminder: PlannedReminder | None
    ) -> PlannedReminder | None:
        """Give when a row is to go out now, if that differs from what it says; None if nothing changes.

        A row that was tried keeps its count and its reason; it only comes forward if it was put off.
        """
        if row.state == "planned" and row.attempts:
            return self._bring_forward(row, wished)
        if has_gone_out(row) or row.state not in {"planned", "cancelled"}:
            return None
        if row.state == "cancelled":
            return reminder if reminder is not None and reminder.refused is None else None
        if row.due_at <= self.now:
            return self._bring_forward(row, wished)
        if reminder is None or _says(row, reminder):
            return None
        return reminder

    def _bring_forward(self, row: OutboxMessage, wished: PlannedReminder) -> PlannedReminder | None:
        """Let a due message that was put off (by a pause that ended early, say) go at the next moment.

        Its due time stays: a later one would only hold it back. One that was tried waits at most as long as
        after an attempt just now.
        """
        next_at = self.now + find_back_off(row.attempts) if row.attempts else self.now
        try_at = self.situation.find_next_moment(max(next_at, row.due_at), before=row.expires_at)
        if row.attempt_at <= try_at or (row.expires_at is not None and try_at >= row.expires_at):
            return None
        return replace(wished, due_at=row.due_at, expires_at=row.expires_at, try_at=try_at, refused=None)

    def _why_obsolete(self, row: OutboxMessage) -> str:
        """Give the reason for withdrawing a message that the policy no longer asks for."""
        reason = check_row(row, self.situation, now=self.now)
        return reason or check_channel(row, self.situation) or "channel_changed"


def check_channel(row: OutboxMessage, situation: Situation) -> str | None:
    """Say why a message may not go out on its channel, as a reason code; None if it may."""
    if row.channel in situation.resting:
        return "channel_rests"
    usable = situation.has_push if row.channel == PUSH else row.channel in situation.channels
    return None if usable else "channel_changed"


def _says(row: OutboxMessage, reminder: PlannedReminder) -> bool:
    """Say whether a row stands as planned already."""
    return (row.due_at, row.attempt_at, row.expires_at) == (
        reminder.due_at,
        reminder.attempt_at,
        reminder.expires_at,
    )
