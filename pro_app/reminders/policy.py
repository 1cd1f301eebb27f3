"""Which messages should go out for a visit, when, and whether one still may (pure).

A message belongs to a civil day of the visit's window and goes out at the participant's own hour in their
own zone: never in the quiet hours, on a Sunday or a public holiday unless the protocol allows it, never
outside the window. A message for which the window leaves no such moment is planned as refused, so that it
is seen not to have gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pro_app.protocol.rules import ReminderRule, SiteTask
from pro_app.protocol.windows import Window, civil_window
from pro_app.reminders.sending_hours import (
    SendingHours,
    find_allowed_moment,
    find_chosen_moment,
    find_wished_moment,
)

ALWAYS = "always"
"""The condition of a message that depends on no visit."""

ASKED = "asked_"
"""Begins the code of a reminder that the participant asked for; no rule of a protocol can be named so."""

WINDOW_CLOSED = "window_closed"
"""The reason of a message for which the window left no allowed moment."""

NOT_THIS_TIME = "not_this_time"
"""The reason of a message about a visit of which the site recorded that there will be no answer."""


@dataclass(frozen=True, slots=True)
class VisitSituation:
    """One visit of the current plan and what became of it. `closed`: it need not or cannot be answered.

    `silenced`: the site recorded that there will be no answer this time, and nothing more is sent about it.
    `zone` is the one in which the days of its window are meant. `planned_visit_id` is None for a visit that
    is only imagined. The invitation waits for `site_check`, where there is one, until it is `checked`. On
    `asked_on` (civil dates) the participant asked to be reminded. `silenced_on` is the civil day on which
    the site recorded that, where it is known.
    """

    planned_visit_id: int | None
    assessment_id: int | None
    visit_code: str
    revision: int
    opens_on: date
    target_on: date | None
    closes_on: date | None
    zone: str
    closed: bool
    started: bool
    submitted: bool
    rules: tuple[ReminderRule, ...]
    site_check: SiteTask | None = None
    checked: bool = False
    asked_on: tuple[date, ...] = ()
    silenced: bool = False
    silenced_on: date | None = None

    @property
    def all_rules(self) -> tuple[ReminderRule, ...]:
        """Give the protocol's rules and one for each day on which the participant asked to be reminded."""
        return (*self.rules, *(make_asked_rule(day, opens_on=self.opens_on) for day in self.asked_on))

    @property
    def window(self) -> Window:
        """Give the window as moments."""
        return civil_window(self.opens_on, self.closes_on, self.zone)


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One message of a visit: due from `due_at` on, worthless from `expires_at` on (aware UTC).

    `try_at` is when it is tried first where that is later than `due_at`. With `refused`, a reason, it does
    not go out, and `due_at` is only when it would have been wished for.
    """

    rule: ReminderRule
    template_code: str
    due_at: datetime
    expires_at: datetime | None
    try_at: datetime | None = None
    refused: str | None = None

    @property
    def attempt_at(self) -> datetime:
        """Give when it is tried first."""
        return self.try_at or self.due_at


def plan_reminders(visit: VisitSituation, hours: SendingHours) -> tuple[PlannedReminder, ...]:
    """Plan the messages of one visit in the order of their rules, also those whose time has passed.

    A rule gives nothing if its day is not known yet, and a refused message if no allowed hour is left in
    the window from its day on.
    """
    if visit.closed or visit.submitted or visit.silenced:
        return ()
    planned = []
    for rule in visit.all_rules:
        day = _find_day(rule, visit)
        if day is not None and rule.kind != "escalation":
            planned.append(_plan_reminder(rule, day, visit=visit, hours=hours))
    return tuple(planned)


def make_asked_rule(remind_on: date, *, opens_on: date) -> ReminderRule:
    """Make the rule of a reminder that the participant asked for, in the terms of a protocol's rule."""
    return ReminderRule(
        f"{ASKED}{remind_on.isoformat()}",
        "reminder",
        base="opening",
        days=(remind_on - opens_on).days,
        condition="not_submitted",
    )


def find_late_invitation(
    reminder: PlannedReminder, hours: SendingHours, *, now: datetime
) -> PlannedReminder | None:
    """Give the invitation to a window that was already open when it was planned: at the next allowed hour.

    None for every other message whose time has passed, and where the window is over; refused where what is
    left of the window has no allowed hour.
    """
    over = reminder.expires_at is not None and now >= reminder.expires_at
    if reminder.rule.kind != "invitation" or over:
        return None
    late = replace(reminder, due_at=find_allowed_moment(now, hours), refused=None)
    return _refuse_outside(late, wished_at=now)


def put_off(reminder: PlannedReminder, hours: SendingHours, *, now: datetime) -> PlannedReminder:
    """Let a message that is still to go be tried at the next allowed moment, refused outside the window."""
    try_at = find_allowed_moment(now, hours)
    if reminder.expires_at is not None and try_at >= reminder.expires_at:
        return replace(reminder, refused=WINDOW_CLOSED)
    return replace(reminder, try_at=try_at)


def find_template_code(rule: ReminderRule) -> str:
    """Choose the text of a rule: its kind, `resume` (started, not sent), or `asked` (by the person)."""
    if rule.code.startswith(ASKED):
        return "asked"
    if rule.kind == "reminder" and rule.condition == "not_finished":
        return "resume"
    return rule.kind


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
        return WINDOW_CLOSED
    return None


def find_condition(rule_code: str, rules: Iterable[ReminderRule]) -> str | None:
    """Find what must still hold for a rule's message; None if the plan knows no such rule any more."""
    return next((rule.condition for rule in rules if rule.code == rule_code), None)


def _check_visit(message: MessageSituation, visit: VisitSituation | None) -> str | None:
    """Say what about the visit makes the message pointless."""
    if visit is None:
        return "plan_replaced"
    objections = (
        (visit.submitted, "submitted"),
        (visit.closed, "not_required"),
        (visit.silenced, NOT_THIS_TIME),
        (visit.planned_visit_id != message.planned_visit_id, "plan_replaced"),
        (message.condition == "not_started" and visit.started, "already_started"),
        (message.condition == "not_finished" and not visit.started, "not_started"),
    )
    return next((reason for holds, reason in objections if holds), None)


def _plan_reminder(
    rule: ReminderRule, day: date, *, visit: VisitSituation, hours: SendingHours
) -> PlannedReminder:
    """Plan the message of one rule at the chosen hour of its day, or of the first allowed day after it.

    The window keeps the zone that it was planned in, which may lie far from the present one: the chosen hour
    may come before it opens, or after it closes though an allowed hour comes before.
    """
    window = visit.window
    earliest_at = max(find_wished_moment(day, hours), window.opens_at)
    due_at = find_chosen_moment(day, hours)
    while due_at < window.opens_at:
        day += timedelta(days=1)
        due_at = find_chosen_moment(day, hours)
    if window.has_closed(due_at):
        due_at = find_allowed_moment(earliest_at, hours)
    reminder = PlannedReminder(rule, find_template_code(rule), due_at, window.closes_at)
    return _refuse_outside(reminder, wished_at=earliest_at)


def _refuse_outside(reminder: PlannedReminder, *, wished_at: datetime) -> PlannedReminder:
    """Refuse a message whose first allowed moment lies after the window."""
    if reminder.expires_at is None or reminder.due_at < reminder.expires_at:
        return reminder
    return replace(reminder, due_at=wished_at, refused=WINDOW_CLOSED)


def _find_day(rule: ReminderRule, visit: VisitSituation) -> date | None:
    """Find the civil day of a rule; an invitation that waits for the site has the last day it waits for."""
    bases = {"opening": visit.opens_on, "target": visit.target_on, "closing": visit.closes_on}
    base = bases[rule.base]
    day = None if base is None else base + timedelta(days=rule.days)
    if day is None or rule.kind != "invitation" or visit.site_check is None or visit.checked:
        return day
    return max(day, visit.opens_on + timedelta(days=visit.site_check.invitation_waits_days))
