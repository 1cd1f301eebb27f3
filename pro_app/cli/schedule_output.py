"""A calendar as it is printed: a table to read, or JSON."""

import json
from collections.abc import Sequence
from datetime import date

from pro_app.cli.translation import translate
from pro_app.language import mark
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit
from pro_app.settings import command_language


def render_json(plan: Sequence[PlannedVisit]) -> str:
    """Write the plan as a list of objects with ISO dates, null where a date is not known."""
    rows = [
        {
            "visit": visit.visit_code,
            "anchor": visit.anchor,
            "target_on": _iso(visit.target_on),
            "opens_on": _iso(visit.opens_on),
            "closes_on": _iso(visit.closes_on),
            "provisional": visit.provisional,
            "expected": visit.expected,
            "reason": visit.reason,
        }
        for visit in plan
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _iso(day: date | None) -> str | None:
    """Write a date as YYYY-MM-DD."""
    return None if day is None else day.isoformat()


def render_table(protocol: Protocol, plan: Sequence[PlannedVisit], zone: str) -> str:
    """Write the plan as aligned columns with a closing line on what a window is."""
    heads = (mark("Visit"), mark("Meaning"), mark("Opens"), mark("Target"), mark("Closes"), mark("Remark"))
    rows = [tuple(translate(head) for head in heads)]
    rows += [
        (
            visit.visit_code,
            protocol.visit_label(visit.visit_code, command_language()),
            visit.opens_on.isoformat(),
            _iso(visit.target_on) or "–",
            _iso(visit.closes_on) or "–",
            _render_remark(protocol, visit),
        )
        for visit in plan
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    closing = translate(
        mark("Windows open at 00:00 and close at 24:00 in the time zone %(zone)s."), zone=zone
    )
    return "\n".join([*lines, "", closing])


def _render_remark(protocol: Protocol, visit: PlannedVisit) -> str:
    """Say in words what is special about a visit."""
    remarks = [translate(mark("provisional"))] if visit.provisional else []
    if visit.reason is not None:
        words = mark("closed: %(reason)s") if visit.expected else mark("not expected: %(reason)s")
        remarks.append(translate(words, reason=protocol.reason_label(visit.reason, command_language())))
    return ", ".join(remarks)
