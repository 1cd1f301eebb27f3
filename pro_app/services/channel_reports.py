"""What a report about a message does: the message is shown as returned, a channel rests, the next is used.

A report is never a withdrawal: a person who wants no more e-mail may want an SMS, and answers if asked. What
the site is asked to do follows from the states that are left here.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.outbox.returns import find_reported_message, record_arrival
from pro_app.reminders.outbox.take_over import record_return
from pro_app.storage.tables.channel_reports import ChannelReport, ChannelStop
from pro_app.storage.tables.participants import Participant

ReportKind = Literal["delivered", "delayed", "bounced", "complained", "unsubscribed", "unreadable"]
StopReason = Literal["unsubscribed", "bounced", "complained"]
LONGEST_REASON = 100


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that came back. `report_key` is the same for the same report, however often it is read.

    The message is named by our own key or by its provider's name for it. `reason` is a code; `blames_address`
    tells that a bounce is the fault of an address that will never work.
    """

    report_key: str
    kind: ReportKind
    channel: str = "email"
    outbox_message_id: int | None = None
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
    """Keep a report and do what follows from it; the second time nothing happens.

    One about a message that is not ours (any more) is kept and has no consequence. `usable_channels` are
    those of the installation, on one of which a returned message goes out next.
    """
    row = find_reported_message(
        session, outbox_message_id=report.outbox_message_id, provider_ref=report.provider_ref
    )
    message_id = row.id if row else None
    if not _keep(session, report, message_id, channel=row.channel if row else report.channel, now=now):
        return Recorded(is_new=False, is_known=row is not None)
    if row is None:
        return Recorded(is_new=True, is_known=False)
    participant = session.get_one(Participant, row.participant_id, with_for_update=True)
    items = _change_message(session, report, row.id, usable_channels=usable_channels, now=now)
    reason = _find_stop_reason(report)
    if reason is not None and _stop_channel(
        session, participant.id, channel=row.channel, reason=reason, message_id=row.id, now=now
    ):
        items.append({"field": f"channel:{row.channel}", "before": None, "after": reason})
    if items:
        replan_reminders(session, participant=participant, now=now)
        change = Change("message.report", f"participant:{participant.id}", items, reason=report.kind)
        record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
    return Recorded(is_new=True, is_known=True)


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


def _keep(session: Session, report: Report, message_id: int | None, *, channel: str, now: datetime) -> bool:
    """Store the report; tells whether it was not there yet, also when two read it in the same moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    stored = session.execute(
        insert(ChannelReport)
        .values(
            report_key=report.report_key,
            outbox_message_id=message_id,
            channel=channel,
            kind=report.kind,
            reason=(report.reason or "")[:LONGEST_REASON] or None,
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
) -> bool:
    """Let a channel rest for a person, whose row is locked; tells whether it did not rest already."""
    current = select(ChannelStop.id).where(
        ChannelStop.participant_id == participant_id,
        ChannelStop.channel == channel,
        ChannelStop.lifted_at.is_(None),
    )
    if session.scalars(current).first() is not None:
        return False
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
    return True
