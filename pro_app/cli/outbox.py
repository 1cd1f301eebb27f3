"""`pro-app outbox`: which messages are planned, went out, failed or were withdrawn, by codes alone."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from pro_app.cli.output_format import format_option
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.language import mark
from pro_app.services.sending_overview import GRACE
from pro_app.services.studies import load_current_protocol
from pro_app.settings import Settings
from pro_app.storage.queries.outbox import ListedMessage, list_messages, list_overdue

STATES = ("planned", "claimed", "sent", "unknown", "failed", "cancelled")
LATE = "late"
"""Not a state that is stored: what should have gone and did not."""
HEADS = (
    mark("Due"),
    mark("Participant"),
    mark("Site"),
    mark("Visit"),
    mark("Message"),
    mark("Channel"),
    mark("State"),
    mark("Attempts"),
    mark("Reason"),
)


@click.command(
    "outbox",
    help=mark(
        "List messages by their state; no address and no answer is shown. What was due last comes first, "
        "after it what is to come, the next first."
    ),
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice((*STATES, LATE)),
    help=mark("Only this state; may be given several times. late: should have gone, did not."),
)
@click.option("--study", "study_code", help=mark("The code of the study; needed where there are several."))
@click.option(
    "--days",
    type=click.IntRange(min=1),
    help=mark("Only what was due in so many days before now, or is in so many days from now."),
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help=mark("How many at most.")
)
@format_option
def outbox(
    states: tuple[str, ...], *, study_code: str | None, days: int | None, limit: int, form: str
) -> None:
    """Read the outbox and print it: what was due last first, then what is next."""
    now = system_clock()
    with opened_database(Settings.from_env().database_url) as database, database.reading() as session:
        study = choose_study(session, study_code)
        zone = load_current_protocol(session, study.id).default_zone
        listed = []
        if LATE in states:
            late = list_overdue(session, now=now, grace=GRACE)
            listed += [one for one in late if one.message.study_id == study.id]
        if not states or set(states) - {LATE}:
            stored = [state for state in states if state != LATE]
            listed += _list_around(session, study.id, states=stored, now=now, days=days, limit=limit)
    known = {one.message.id: one for one in listed}
    chosen = list(known.values())[:limit]
    click.echo(_render_json(chosen) if form == "json" else _render_table(chosen, zone))


def _list_around(
    session: Session, study_id: int, *, states: Sequence[str], now: datetime, days: int | None, limit: int
) -> list[ListedMessage]:
    """List what was due, the most recent first, and after it what is to come, the next first.

    Where there is more than `limit` of both, each gets half of it.
    """
    reach = timedelta(days=days) if days else None
    find = partial(list_messages, session, study_id=study_id, states=states or None)
    past = find(since=now - reach if reach else None, until=now, limit=limit)
    coming = find(since=now, until=now + reach if reach else None, next_first=True, limit=limit)
    return [*past[: limit - min(len(coming), limit // 2)], *coming]


def _render_json(listed: Sequence[ListedMessage]) -> str:
    """Write the messages as a list of objects; moments in UTC."""
    return json.dumps([_say(one) for one in listed], indent=2, ensure_ascii=False)


def _say(one: ListedMessage) -> dict[str, Any]:
    row = one.message
    return {
        "due_at": row.due_at.isoformat(),
        "attempt_at": row.attempt_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "participant": one.participant_code,
        "site": one.site_code,
        "visit": one.visit_code,
        "message": row.template_code,
        "rule": row.rule_code,
        "channel": row.channel,
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.outcome_reason,
    }


def _render_table(listed: Sequence[ListedMessage], zone: str) -> str:
    """Write the messages as aligned columns, moments in the study's own zone."""
    if not listed:
        return translate(mark("There is no such message."))
    rows = [tuple(translate(head) for head in HEADS)]
    rows += [
        (
            _say_moment(one.message.due_at, zone),
            one.participant_code,
            one.site_code,
            one.visit_code or "–",
            one.message.rule_code,
            one.message.channel,
            one.message.state,
            str(one.message.attempts),
            one.message.outcome_reason or "–",
        )
        for one in listed
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _say_moment(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
