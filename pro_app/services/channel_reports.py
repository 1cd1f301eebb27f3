"""What a report about a message does: the message is shown as returned, a channel rests, the next is used.

A report is never a withdrawal: a person who wants no more e-mail may want an SMS, and answers if asked. What
the site is asked to do follows from the states that are left here.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import Clock
from pro_app.reminders.outbox import replan_reminders, revive_messages
from pro_app.reminders.outbox.returns import find_reported_message, record_arrival
from pro_app.reminders.outbox.take_over import record_return
from pro_app.services.earlier_addresses import find_where_it_went
from pro_app.storage.database import Database
from pro_app.storage.queries.channel_reports import ANY_CHANNEL, WAITING_REPORTS
from pro_app.storage.queries.outbox import MessageRow
from pro_app.storage.tables.channel_reports import ChannelReport, ChannelStop
from pro_app.storage.tables.participants import Participant

ReportKind = Literal["delivered", "delayed", "bounced", "complained", "unsubscribed", "unreadable"]
StopReason = Literal["unsubscribed", "bounced", "complained"]
WISHES = frozenset({"unsubscribed", "complained"})
GRAVITY = ("bounced", "unsubscribed", "complained")
"""Why a channel rests, the gravest last: who can end it is fewer each time."""
LONGEST_REASON = 100
WAITS_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that came back. `report_key` is the same for the same report, however often it is read.

    The message is named by our own key, with its generation where that is told, or by its provider's name for
    it on a channel (None where that is not told). `reason` is a code; `blames_address` tells that a bounce is
    the fault of an address that will never work.
    """

    report_key: str
    kind: ReportKind
    channel: str | None = "email"
    outbox_message_id: int | None = None
    generation: int | None = None
    provider_ref: str | None = None
    reason: str | None = None
    blames_address: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a report did: whether it is the first time, and whether its message is known."""

    is_new: bool
    is_known: bool


def record_report(
    session: Session,
    report: Report,
    *,
    usable_channels: Container[str],
    actor: Actor,
    now: datetime,
) -> Recorded:
    """Keep a report and do what follows from it; once that is done, the same one again does nothing.

    One about a message that is not known (yet) is kept and has no consequence until it is: read again, or
    when `apply_waiting_reports` finds its message. `usable_channels` are those of the installation, on one of
    which a returned message goes out next.
    """
    is_new = _keep(session, report, now=now)
    stored = session.scalars(
        select(ChannelReport)
        .where(ChannelReport.report_key == report.report_key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if stored.outbox_message_id is not None:
        return Recorded(is_new=False, is_known=True)
    row = find_reported_message(
        session,
        outbox_message_id=report.outbox_message_id,
        provider_ref=report.provider_ref,
        channel=report.channel,
        now=now,
    )
    if row is None:
        return Recorded(is_new=is_new, is_known=False)
    # Naming the message locks its row, and whoever locks a person's messages locks the person first.
    participant = session.get_one(Participant, row.participant_id, with_for_update=True)
    stored.outbox_message_id, stored.channel = row.id, row.channel
    session.refresh(row)
    _apply(
        session,
        report,
        row,
        participant=participant,
        usable_channels=usable_channels,
        actor=actor,
        now=now,
    )
    return Recorded(is_new=is_new, is_known=True)


def apply_waiting_reports(
    database: Database, *, usable_channels: Container[str], actor: Actor, clock: Clock
) -> int:
    """Do what follows from reports that came before their message had its name; gives how many there were.

    A provider may report before we have stored what it called the message. Each report has a transaction of
    its own.
    """
    with database.reading() as session:
        since = clock() - WAITS_FOR
        waiting = [_read_stored(stored) for stored in session.scalars(WAITING_REPORTS, {"since": since})]
    applied = 0
    for report in waiting:
        with database.writing() as session:
            recorded = record_report(
                session, report, usable_channels=usable_channels, actor=actor, now=clock()
            )
        applied += recorded.is_known
    return applied


def _read_stored(stored: ChannelReport) -> Report:
    """Give a report as it was told."""
    return Report(
        report_key=stored.report_key,
        kind=cast("ReportKind", stored.kind),
        channel=stored.channel if stored.channel != ANY_CHANNEL else None,
        provider_ref=stored.provider_ref,
        reason=stored.reason,
        blames_address=stored.blames_address,
    )


def _apply(
    session: Session,
    report: Report,
    row: MessageRow,
    *,
    participant: Participant,
    usable_channels: Container[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Do what follows from a report about a message that is known, of a person who is locked.

    What comes back about an earlier generation, at another address perhaps, changes nothing about the
    message; what a person wishes counts whichever message they answer. A message that comes back from an
    address which was changed since has failed; that says nothing of the present address, to which it goes
    where no other channel takes over. Where it may have gone to both addresses, one of which did not take it,
    nothing more is known of it than before.
    """
    if report.generation not in {None, row.generation} and report.kind not in WISHES:
        return
    went_to = find_where_it_went(session, row) if report.kind == "bounced" else "present"
    if went_to == "both":
        return
    is_past_address = went_to == "earlier"
    items = _change_message(session, report, row.id, usable_channels=usable_channels, now=now)
    reason = None if is_past_address else _find_stop_reason(report)
    if reason is not None:
        items += _stop_channel(
            session, participant.id, channel=row.channel, reason=reason, message_id=row.id, now=now
        )
    if items:
        replan_reminders(session, participant=participant, now=now)
        if is_past_address:
            revive_messages(session, participant=participant, now=now)
        change = Change("message.report", f"participant:{participant.id}", items, reason=report.kind)
        record_change(session, change, actor=actor, site_id=participant.site_id, now=now)


def _change_message(
    session: Session, report: Report, message_id: int, *, usable_channels: Container[str], now: datetime
) -> list[dict[str, str | None]]:
    """Say of the message what is known now; gives what that changed, for the audit trail."""
    state = None
    if report.kind == "bounced":
        state = record_return(
            session, message_id, reason=report.kind, usable_channels=usable_channels, now=now
        )
    elif report.kind == "delivered":
        state = record_arrival(session, message_id, now=now)
    return [{"field": f"message:{message_id}", "before": None, "after": state}] if state else []


def _keep(session: Session, report: Report, *, now: datetime) -> bool:
    """Store the report; tells whether it was not there yet, also when two read it in the same moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    stored = session.execute(
        insert(ChannelReport)
        .values(
            report_key=report.report_key,
            channel=report.channel or ANY_CHANNEL,
            kind=report.kind,
            reason=(report.reason or "")[:LONGEST_REASON] or None,
            provider_ref=report.provider_ref,
            blames_address=report.blames_address,
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["report_key"])
        .returning(ChannelReport.id)
    )
    return stored.first() is not None


def _find_stop_reason(report: Report) -> StopReason | None:
    """Say why the channel has to rest after a report, None if it need not."""
    if report.kind == "bounced":
        return "bounced" if report.blames_address else None
    if report.kind in {"unsubscribed", "complained"}:
        return "unsubscribed" if report.kind == "unsubscribed" else "complained"
    return None


def _stop_channel(
    session: Session,
    participant_id: int,
    *,
    channel: str,
    reason: StopReason,
    message_id: int,
    now: datetime,
) -> list[dict[str, str | None]]:
    """Let a channel rest for a person, whose row is locked; gives what that changed, for the audit trail.

    Where it rests already, a graver reason takes the place of the other: a new address ends the rest after a
    bounce, not a wish. It is a stop of its own, so that the site is told even if it has dealt with the first.
    """
    current = session.scalars(
        select(ChannelStop)
        .where(
            ChannelStop.participant_id == participant_id,
            ChannelStop.channel == channel,
            ChannelStop.lifted_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if current is not None:
        if GRAVITY.index(reason) <= GRAVITY.index(current.reason):
            return []
        current.lifted_at = now
        session.flush()  # there is room for one current stop only
    session.add(
        ChannelStop(
            participant_id=participant_id,
            channel=channel,
            reason=reason,
            outbox_message_id=message_id,
            since_at=now,
        )
    )
    session.flush()
    return [{"field": f"channel:{channel}", "before": current.reason if current else None, "after": reason}]
