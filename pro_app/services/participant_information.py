"""What a participant is told about the own data: what the protocol says, and what consent was given to."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotPermitted
from pro_app.protocol.rules import DataProtection
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.storage.queries.consent_records import find_newest_notice


@dataclass(frozen=True, slots=True)
class OwnInformation:
    """Who answers for the data as the protocol says it, and the notice that the participant signed last."""

    said: DataProtection
    sponsor: str | None
    notice_version: str
    signed_on: date


def load_own_information(session: Session, *, actor: Actor) -> OwnInformation:
    """Give what holds for the acting participant."""
    if actor.participant_id is None:
        raise NotPermitted("information")
    participant = load_participant(session, actor.participant_id, actor=actor)
    protocol = load_protocol_of(session, participant)
    newest = find_newest_notice(session, participant.id)
    return OwnInformation(
        said=protocol.participant_pages.data_protection,
        sponsor=protocol.trial.sponsor,
        notice_version=newest.notice_version or "" if newest else participant.notice_version,
        signed_on=newest.occurred_on if newest else participant.consented_on,
    )
