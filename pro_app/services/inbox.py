"""Reading the mailbox: each mail is recorded once, then marked; what is unclear is kept for a human eye."""

import hashlib
import logging
import secrets

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from pro_app.audit.actor import system_actor
from pro_app.clock import Clock
from pro_app.reminders.channels import find_usable_channels
from pro_app.reminders.incoming.mailbox import MailboxUnreachable, open_inbox
from pro_app.reminders.incoming.parse import MailReport, parse_mail
from pro_app.reminders.reply_tokens import read_reply_token
from pro_app.services.channel_reports import Report, record_report
from pro_app.settings import Settings
from pro_app.storage.database import Database

DATABASE_FAILED = (OperationalError, InterfaceError, NoConnectionLeft)
"""Faults that are none of the mail: it is left unread, so that what it says is not lost."""
logger = logging.getLogger(__name__)


def read_inbox(settings: Settings, database: Database, *, clock: Clock) -> int:
    """Read the unread mails of the installation's mailbox, if it has one; gives how many were dealt with.

    Each mail has a transaction of its own, and none keeps those behind it from being read: one that cannot be
    recorded is marked for a human eye. A mailbox or a database that cannot be reached is logged, and what was
    not dealt with is read again next time.
    """
    if settings.inbox_url is None:
        return 0
    dealt_with, usable = 0, find_usable_channels(settings)
    try:
        with open_inbox(settings.inbox_url) as inbox:
            for mail in inbox.list_unread():
                is_clear = _deal_with(mail.raw, settings, database, usable_channels=usable, clock=clock)
                inbox.mark_read(mail, flagged=not is_clear)
                dealt_with += 1
    except MailboxUnreachable as fault:
        logger.warning("the mailbox could not be read: %s", fault)
    except DATABASE_FAILED as fault:
        logger.warning("the mailbox is read later, the database failed: %s", type(fault).__name__)
    return dealt_with


def _deal_with(
    raw: bytes,
    settings: Settings,
    database: Database,
    *,
    usable_channels: frozenset[str],
    clock: Clock,
) -> bool:
    """Record what a mail says; tells whether that was clear.

    A mail that cannot be recorded, whatever a stranger has put into it, is recorded as unreadable. Raises
    the faults of a database that cannot be reached.
    """
    try:
        report, is_clear = make_report(raw, settings.secret_key)
        if report is not None:
            is_clear &= _record(report, database, usable_channels=usable_channels, clock=clock)
    except DATABASE_FAILED:
        raise
    except Exception as fault:  # noqa: BLE001 -- one mail must not keep the others from being read
        # What the fault says may quote the mail, and so an address.
        logger.error("a mail could not be recorded: %s", type(fault).__name__)  # noqa: TRY400 -- see above
        unreadable = Report(_make_key(raw), "unreadable")
        _record(unreadable, database, usable_channels=usable_channels, clock=clock)
        return False
    return is_clear


def make_report(raw: bytes, secret_key: str) -> tuple[Report | None, bool]:
    """Make of a mail what is to be recorded, and tell whether the mail was clear.

    The answer of a machine is clear and nothing to record; a mail that says nothing about a message of ours
    is not clear and recorded as `unreadable`.
    """
    key = _make_key(raw)
    found = parse_mail(raw)
    if found is None:
        return Report(key, "unreadable"), False
    if found.kind == "answered":
        return None, True
    return _name_message(found, key, secret_key), True


def _make_key(raw: bytes) -> str:
    return f"mail:{hashlib.sha256(raw).hexdigest()}"


def _name_message(found: MailReport, key: str, secret_key: str) -> Report:
    assert found.kind != "answered"  # noqa: S101 -- told apart by the caller, for the type checker's sake
    named = read_reply_token(secret_key, found.token) if found.token else None
    return Report(
        report_key=key,
        kind=found.kind,
        outbox_message_id=named.outbox_message_id if named else None,
        generation=named.generation if named else None,
        provider_ref=found.message_id,
        reason=found.status,
        blames_address=found.blames_address,
    )


def _record(report: Report, database: Database, *, usable_channels: frozenset[str], clock: Clock) -> bool:
    """Record what a mail says in a transaction of its own; tells whether its message is known."""
    with database.writing() as session:
        actor = system_actor("inbox", secrets.token_hex(8))
        recorded = record_report(session, report, usable_channels=usable_channels, actor=actor, now=clock())
    if not recorded.is_known:
        logger.warning("a mail in the mailbox is about no message that is known")
    return recorded.is_known
