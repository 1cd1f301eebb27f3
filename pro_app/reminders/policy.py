"""Which messages should go out for a visit, when, and whether one still may (pure).

A message belongs to a civil day of the visit's window and goes out at the participant's own hour in their
own zone: never in the quiet hours, never on a Sunday unless the protocol allows it, never after the window.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pro_app.protocol.rules import MessageSettings, ReminderRule
from pro_app.protocol.windows import Window, civil_window

SUNDAY = 6
ALWAYS = "always"
"""The condition of a message that depends on no visit."""


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When one person may be reached: IANA zone, the hour they chose, and the protocol's quiet hours."""

    zone: str
    hour: int
    quiet_from_hour: int
    quiet_until_hour: int
    sundays: bool

    def allows_day(self, day: date) -> bool:
        """Say whether messages may go out on that day at all."""
        return self.sundays or day.weekday() != SUNDAY


@dataclass(frozen=True, slots=True)
class VisitSituation:
    """One visit of the current plan and what became of it. `closed`: it need not or cannot be answered."""

    planned_visit_id: int
    assessment_id: int | None
    visit_code: str
    revision: int
    opens_on: date
    target_on: date | None
    closes_on: date | None
    closed: bool
    started: bool
    submitted: bool
    rules: tuple[ReminderRule, ...]

    def window(self, zone: str) -> Window:
        """Give the window as moments."""
        return civil_window(self.opens_on, self.closes_on, zone)


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One message of a visit: due from `due_at` on, worthless from `expires_at` on (aware UTC)."""

    rule: ReminderRule
    template_code: str
    due_at: datetime
    expires_at: datetime | None


def sending_hours(messages: MessageSettings, *, zone: str, hour: int) -> SendingHours:
    """Put the protocol's quiet hours together with a participant's zone and chosen hour."""
    return SendingHours(
        zone,
        hour,
        messages.quiet_from_hour,
        quiet_until_hour=messages.quiet_until_hour,
        sundays=messages.sundays,
    )


def plan_reminders(visit: VisitSituation, hours: SendingHours) -> tuple[PlannedReminder, ...]:
    """Plan the messages of one visit in the order of their rules, also those whose time has passed.

    A rule gives nothing if its day is not known yet or if no allowed hour is left in the window.
    """
    if visit.closed or visit.submitted:
        return ()
    expires_at = visit.window(hours.zone).closes_at
    planned = []
    for rule in visit.rules:
        day = _find_day(rule, visit)
        if day is None or rule.kind == "escalation":
            continue
        due_at = find_chosen_moment(day, hours)
        if expires_at is None or due_at < expires_at:
            planned.append(PlannedReminder(rule, find_template_code(rule), due_at, expires_at))
    return tuple(planned)


def find_late_invitation(
    reminder: PlannedReminder, hours: SendingHours, *, now: datetime
) -> PlannedReminder | None:
    """Give the invitation to a window that was already open when it was planned: at the next allowed hour.

    None for every other message whose time has passed, and where the window leaves no allowed hour.
    """
    if reminder.rule.kind != "invitation":
        return None
    due_at = find_allowed_moment(now, hours)
    if reminder.expires_at is not None and due_at >= reminder.expires_at:
        return None
    return PlannedReminder(reminder.rule, reminder.template_code, due_at, reminder.expires_at)


def find_template_code(rule: ReminderRule) -> str:
    """Choose the text of a rule: `invitation`, `reminder`, `resume` (started, not sent) or `last_call`."""
    if rule.kind == "reminder" and rule.condition == "not_finished":
        return "resume"
    return rule.kind


def find_chosen_moment(day: date, hours: SendingHours) -> datetime:
    """Give the participant's chosen hour on the first allowed day from `day` on, moved out of quiet hours."""
    while not hours.allows_day(day):
        day += timedelta(days=1)
    return find_allowed_moment(_local_moment(day, hours.hour, hours.zone), hours)


def find_allowed_moment(earliest_at: datetime, hours: SendingHours) -> datetime:
    """Give the first moment from `earliest_at` on that lies neither in quiet hours nor on a barred day."""
    local = earliest_at.astimezone(ZoneInfo(hours.zone))
    day = local.date()
    if local.hour >= hours.quiet_from_hour:
        day += timedelta(days=1)
    elif local.hour >= hours.quiet_until_hour and hours.allows_day(day):
        return earliest_at
    while not hours.allows_day(day):
        day += timedelta(days=1)
    return _local_moment(day, hours.quiet_until_hour, hours.zone)


@dataclass(frozen=True, slots=True)
class MessageSituation:
    """What is asked of a stored message before it goes out; without a visit only stop and expiry count."""

    condition: str
    planned_visit_id: int | None
    expires_at: datetime | None


def check_eligibility(
    message: MessageSituation, visit: VisitSituation | None, *, stopped_by: str | None, now: datetime
) -> str | None:
    """Say why a message may no longer go out, as a reason code; None if it may.

    `visit` is the visit's current plan, `stopped_by` the event that stopped messages (`died`, `left`, …).
    A pause is no reason: held messages wait.
    """
    if stopped_by is not None:
        return stopped_by
    if message.planned_visit_id is not None:
        reason = _check_visit(message, visit)
        if reason is not None:
            return reason
    if message.expires_at is not None and now >= message.expires_at:
        return "window_closed"
    return None


def _check_visit(message: MessageSituation, visit: VisitSituation | None) -> str | None:
    """Say what about the visit makes the message pointless."""
    if visit is None:
        return "plan_replaced"
    objections = (
        (visit.submitted, "submitted"),
        (visit.closed, "not_required"),
        (visit.planned_visit_id != message.planned_visit_id, "plan_replaced"),
        (message.condition == "not_started" and visit.started, "already_started"),
        (message.condition == "not_finished" and not visit.started, "not_started"),
    )
    return next((reason for holds, reason in objections if holds), None)


def find_condition(rule_code: str, rules: Iterable[ReminderRule]) -> str | None:
    """Find what must still hold for a rule's message; None if the plan knows no such rule any more."""
    return next((rule.condition for rule in rules if rule.code == rule_code), None)


def _find_day(rule: ReminderRule, visit: VisitSituation) -> date | None:
    bases = {"opening": visit.opens_on, "target": visit.target_on, "closing": visit.closes_on}
    base = bases[rule.base]
    return None if base is None else base + timedelta(days=rule.days)


def _local_moment(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)
