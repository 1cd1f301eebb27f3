"""The dates that visits count from: recorded ones, else the ones the arm expects."""

from collections.abc import Callable, Sequence
from datetime import date

from pro_app.protocol.calendar import add_offset
from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import DateRule, Moment

DatesOf = Callable[[str], Sequence[date]]
"""Gives the dates of a kind of event, in their order."""


def find_rule_date(rule: DateRule, dates_of: DatesOf) -> date | None:
    """Find the date that a rule gives with the dates that are known; None if it needs another one."""
    dates = [day for moment in rule.moments if (day := _find_moment(moment, dates_of)) is not None]
    if not dates:
        return None
    return min(dates) if rule.pick == "earliest" else max(dates)


def _find_moment(moment: Moment, dates_of: DatesOf) -> date | None:
    """Find the date of one moment, once enough of its events are known."""
    dates = dates_of(moment.event)
    if len(dates) < moment.at_least:
        return None
    return add_offset(dates[0] if moment.which == "first" else dates[-1], moment.plus)


def find_recorded_date(facts: Facts, event: str) -> date | None:
    """Find the first recorded date of an event."""
    return next(iter(facts.dates_of(event)), None)


def find_expected_date(protocol: Protocol, facts: Facts, event: str) -> date | None:
    """Find the date that the participant's arm plans with until the event is recorded."""
    arm = protocol.find_arm(facts.arm)
    rule = arm.expected.get(event) if arm else None
    return find_rule_date(rule, facts.dates_of) if rule else None


def find_proposed_date(protocol: Protocol, facts: Facts, event: str) -> date | None:
    """Find the date that a form offers to somebody who comes to record the event."""
    arm = protocol.find_arm(facts.arm)
    rule = arm.proposed.get(event) if arm else None
    return find_rule_date(rule, facts.dates_of) if rule else None
