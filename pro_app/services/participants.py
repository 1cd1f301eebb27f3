"""Reaching a participant: one of another site or study is as absent as one who never was."""

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.protocol.protocol import Protocol
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.participants import Participant

__all__ = ["Participant", "load_participant", "load_protocol_of"]


def load_participant(
    session: Session, participant_id: int, *, actor: Actor, lock: bool = False
) -> Participant:
    """Give a participant whom the actor may reach; `lock` before changing anything about the person.

    A participant reaches nobody but themselves.
    """
    participant = find_participant(session, participant_id, lock=lock)
    if participant is None or not actor.may_reach_site(participant.study_id, participant.site_id):
        raise NotFound("participant")
    if actor.kind == "participant" and actor.participant_id != participant.id:
        raise NotFound("participant")
    return participant


def load_protocol_of(session: Session, participant: Participant) -> Protocol:
    """Give the protocol version that governs a participant."""
    return load_protocol(session, participant.protocol_sha256)
