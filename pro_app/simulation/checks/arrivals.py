"""What arrived: nothing twice, nothing that should not have gone, nothing at a time of quiet."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pro_app.reminders.outbox.planning import TEST_MESSAGE
from pro_app.reminders.public_holidays import is_public_holiday
from pro_app.simulation.checks.evidence import (
    Life,
    SentRecord,
    Violation,
    closing_of,
    opening_of,
)
from pro_app.storage.queries.outbox import MessageRow

SUNDAY = 6
LATE_FROM = timedelta(hours=2)
"""What arrives so much after it was due was held up by something."""


def check_arrivals(lives: Iterable[Life], sent: Iterable[SentRecord]) -> Iterator[Violation]:
    """Give every message that arrived and should not have, or not so."""
    people = {life.participant.id: life for life in lives}
    for record in sent:
        if record.participant_id not in people:
            yield Violation("unknown_message", record.message_key, "arrived at an unknown address")
    for life in people.values():
        yield from _check_copies(life)
        yield from _check_coalescing(life)
        rows = {row.message_key: row for row in life.messages}
        for record in life.sent:
            row = rows.get(record.message_key)
            if row is None:
                yield life.violation("unknown_message", f"{record.message_key} is not in this outbox")
            else:
                yield from _Arrival(life, record, row).check()


def check_said_sent(lives: Iterable[Life]) -> Iterator[Violation]:
    """Give every message that the outbox calls sent and that did not arrive."""
    for life in lives:
        arrived = {record.message_key for record in life.sent}
        for row in life.messages:
            if row.state == "sent" and row.message_key not in arrived:
                yield life.violation("never_arrived", f"{row.message_key} is called sent")


def _check_copies(life: Life) -> Iterator[Violation]:
    """Give what arrived more often than once, doubtful ones more often than twice."""
    doubts = {row.message_key: row.doubts for row in life.messages}
    for (key, channel), copies in Counter((r.message_key, r.channel) for r in life.sent).items():
        if copies > 1 + min(1, doubts.get(key, 0)):
            yield life.violation("twice", f"{key} arrived {copies} times by {channel}")


def _check_coalescing(life: Life) -> Iterator[Violation]:
    """Give two messages of one day of which one had waited, although the other was due as well by then."""
    due = {row.message_key: row.due_at for row in life.messages if row.rule_code != TEST_MESSAGE}
    days: defaultdict[tuple[str, object], list[SentRecord]] = defaultdict(list)
    for record in life.sent:
        if record.message_key in due:
            days[record.channel, life.local(record.at).date()].append(record)
    for (channel, day), records in days.items():
        for late in records:
            others = [
                r for r in records if r.message_key != late.message_key and due[r.message_key] <= late.at
            ]
            if late.at - due[late.message_key] >= LATE_FROM and any(r.at >= late.at for r in others):
                yield life.violation("several_after_outage", f"{len(records)} by {channel} on {day}")
                break


@dataclass(frozen=True)
class _Arrival:
    """One message that arrived, with its row and everything known of its reader."""

    life: Life
    record: SentRecord
    row: MessageRow

    @property
    def at(self) -> datetime:
        return self.record.at

    @property
    def sender_at(self) -> datetime:
        return self.record.sender_at

    def check(self) -> Iterator[Violation]:
        """Give everything that speaks against its having gone at that moment."""
        rules: list[tuple[str, Callable[[], str | None]]] = [
            ("after_stop", lambda: self.life.find_stop(self.at)),
            ("channel_rests", self._find_resting),
        ]
        if self.row.rule_code != TEST_MESSAGE:
            rules += [
                ("in_pause", self._find_pause),
                ("before_going_live", self._find_start),
                ("after_a_refusal", self._find_refusal),
                ("quiet_time", self._find_quiet),
                ("outside_window", self._find_outside),
                ("already_submitted", self._find_answered),
            ]
        for rule, find in rules:
            if (why := find()) is not None:
                shown = self.life.local(self.at).isoformat(timespec="minutes")
                yield self.life.violation(rule, f"{self.record.message_key} at {shown}: {why}")

    def _find_resting(self) -> str | None:
        for stop in self.life.stops:
            lifted = stop.lifted_at is not None and stop.lifted_at <= self.at
            if stop.channel == self.record.channel and stop.since_at <= self.at and not lifted:
                return stop.reason
        return None

    def _find_pause(self) -> str | None:
        sent_on = self.life.local(self.sender_at).date()
        return "messages were held" if self.life.is_held(self.at, sent_on) else None

    def _find_start(self) -> str | None:
        is_early = not self.life.is_live(self.sender_at)
        return f"the site goes live on {self.life.goes_live_on}" if is_early else None

    def _find_refusal(self) -> str | None:
        assessment = self.life.find_assessment(self.row.assessment_id)
        is_over = assessment is not None and self.life.is_given_up(assessment.visit_code, self.at)
        return "the site had recorded that there would be no answer" if is_over else None

    def _find_quiet(self) -> str | None:
        """Say why nobody is to be reached at that time of that day."""
        messages, local = self.life.protocol.messages, self.life.local(self.sender_at)
        if not messages.quiet_until_hour <= local.hour < messages.quiet_from_hour:
            return "quiet hours"
        if local.weekday() == SUNDAY and not messages.sundays:
            return "Sunday"
        country = messages.public_holidays_of
        zone = self.life.participant.zone
        if country and is_public_holiday(local.date(), country=country, zone=zone):
            return "public holiday"
        return None

    def _find_outside(self) -> str | None:
        visit = next((v for v in self.life.visits if v.id == self.row.planned_visit_id), None)
        if visit is None:
            return "its visit is not in the plan"
        closes_at = closing_of(visit)
        at = self.sender_at
        if at < opening_of(visit) or (closes_at is not None and at >= closes_at):
            return f"window {visit.opens_on} to {visit.closes_on}"
        if visit.replaced_at is not None and visit.replaced_at <= self.at:
            return "the plan had been replaced"
        if visit.reason_code is not None and visit.planned_at <= self.at:
            return f"the visit was closed: {visit.reason_code}"
        return None

    def _find_answered(self) -> str | None:
        assessment = self.life.find_assessment(self.row.assessment_id)
        submitted_at = assessment.submitted_at if assessment else None
        return "submitted" if submitted_at is not None and submitted_at <= self.at else None
