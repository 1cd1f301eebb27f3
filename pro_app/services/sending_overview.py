"""Whether messages go out: the workers, who leads them, and what should have gone and did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.reminders.situation import PUSH
from pro_app.services.heartbeats import find_last_beat, list_heartbeats
from pro_app.services.leadership import find_leader
from pro_app.services.messages import find_outcome_words
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.outbox import (
    ListedMessage,
    count_by_state,
    count_unplaced_reports,
    find_taken_over,
    list_messages,
    list_overdue,
)
from pro_app.storage.tables.participants import Participant

SILENT_AFTER = timedelta(minutes=15)
"""A worker looks every minute; after so long without a sign of life something is wrong."""
GRACE = timedelta(minutes=15)
LOOKED_BACK = timedelta(days=30)
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One worker, its last sign of life, and whether it leads."""

    name: str
    beat_at: datetime
    leads: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class SentLine:
    """One message, by codes alone; `outcome` says why as `find_outcome_words` gives it."""

    participant_code: str
    site_code: str
    visit_label: str
    template_code: str
    channel: str
    due_at: datetime
    finished_at: datetime | None
    state: str
    attempts: int
    outcome: str | None


@dataclass(frozen=True, slots=True)
class SendingOverview:
    """`late` should have gone and did not; `lost` failed, or perhaps did, and nothing took its place.

    A notification goes beside another message and is never the only one: none of them is lost. `counts` are
    the messages due in the last 30 days, by state. `silent`: no worker gave a sign of life for longer than
    15 minutes; `beat_at` is the last one of all. `unplaced` counts what came back in the last 30 days, to the
    whole installation, and is about no message that is known.
    """

    workers: tuple[WorkerLine, ...]
    beat_at: datetime | None
    term: int | None
    counts: Mapping[str, int]
    late: tuple[SentLine, ...]
    lost: tuple[SentLine, ...]
    unplaced: int
    now: datetime

    @property
    def silent(self) -> bool:
        """Tell whether nobody looks after the messages."""
        return is_silent(self.beat_at, now=self.now)


def is_silent(beat_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether the last sign of life is missing, too old, or of a clock that was set back since."""
    return beat_at is None or abs(now - beat_at) > SILENT_AFTER


def load_sending_overview(
    session: Session, *, study_id: int, language: str, now: datetime
) -> SendingOverview:
    """Give what a coordinator sees of the sending of a study; no contact and no answer in it."""
    leader = find_leader(session, now=now)
    beats = list_heartbeats(session)
    missed = list_messages(session, study_id=study_id, states=("failed", "unknown"), since=now - LOOKED_BACK)
    taken_over = find_taken_over(session, (listed.message for listed in missed))
    lost = [
        listed for listed in missed if listed.message.id not in taken_over and listed.message.channel != PUSH
    ]
    return SendingOverview(
        workers=tuple(
            WorkerLine(
                beat.name,
                beat.beat_at,
                leads=leader is not None and leader.holder == beat.name,
                silent=is_silent(beat.beat_at, now=now),
            )
            for beat in beats
        ),
        beat_at=find_last_beat(session, now=now),
        term=leader.term if leader else None,
        counts=count_by_state(session, study_id=study_id, since=now - LOOKED_BACK, until=now),
        late=_write_lines(session, _list_late(session, study_id=study_id, now=now), language),
        lost=_write_lines(session, lost[:MOST_LISTED], language),
        unplaced=count_unplaced_reports(session, since=now - LOOKED_BACK),
        now=now,
    )


def count_late(session: Session, *, now: datetime) -> int:
    """Count what should have gone and did not, in all studies; at most 200 are counted."""
    return len(list_overdue(session, now=now, grace=GRACE, limit=MOST_LISTED))


def _list_late(session: Session, *, study_id: int, now: datetime) -> list[ListedMessage]:
    late = list_overdue(session, now=now, grace=GRACE)
    return [listed for listed in late if listed.message.study_id == study_id][:MOST_LISTED]


def _write_lines(session: Session, listed: Sequence[ListedMessage], language: str) -> tuple[SentLine, ...]:
    """Give the messages in words; the protocol of each participant words its visits and events."""
    return tuple(_write_line(session, one, language) for one in listed)


def _write_line(session: Session, listed: ListedMessage, language: str) -> SentLine:
    row = listed.message
    protocol = load_protocol(session, session.get_one(Participant, row.participant_id).protocol_sha256)
    return SentLine(
        participant_code=listed.participant_code,
        site_code=listed.site_code,
        visit_label=protocol.visit_label(listed.visit_code, language) if listed.visit_code else "",
        template_code=row.template_code,
        channel=row.channel,
        due_at=row.due_at,
        finished_at=row.finished_at,
        state=row.state,
        attempts=row.attempts,
        outcome=find_outcome_words(protocol, row.outcome_reason, language),
    )
