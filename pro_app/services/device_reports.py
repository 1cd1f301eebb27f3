"""What a phone says that it still holds: a count of answers and a time, never an answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.storage.queries.device_reports import find_open_report
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.device_reports import DeviceReport

MOST_ANSWERS = 100_000
LONGEST_AGO = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class HeldAnswers:
    """What a phone holds: so many answers `waiting`, so many `refused`, the oldest kept `oldest_s` ago."""

    waiting: int
    refused: int
    oldest_s: int


def parse_held_answers(sent: object) -> HeldAnswers:
    """Read what a phone says; raises InputRejected for anything but three numbers that can be."""
    values = [
        sent.get(name) if isinstance(sent, dict) else None for name in ("waiting", "refused", "oldest_s")
    ]
    waiting, refused, oldest_s = (value if type(value) is int else -1 for value in values)
    longest_s = int(LONGEST_AGO.total_seconds())
    if not (0 <= waiting <= MOST_ANSWERS and 0 <= refused <= MOST_ANSWERS and oldest_s >= 0):
        raise InputRejected((Problem(mark("This report cannot be read.")),))
    return HeldAnswers(waiting, refused, min(oldest_s, longest_s))


def has_open_report(session: Session, *, actor: Actor) -> bool:
    """Say whether the acting participant's phone has said that it holds something, and nothing since."""
    if actor.participant_id is None:
        return False
    return find_open_report(session, actor.participant_id, device_id=actor.device_id) is not None


def record_held_answers(session: Session, held: HeldAnswers, *, actor: Actor, now: datetime) -> None:
    """Keep what a phone of the acting participant says; with nothing left, what it said before is settled.

    The time of the oldest answer counts back from `now`: a phone's own clock may be years off.
    """
    if actor.participant_id is None:
        raise NotPermitted("reports")
    participant = find_participant(session, actor.participant_id, lock=True)
    if participant is None:
        raise NotPermitted("reports")
    row = find_open_report(session, participant.id, device_id=actor.device_id)
    before = (row.waiting, row.refused) if row else (0, 0)
    after = (held.waiting, held.refused)
    oldest_at = now - timedelta(seconds=held.oldest_s)
    if after == (0, 0):
        if row is None:
            return
        row.resolved_at = now
    elif row is None:
        session.add(
            DeviceReport(
                participant_id=participant.id,
                device_id=actor.device_id,
                waiting=held.waiting,
                refused=held.refused,
                oldest_at=oldest_at,
                first_reported_at=now,
                reported_at=now,
            )
        )
    else:
        row.waiting, row.refused, row.reported_at = held.waiting, held.refused, now
        row.oldest_at = min(row.oldest_at, oldest_at)
    session.flush()
    if before == after:
        return
    items: list[dict[str, object]] = [
        {"field": name, "before": old, "after": new}
        for name, old, new in zip(("waiting", "refused"), before, after, strict=True)
        if old != new
    ]
    change = Change("device.report", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)
