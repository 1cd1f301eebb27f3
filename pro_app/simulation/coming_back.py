"""What comes back about messages: people who want no more of them, mailboxes that turn out not to exist."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from pro_app.audit.actor import system_actor
from pro_app.reminders.dispatch import PostOffice
from pro_app.reminders.outgoing import OutgoingMessage
from pro_app.reminders.reply_tokens import NamedMessage, read_reply_token
from pro_app.services.channel_reports import Report, ReportKind, record_report
from pro_app.simulation.people import VirtualPerson
from pro_app.simulation.receiving import Received

AFTER = timedelta(hours=3)
"""How long after a message was delivered what comes back about it is read."""
MAILBOX_READER = system_actor("worker", "simulation")
Action = Callable[[datetime], None]


@dataclass
class ComingBack:
    """Watches what arrives and lets reports come back about it, as `people` (by address) do.

    A dead mailbox of an odd-numbered person accepts first and bounces later; the others refuse at once.
    """

    office: PostOffice
    people: Mapping[str, VirtualPerson]
    happened: "Counter[str]"
    wake: Callable[[datetime, Action], None] = lambda _at, _action: None
    _read: "Counter[str]" = field(default_factory=Counter)

    def watch(self, received: Received, message: OutgoingMessage) -> None:
        """Note one message that arrived, and what will come back about it."""
        person = self.people.get(received.address)
        named = read_reply_token(self.office.secret_key, message.reply_token)
        if person is None or named is None:
            return
        self._read[received.address] += 1
        kind: ReportKind | None = None
        if bounces_later(person) and is_dead(person, received.at):
            kind = "bounced"
        elif self._read[received.address] == person.unsubscribes_at:
            kind = "unsubscribed"
        if kind is not None:
            self.wake(received.at + AFTER, partial(self._report, kind, named))

    def _report(self, kind: ReportKind, named: NamedMessage, now: datetime) -> None:
        report = Report(
            report_key=f"simulation:{kind}:{named.outbox_message_id}:{named.generation}",
            kind=kind,
            outbox_message_id=named.outbox_message_id,
            generation=named.generation,
            reason="5.1.1" if kind == "bounced" else None,
            blames_address=kind == "bounced",
        )
        with self.office.database.writing() as session:
            recorded = record_report(
                session, report, usable_channels=self.office.channels, actor=MAILBOX_READER, now=now
            )
        self.happened[kind] += recorded.is_new


def bounces_later(person: VirtualPerson) -> bool:
    """Tell whether the person's dead mailbox accepts what comes and bounces it later."""
    return person.number % 2 == 1


def is_dead(person: VirtualPerson, at: datetime) -> bool:
    """Tell whether the person's mailbox is dead at a moment."""
    return person.mailbox_dies_on is not None and at.date() >= person.mailbox_dies_on
