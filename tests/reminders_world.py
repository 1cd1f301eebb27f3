"""What the tests of reminders share: a real SMTP server that answers as told, and looks into the outbox."""

import asyncio
import email
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from clinic_world import Clinic
from sqlalchemy import select

from pro_app.reminders.dispatch import PostOffice, dispatch_due
from pro_app.reminders.outbox import enqueue_test_message
from pro_app.reminders.outbox.claims import ClaimedMessage, Outcome, claim_next, record_outcome
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.storage.database import Database
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant


@dataclass
class MailServer:
    """A real SMTP server. `answers` says what it does with the next messages; without any it accepts.

    `senders` are the envelopes' own, where a bounce goes. An answer is a reply line to the recipient
    (`RCPT 550 …`) or to the text (`DATA 451 …`), or what becomes of the connection once the text is there:
    `DROP` (accepted, but the reply is lost) or `HANG`. Before each answer to a text it thinks for `thinks_s`
    seconds.
    """

    answers: deque[str] = field(default_factory=deque)
    accepted: list[EmailMessage] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    has_text: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    controller: Controller | None = None
    thinks_s: float = 0

    async def handle_RCPT(  # noqa: N802 -- the name and the arguments are aiosmtpd's
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer to a recipient."""
        if self.answers and self.answers[0].startswith("RCPT "):
            return self.answers.popleft().removeprefix("RCPT ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        """Answer to a text."""
        answer = self.answers.popleft() if self.answers else "DATA 250 OK"
        await asyncio.sleep(self.thinks_s)
        if answer.startswith("DATA 2") or answer in {"DROP", "HANG"}:
            self.accepted.append(_parse(envelope))
            self.senders.append(envelope.mail_from)
        self.has_text.set()
        if answer == "HANG":
            await server.loop.run_in_executor(None, self.released.wait, 30)
        if answer in {"DROP", "HANG"}:
            server.transport.abort()
            return "421 gone"
        return answer.removeprefix("DATA ")

    @property
    def port(self) -> int:
        """Give the port it listens on."""
        assert self.controller is not None
        return int(self.controller.server.sockets[0].getsockname()[1])  # type: ignore[union-attr]

    def stop(self) -> None:
        """Stop listening; connections that come later are refused."""
        self.released.set()
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    def message_ids(self) -> list[str]:
        """List the Message-IDs of what was accepted."""
        return [str(message["Message-ID"]) for message in self.accepted]

    def subjects(self) -> list[str]:
        """List the subjects of what was accepted."""
        return [str(message["Subject"]) for message in self.accepted]


def _parse(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


class AnyPortController(Controller):
    """A controller on a port that the system chooses, which aiosmtpd would otherwise try to connect to."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@dataclass
class Post:
    """A clinic with one participant, its post office and the server at the other end."""

    clinic: Clinic
    office: PostOffice
    server: MailServer
    participant_id: int

    def dispatch(self, now: datetime) -> dict[str, int]:
        """Send what is due at a moment; gives how many messages reached each state."""
        return dict(dispatch_due(self.office, clock=lambda: now).states)

    def rows(self, visit: str = "W08") -> dict[str, OutboxMessage]:
        """Give the messages of one visit by rule, of several revisions the latest."""
        rows = list_rows(self.clinic.database, visit=visit)
        return {row.rule_code: row for row in sorted(rows, key=lambda row: row.id)}

    def enqueue_test(self, now: datetime) -> None:
        """Enqueue a test message to the participant."""
        with self.clinic.writing() as session:
            participant = session.get_one(Participant, self.participant_id)
            enqueue_test_message(session, participant=participant, now=now)

    def change_contact(
        self, now: datetime, *, email: str = "nouvelle@example.fr", telephone: str = "", hour: int = 10
    ) -> None:
        """Let the nurse give the participant another address, or another hour."""
        change = ContactChange(
            email=email, telephone=telephone, language="fr", zone="Europe/Paris", reminder_hour=hour
        )
        with self.clinic.writing() as session:
            change_contact(
                session,
                self.participant_id,
                change,
                vault=self.clinic.vault,
                actor=self.clinic.nurse,
                now=now,
            )

    def claim(self, token: str, now: datetime) -> ClaimedMessage:
        """Claim what is due, and send nothing."""
        with self.clinic.writing() as session:
            claimed = claim_next(session, claim_token=token, now=now)
        assert isinstance(claimed, ClaimedMessage)
        return claimed

    def record(self, claimed: ClaimedMessage, outcome: Outcome, now: datetime) -> str | None:
        """Record what became of a claimed message."""
        with self.clinic.writing() as session:
            return record_outcome(
                session, claimed, outcome, usable_channels=self.office.channels.keys(), now=now
            )


def list_rows(database: Database, *, visit: str | None = None) -> list[OutboxMessage]:
    """List the outbox by due time, all of it or that of one visit."""
    with database.reading() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.due_at, OutboxMessage.id)).all()
    return [row for row in rows if visit is None or f":{visit}:" in row.message_key]


def states(database: Database, *, visit: str | None = None) -> dict[str, str]:
    """Give the state of each message by its rule; of several revisions the latest counts."""
    return {row.rule_code: row.state for row in sorted(list_rows(database, visit=visit), key=lambda r: r.id)}
