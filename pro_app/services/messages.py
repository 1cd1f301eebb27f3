"""A participant's messages as the clinic sees them, without any address, and the test message."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import ContactVault
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.outbox import enqueue_test_message
from pro_app.reminders.reasons import find_reason_words
from pro_app.reminders.situation import list_channels
from pro_app.services.known_channels import find_masked_addresses
from pro_app.services.participants import load_participant
from pro_app.services.protocol_versions import find_visit_label
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message: what it is about, when it is due, and what became of it; `visit` is empty for a test.

    `outcome` says why, as a message id or, where an event is the reason, in the words of the protocol.
    """

    template_code: str
    visit: str
    channel: str
    due_at: datetime
    state: str
    finished_at: datetime | None
    outcome: str | None


def list_messages(session: Session, participant_id: int, *, actor: Actor, language: str) -> list[MessageLine]:
    """List the messages of a participant whom the actor may reach, by the time they are due."""
    participant = load_participant(session, participant_id, actor=actor)
    protocol = load_protocol(session, participant.protocol_sha256)
    return [
        MessageLine(
            template_code=row.template_code,
            visit=_say_visit(session, participant, protocol, visit_code=visit_code, language=language),
            channel=row.channel,
            due_at=row.due_at,
            state=row.state,
            finished_at=row.finished_at,
            outcome=find_outcome_words(protocol, row.outcome_reason, language),
        )
        for row, visit_code in list_messages_with_visits(session, participant_id)
    ]


def _say_visit(
    session: Session, participant: Participant, protocol: Protocol, *, visit_code: str | None, language: str
) -> str:
    """Write a visit in words, also one that the participant's present version no longer has."""
    if not visit_code:
        return ""
    if protocol.find_visit(visit_code) is not None:
        return protocol.visit_label(visit_code, language)
    return find_visit_label(session, participant.study_id, visit_code, language=language)


def find_outcome_words(protocol: Protocol, reason: str | None, language: str) -> str | None:
    """Find the words for a reason that the outbox keeps as a code: a message id, or the protocol's words."""
    if reason is None:
        return None
    return find_reason_words(reason) or protocol.event_label(reason, language)


def send_test_message(
    session: Session,
    participant_id: int,
    *,
    channel: str | None = None,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> bool:
    """Enqueue a test message by the first way that leads to the person, or by `channel`.

    Gives False where none does: no address is known that it could go to, or the channel rests.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    known = find_masked_addresses(vault.find(participant.contact_ref))
    order = list_channels(participant.channels, load_protocol(session, participant.protocol_sha256))
    codes = [code for code in order if code in known and channel in {None, code}]
    if not any(enqueue_test_message(session, participant=participant, now=now, channel=c) for c in codes):
        return False
    record_change(
        session,
        Change("message.test", f"participant:{participant.id}"),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
    return True
