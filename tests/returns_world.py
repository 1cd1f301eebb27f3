"""What the tests of returned messages share: mails in the mailbox, reading it, looking at what follows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conftest import TEST_SECRET
from reminders_world import Post
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.reminders.reply_tokens import make_reply_token
from pro_app.services.channel_reports import Recorded, Report, record_report
from pro_app.services.inbox import read_inbox
from pro_app.settings import Settings
from pro_app.storage.tables.channel_reports import ChannelReport, ChannelStop
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = INVITED_AT + timedelta(minutes=5)
DOMAIN = "suivi.example.org"


def put(folder: Path, raw: bytes) -> None:
    """Put a mail into the mailbox."""
    (folder / "new" / f"{len(list(folder.rglob('*')))}.mail").write_bytes(raw)


def come_back(
    post: Post, reading: Settings, folder: Path, *, make: Callable[[str], bytes], kind: str = "b"
) -> int:
    """Send the invitation, put what comes back about it into the mailbox, and read that; gives how many."""
    post.dispatch(INVITED_AT)
    put(folder, make(address(post, kind)))
    return read(post, reading)


def read(post: Post, reading: Settings, now: datetime = LATER) -> int:
    """Read the mailbox as the worker does."""
    return read_inbox(reading, post.clinic.database, clock=lambda: now)


def address(post: Post, kind: str, rule: str = "invitation") -> str:
    """Give the address that the e-mail of a rule, as it stands, is returned to (`b`) or answered at (`u`)."""
    row = post.rows()[rule]
    return f"retours+{kind}-{make_reply_token(TEST_SECRET, row.id, generation=row.generation)}@{DOMAIN}"


def reports(post: Post) -> list[ChannelReport]:
    """List the reports by the order of recording."""
    with post.clinic.database.reading() as session:
        return list(session.scalars(select(ChannelReport).order_by(ChannelReport.id)))


def stops(post: Post) -> list[ChannelStop]:
    """List the channels that rest or have rested."""
    with post.clinic.database.reading() as session:
        return list(session.scalars(select(ChannelStop).order_by(ChannelStop.id)))


def use_channels(post: Post, channels: str) -> None:
    """Give the participant an own order of channels."""
    with post.clinic.writing() as session:
        session.get_one(Participant, post.participant_id).channels = channels


def record(post: Post, report: Report, *channels: str) -> Recorded:
    """Record a report, five minutes after the invitation."""
    with post.clinic.writing() as session:
        actor = system_actor("test", "report")
        return record_report(session, report, usable_channels=channels, actor=actor, now=LATER)
