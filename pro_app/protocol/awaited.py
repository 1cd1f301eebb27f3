"""Visits whose days are not settled yet, because the event that they count from may still be recorded."""

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol


def has_awaited_visits(protocol: Protocol, facts: Facts) -> bool:
    """Say whether the anchor of some visit has no recorded date and can still get one in the known arm.

    Such a visit may not be in the plan at all, or stand there on a day that is only expected.
    """
    return any(
        not facts.dates_of(event) and _may_come(protocol, facts, event)
        for event in {protocol.anchors_by_code[visit.anchor].event for visit in protocol.visits}
    )


def _may_come(protocol: Protocol, facts: Facts, event: str) -> bool:
    arms = protocol.event_kinds_by_code[event].arms
    return arms is None or facts.arm is None or facts.arm in arms
