"""A preview on the terminal: tables to read, or JSON for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pro_app.cli.translation import problem_text, translate
from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.services.plan_previews.model import (
    CalendarRow,
    MessageChange,
    PlanPreview,
    Rate,
    VisitDays,
)

BECOMES: Mapping[str, str] = {
    "kept": mark("no change"),
    "moved": mark("new dates"),
    "added": mark("added"),
    "cancelled": mark("removed"),
    "unscheduled": mark("answers kept apart"),
    "readmitted": mark("answers brought back"),
    "not_required": mark("no longer asked for"),
    "closed": mark("closed"),
    "required": mark("asked for again"),
    "confirmed": mark("dates confirmed"),
    "provisional": mark("provisional"),
    "renewed": mark("same days, other rules"),
}
ANSWERED: Mapping[str, str] = {"no": "", "started": mark("begun"), "sent": mark("received")}
CHANGES: Mapping[str, str] = {
    "withdrawn": mark("withdrawn"),
    "moved": mark("other time"),
    "added": mark("added"),
    "held": mark("waits"),
}
TITLES: Mapping[str, str] = {
    "record": mark("If “%(event)s” were recorded on %(date)s for %(participant)s:"),
    "correct": mark("If “%(event)s” were corrected to %(date)s for %(participant)s:"),
    "retract": mark("If “%(event)s” of %(date)s were taken back for %(participant)s:"),
}


def render_table(preview: PlanPreview) -> str:
    """Write the preview as aligned columns, in the language of the commands."""
    title = translate(
        TITLES[preview.act],
        event=preview.label,
        date=preview.occurred_on.isoformat(),
        participant=preview.participant_code,
    )
    parts = [
        title,
        *(translate(warning.message, **dict(warning.values)) for warning in preview.warnings),
        "",
        *_align(_list_calendar_lines(preview.calendar)),
        "",
        *_list_messages(preview),
        "",
        *_align(_list_rate_lines(preview)),
        "",
        translate(mark("Nothing was written.")),
    ]
    return "\n".join(parts)


def render_json(preview: PlanPreview) -> str:
    """Write the preview as one object: ISO dates, moments in UTC, null where there is none."""
    rates = preview.rates
    said = {
        "participant": preview.participant_code,
        "act": preview.act,
        "event": preview.kind,
        "occurred_on": preview.occurred_on.isoformat(),
        "details": dict(preview.details),
        "calendar": [_calendar_object(row) for row in preview.calendar],
        "messages": [_message_object(change) for change in preview.messages],
        "rates": {
            "expected": {"before": rates.expected_before, "after": rates.expected_after},
            "becomes_expected": list(rates.becomes_expected),
            "no_longer_expected": list(rates.no_longer_expected),
            "participant": {
                "before": _rate_object(rates.participant_before),
                "after": _rate_object(rates.participant_after),
            },
            "site": {"before": _rate_object(rates.site_before), "after": _rate_object(rates.site_after)},
        },
        "warnings": [
            {"code": warning.code, "text": translate(warning.message, **dict(warning.values))}
            for warning in preview.warnings
        ],
        "fingerprint": preview.fingerprint,
    }
    return json.dumps(said, indent=2, ensure_ascii=False)


def render_refusal_json(problems: Sequence[Problem]) -> str:
    """Write why there is no preview as one object; `place` names the option or field, null for none."""
    said = [{"place": problem.place or None, "text": problem_text(problem)} for problem in problems]
    return json.dumps({"problems": said}, indent=2, ensure_ascii=False)


def _calendar_object(row: CalendarRow) -> dict[str, Any]:
    return {
        "visit": row.visit_code,
        "label": row.label,
        "becomes": row.becomes,
        "before": _days_object(row.before),
        "after": _days_object(row.after),
        "reason": row.reason_code,
        "answered": row.answered,
    }


def _days_object(days: VisitDays | None) -> dict[str, Any] | None:
    if days is None:
        return None
    return {
        "opens_on": _iso(days.opens_on),
        "target_on": _iso(days.target_on),
        "closes_on": _iso(days.closes_on),
        "provisional": days.provisional,
    }


def _message_object(change: MessageChange) -> dict[str, Any]:
    return {
        "change": change.change,
        "visit": change.visit_code,
        "rule": change.rule_code,
        "message": change.template_code,
        "channel": change.channel,
        "before_at": _iso(change.before_at),
        "after_at": _iso(change.after_at),
        "at_once": change.at_once,
        "reason": change.reason_code,
    }


def _rate_object(rate: Rate) -> dict[str, Any]:
    return {"numerator": rate.numerator, "denominator": rate.denominator, "rate": rate.value}


def _list_calendar_lines(rows: Sequence[CalendarRow]) -> Iterator[Sequence[str]]:
    heads = (
        mark("Visit"),
        mark("Meaning"),
        mark("What changes"),
        mark("Before"),
        mark("After"),
        mark("Remark"),
    )
    yield [translate(head) for head in heads]
    for row in rows:
        remarks = [translate(ANSWERED[row.answered])] if ANSWERED[row.answered] else []
        remarks += [row.reason] if row.reason else []
        yield [
            row.visit_code,
            row.label,
            translate(BECOMES[row.becomes]),
            _days(row.before),
            _days(row.after),
            ", ".join(remarks),
        ]


def _list_messages(preview: PlanPreview) -> list[str]:
    if not preview.messages:
        return [translate(mark("No message changes."))]
    heads = (mark("Visit"), mark("Message"), mark("What changes"), mark("Before"), mark("After"))
    lines: list[Sequence[str]] = [[*(translate(head) for head in heads), translate(mark("Remark"))]]
    lines += [
        [
            change.visit_code,
            f"{change.template_code} ({change.channel})",
            translate(CHANGES[change.change]),
            _moment(change.before_at, preview.zone),
            translate(mark("at once")) if change.at_once else _moment(change.after_at, preview.zone),
            translate(change.reason) if change.reason else "",
        ]
        for change in preview.messages
    ]
    return _align(lines)


def _list_rate_lines(preview: PlanPreview) -> Iterator[Sequence[str]]:
    rates = preview.rates
    yield [translate(head) for head in (mark("Number"), mark("Before"), mark("After"))]
    yield [
        translate(mark("Questionnaires expected of this participant")),
        str(rates.expected_before),
        str(rates.expected_after),
    ]
    yield [
        translate(mark("Response rate of this participant")),
        _rate(rates.participant_before),
        _rate(rates.participant_after),
    ]
    yield [
        translate(mark("Response rate of the site")),
        _rate(rates.site_before),
        _rate(rates.site_after),
    ]


def _rate(rate: Rate) -> str:
    share = "–" if rate.value is None else f"{rate.value:.1%}"
    return f"{share} ({rate.numerator}/{rate.denominator})"


def _days(days: VisitDays | None) -> str:
    if days is None:
        return "–"
    words = f"{days.opens_on.isoformat()} … {_iso(days.closes_on) or ''}".rstrip()
    return f"{words} ({translate(mark('provisional'))})" if days.provisional else words


def _moment(at: datetime | None, zone: str) -> str:
    return "–" if at is None else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _iso(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _align(lines: Sequence[Sequence[str]] | Iterator[Sequence[str]]) -> list[str]:
    rows = list(lines)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
