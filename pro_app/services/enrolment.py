"""Enrolling a participant at consent: the person, the first event, the first plan, the contacts."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import Contact, ContactVault
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.protocol import Protocol
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_checks import USED
from pro_app.services.enrolment_rules import Enrolment, parse_enrolment
from pro_app.services.planning import plan_participant
from pro_app.services.protocol_versions import load_site_protocol
from pro_app.services.sites import load_site
from pro_app.storage.queries.participants import find_participant_by_code
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

__all__ = ["Enrolment", "change_contact", "enrol_participant"]

SENT_TWICE_WITHIN = timedelta(minutes=10)


def enrol_participant(
    session: Session, enrolment: Enrolment, *, vault: ContactVault, actor: Actor, now: datetime
) -> Participant:
    """Enrol a participant and plan the first visit; the same form sent twice gives the same participant.

    Raises InputRejected with every problem of the input (`place` names the field).
    """
    site = load_site(session, enrolment.site_id, actor=actor)
    protocol = load_site_protocol(session, site, lock=True)
    enrolment, contact = parse_enrolment(enrolment, protocol=protocol, now=now)
    if site.closed_at is not None:
        raise InputRejected((Problem(mark("This site no longer enrols."), place="site_id"),))
    participant = _find_earlier(session, enrolment, contact=contact, vault=vault, actor=actor, now=now)
    if participant is not None:
        return participant
    participant = _new_participant(enrolment, site=site, protocol=protocol, actor=actor, now=now)
    try:
        with session.begin_nested():
            session.add(participant)
    except IntegrityError:
        # Another request enrolled this code between the look and the insert.
        earlier = _find_earlier(session, enrolment, contact=contact, vault=vault, actor=actor, now=now)
        if earlier is None:
            raise
        return earlier
    _record_enrolment(session, participant, contact=contact, actor=actor, now=now)
    # The vault is another store and commits at once, so it is written when nothing else can be refused.
    vault.save(participant.contact_ref, contact, now=now)
    return participant


def _find_earlier(
    session: Session,
    enrolment: Enrolment,
    *,
    contact: Contact,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> Participant | None:
    """Find the participant whom the same form enrolled just before; another one with this code is refused."""
    site = load_site(session, enrolment.site_id, actor=actor)
    earlier = find_participant_by_code(
        session, study_id=site.study_id, participant_code=enrolment.participant_code
    )
    if earlier is None:
        return None
    same_form = (
        _said_at_consent(earlier) == _said_at_consent(enrolment)
        and earlier.enrolled_by_id == actor.account_id
        and now - earlier.enrolled_at <= SENT_TWICE_WITHIN
        and vault.find(earlier.contact_ref) == contact
    )
    if same_form:
        return earlier
    raise InputRejected((Problem(USED, place="participant_code"),))


def _said_at_consent(said: Enrolment | Participant) -> tuple[object, ...]:
    return (
        said.site_id,
        said.participant_code,
        said.consented_on,
        said.notice_version,
        said.language,
        said.zone,
        said.reminder_hour,
        said.channels if isinstance(said, Participant) else ",".join(said.channels) or None,
    )


def _new_participant(
    enrolment: Enrolment, *, site: Site, protocol: Protocol, actor: Actor, now: datetime
) -> Participant:
    return Participant(
        study_id=site.study_id,
        site_id=site.id,
        participant_code=enrolment.participant_code,
        contact_ref=secrets.token_hex(16),
        protocol_sha256=protocol.sha256,
        consented_on=enrolment.consented_on,
        notice_version=enrolment.notice_version,
        language=enrolment.language,
        zone=enrolment.zone,
        reminder_hour=enrolment.reminder_hour,
        channels=",".join(enrolment.channels) or None,
        enrolled_at=now,
        enrolled_by_id=actor.account_id,
    )


def _record_enrolment(
    session: Session, participant: Participant, *, contact: Contact, actor: Actor, now: datetime
) -> None:
    """Write the first event, the first plan, and the audit entry that lists both."""
    session.add(
        ParticipantEvent(
            participant_id=participant.id,
            kind="enrolled",
            occurred_on=participant.consented_on,
            details={},
            recorded_at=now,
            recorded_by_id=actor.account_id,
        )
    )
    session.flush()
    planned = plan_participant(session, participant, now=now)
    said = {
        "participant_code": participant.participant_code,
        "consented_on": participant.consented_on.isoformat(),
        "notice_version": participant.notice_version,
        "language": participant.language,
        "zone": participant.zone,
        "reminder_hour": participant.reminder_hour,
    } | ({"channels": participant.channels} if participant.channels else {})
    items: list[dict[str, object]] = [
        {"field": name, "before": None, "after": value} for name, value in said.items()
    ]
    items += [{"field": kind, "given": True} for kind in ("email", "telephone") if getattr(contact, kind)]
    items += planned.list_audit_items()
    record_change(
        session,
        Change("participant.enrol", f"participant:{participant.id}", items),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
