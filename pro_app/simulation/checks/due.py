"""What should have gone, derived once more from protocol and facts, and what became of each of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pro_app.protocol.rules import ReminderRule
from pro_app.reminders.public_holidays import is_public_holiday
from pro_app.simulation.checks.evidence import Life, Violation, closing_of, opening_of
from pro_app.storage.queries.outbox import MessageRow
from pro_app.storage.tables.assessments import Assessment, PlannedVisit

SUNDAY = 6
PUSH = "push"
"""Goes beside the first of the other channels, never in its stead."""
GRACE = timedelta(days=4)
"""Trying again ends within 72 hours, and the first try can wait for a Sunday or a holiday."""
SAME_MESSAGE_WITHIN = timedelta(days=1)
SEEN = frozenset({"sent", "unknown", "failed"})


def check_due(lives: Iterable[Life], *, now: datetime) -> Iterator[Violation]:
    """Give every message that should have gone by `now` and is missing, stuck or withdrawn without reason."""
    for life in lives:
        for visit, assessment in life.list_current():
            phase = life.protocols[visit.protocol_sha256].find_phase(visit.visit_code)
            if phase is None or visit.reason_code is not None or not visit.expected:
                continue
            for rule in phase.reminders:
                if rule.kind != "escalation":
                    yield from _Expectation(life, visit, assessment, rule).check(now)
        yield from _check_stuck(life, now)


def _check_stuck(life: Life, now: datetime) -> Iterator[Violation]:
    for row in life.messages:
        if row.state == "planned" and row.attempt_at < now - GRACE:
            yield life.violation("stuck", f"{row.message_key} has been due since {row.attempt_at:%Y-%m-%d}")
        if row.state == "claimed" and row.lease_until is not None and row.lease_until < now - GRACE:
            yield life.violation("stuck", f"{row.message_key} is in nobody's hands any more")
        if row.state in {"failed", "cancelled", "unknown"} and not row.outcome_reason:
            yield life.violation("no_reason", f"{row.message_key} is {row.state}")


@dataclass(frozen=True)
class _Expectation:
    """One rule of one visit, as the protocol and the facts want it."""

    life: Life
    visit: PlannedVisit
    assessment: Assessment
    rule: ReminderRule

    def check(self, now: datetime) -> Iterator[Violation]:
        """Give what is wrong if the message should have gone by now, nothing otherwise."""
        moment, closes_at = self._find_moment(), closing_of(self.visit)
        if moment is None or moment > now - GRACE or (closes_at is not None and moment >= closes_at):
            return
        if self.visit.planned_at >= moment:
            return  # It was planned when its time had passed: nothing is made up for but the invitation.
        if not self._is_wanted(moment):
            return
        rows = [row for row in self.life.messages if self._is_about(row, moment)]
        what = f"{self.visit.visit_code} {self.rule.code}, due {moment:%Y-%m-%d %H:%M}"
        if not rows:
            yield self.life.violation("missing", what)
        elif not any(self._is_accounted_for(row, now) for row in rows):
            said = ", ".join(f"{row.state} ({row.outcome_reason})" for row in rows)
            yield self.life.violation("withdrawn_without_reason", f"{what}: {said}")

    def _find_moment(self) -> datetime | None:
        """Give when the message is due at the latest: own hour, first allowed day from its day on."""
        bases = {
            "opening": self.visit.opens_on,
            "target": self.visit.target_on,
            "closing": self.visit.closes_on,
        }
        base = bases[self.rule.base]
        if base is None:
            return None
        day = base + timedelta(days=self.rule.days)
        if self.rule.kind == "invitation":
            day = max(day, self.visit.opens_on + timedelta(days=self._waiting_days()))
        hour = self.life.participant.reminder_hour
        moment = self._moment(day, hour)
        while not self._allows(day) or moment < opening_of(self.visit):
            day += timedelta(days=1)
            moment = self._moment(day, hour)
        return moment

    def _waiting_days(self) -> int:
        protocol = self.life.protocols[self.visit.protocol_sha256]
        phase = protocol.find_phase(self.visit.visit_code)
        waits = [t.invitation_waits_days for t in protocol.site_tasks if phase and phase.code in t.phases]
        return max(waits, default=0)

    def _moment(self, day: date, hour: int) -> datetime:
        zone = ZoneInfo(self.life.participant.zone)
        return datetime.combine(day, time(hour), zone).astimezone(UTC)

    def _allows(self, day: date) -> bool:
        messages = self.life.protocol.messages
        if day.weekday() == SUNDAY and not messages.sundays:
            return False
        country, zone = messages.public_holidays_of, self.life.participant.zone
        return not (country and is_public_holiday(day, country=country, zone=zone))

    def _is_wanted(self, moment: datetime) -> bool:
        """Say whether, by what was known at that moment, the message should go."""
        submitted_at, started_at = self.assessment.submitted_at, self.assessment.started_at
        started = started_at is not None and started_at <= moment
        if submitted_at is not None and submitted_at <= moment:
            return False
        if self.rule.condition == "not_started" and started:
            return False
        if self.rule.condition == "not_finished" and not started:
            return False
        if self.life.is_given_up(self.visit.visit_code, moment) or not self.life.is_live(moment):
            return False
        return self.life.find_stop(moment) is None and not self.life.is_held(moment)

    def _is_about(self, row: MessageRow, moment: datetime) -> bool:
        """Say whether a row is this message, under this plan or sent a moment ago under the one before."""
        if row.rule_code != self.rule.code or row.assessment_id != self.assessment.id:
            return False
        near = abs(row.due_at - moment) < SAME_MESSAGE_WITHIN and row.state in SEEN
        return row.planned_visit_id == self.visit.id or near

    def _is_accounted_for(self, row: MessageRow, now: datetime) -> bool:
        """Say whether a row went out, failed visibly, is still tried, or was withdrawn for a true reason."""
        if row.state != "cancelled":
            return row.state in SEEN or row.attempt_at >= now - GRACE
        at = row.finished_at or now
        reason = row.outcome_reason or ""
        facts = {
            "submitted": self.assessment.submitted_at is not None and self.assessment.submitted_at <= at,
            "already_started": self.assessment.started_at is not None and self.assessment.started_at <= at,
            "overtaken": self._has_other(row, at),
            "window_closed": self._has_no_moment_left(at),
            "not_this_time": self.life.is_given_up(self.visit.visit_code, at),
            "channel_rests": row.channel in self._list_resting(at),
            "channel_changed": self._is_another_channel_used(row, at),
        }
        if reason in self.life.protocol.event_kinds_by_code:
            return self.life.find_stop(at) is not None
        return facts.get(reason, False)

    def _list_resting(self, at: datetime) -> set[str]:
        """List the channels that rested at a moment."""
        return {
            stop.channel
            for stop in self.life.stops
            if stop.since_at <= at and (stop.lifted_at is None or stop.lifted_at > at)
        }

    def _is_another_channel_used(self, row: MessageRow, at: datetime) -> bool:
        """Say whether the person's messages go out on other channels than the one of a row."""
        own = self.life.participant.channels
        order = own.split(",") if own else self.life.protocol.messages.channels
        usable = [channel for channel in order if channel not in self._list_resting(at)]
        if row.channel == PUSH:
            return PUSH not in usable
        return row.channel != next((channel for channel in usable if channel != PUSH), None)

    def _has_other(self, row: MessageRow, at: datetime) -> bool:
        """Say whether another message to the same person went instead, or was in its stead withdrawn too."""
        return any(
            other.id != row.id
            and other.due_at <= at
            and (other.finished_at is None or other.finished_at >= row.due_at)
            and other.outcome_reason != "overtaken"
            for other in self.life.messages
        )

    def _has_no_moment_left(self, at: datetime) -> bool:
        """Say whether from a moment on the window had no allowed hour any more."""
        closes_at = closing_of(self.visit)
        if closes_at is None:
            return False
        messages, local = self.life.protocol.messages, self.life.local(at)
        day = local.date() if local.hour < messages.quiet_from_hour else local.date() + timedelta(days=1)
        while not self._allows(day):
            day += timedelta(days=1)
        return max(at, self._moment(day, messages.quiet_until_hour)) >= closes_at
