"""Changing how a participant is reached, and knowing when a contact belongs to someone else too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.vault import NO_CONTACT, Contact, ContactVault
from pro_app.reminders.outbox import revive_messages
from pro_app.services.contact_details import parse_contact
from pro_app.services.earlier_addresses import CONTACT_CHANGED
from pro_app.services.enrolment_rules import (
    ContactChange,
    Enrolment,
    normalise_participant_code,
    parse_contact_change,
)
from pro_app.services.known_channels import make_own_order
from pro_app.services.participants import load_participant
from pro_app.services.planning import plan_participant
from pro_app.services.sites import load_site
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.participants import find_participant_by_code, list_participants_with_contacts
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant

CHANNEL_OF_KIND = {"email": "email", "telephone": "sms"}
"""The channel that uses each kind of contact."""


@dataclass(frozen=True, slots=True)
class SharedContact:
    """Other participants with the same e-mail or telephone: codes of the own site, and how many elsewhere."""

    codes: tuple[str, ...]
    elsewhere: int


def change_contact(
    session: Session,
    participant_id: int,
    change: ContactChange,
    *,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> Participant:
    """Change contacts, language, zone, hour and ways of messages; the audit trail names fields, no address.

    A way of sending that rested because its address did not work is used again with the new one, and what
    failed for want of an address goes out where its window still runs. The vault is another store and commits
    at once, so it is written when nothing else can be refused.
    """
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    protocol = load_protocol(session, participant.protocol_sha256)
    contact = parse_contact_change(change, protocol=protocol)
    items = _changed_items(participant, change, before=vault.find(participant.contact_ref), after=contact)
    channels = participant.channels
    if change.channels is not None:
        channels = make_own_order(participant, change.channels, protocol)
    if channels != participant.channels:
        items.append({"field": "channels", "before": participant.channels, "after": channels})
    if not items:
        return participant
    participant.channels = channels
    participant.language, participant.zone = change.language, change.zone
    participant.reminder_hour = change.reminder_hour
    if any(item["field"] == "telephone" and item["given"] for item in items):
        # A number that is only taken away leaves nobody to call, and is no other number.
        participant.telephone_changed_at = now
    items += _lift_bounces(session, participant, items, actor=actor, now=now)
    session.flush()
    items += plan_participant(session, participant, now=now).list_audit_items()
    if any(item.get("given") for item in items):
        revive_messages(session, participant=participant, now=now)
    record_change(
        session,
        Change(CONTACT_CHANGED, f"participant:{participant.id}", items),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
    vault.save(participant.contact_ref, contact, now=now)
    return participant


def find_shared_contact(
    session: Session, enrolment: Enrolment, *, vault: ContactVault, actor: Actor
) -> SharedContact | None:
    """Tell who else has the e-mail or telephone of this enrolment, to warn before it is saved."""
    site = load_site(session, enrolment.site_id, actor=actor)
    own = find_participant_by_code(
        session,
        study_id=site.study_id,
        participant_code=normalise_participant_code(enrolment.participant_code),
    )
    contact = parse_contact(email=enrolment.email, telephone=enrolment.telephone, zone=enrolment.zone)
    return _find_sharing(session, own.contact_ref if own else "", contact=contact, vault=vault, actor=actor)


def find_shared_change(
    session: Session, participant_id: int, change: ContactChange, *, vault: ContactVault, actor: Actor
) -> SharedContact | None:
    """Tell who else has the e-mail or telephone that a participant is to get."""
    participant = load_participant(session, participant_id, actor=actor)
    contact = parse_contact(email=change.email, telephone=change.telephone, zone=change.zone)
    return _find_sharing(session, participant.contact_ref, contact=contact, vault=vault, actor=actor)


def _changed_items(
    participant: Participant, change: ContactChange, *, before: Contact, after: Contact
) -> list[dict[str, object]]:
    items: list[dict[str, object]] = [
        {"field": name, "before": getattr(participant, name), "after": getattr(change, name)}
        for name in ("language", "zone", "reminder_hour")
        if getattr(participant, name) != getattr(change, name)
    ]
    items += [
        {"field": kind, "given": bool(getattr(after, kind))}
        for kind in ("email", "telephone")
        if getattr(before, kind) != getattr(after, kind)
    ]
    return items


def _lift_bounces(
    session: Session,
    participant: Participant,
    changed: Iterable[Mapping[str, object]],
    *,
    actor: Actor,
    now: datetime,
) -> list[dict[str, object]]:
    """Let the channels of a new address be used again where the old one did not work; gives what changed."""
    channels = [CHANNEL_OF_KIND[str(item["field"])] for item in changed if item.get("given")]
    stops = session.scalars(
        select(ChannelStop).where(
            ChannelStop.participant_id == participant.id,
            ChannelStop.channel.in_(channels),
            ChannelStop.reason == "bounced",
            ChannelStop.lifted_at.is_(None),
        )
    ).all()
    for stop in stops:
        stop.lifted_at, stop.lifted_by_id = now, actor.account_id
    return [{"field": f"channel:{stop.channel}", "before": stop.reason, "after": None} for stop in stops]


def _find_sharing(
    session: Session, own_ref: str, *, contact: Contact, vault: ContactVault, actor: Actor
) -> SharedContact | None:
    refs = vault.list_sharing(own_ref, contact) if contact != NO_CONTACT else frozenset[str]()
    if not refs:
        return None
    others = list_participants_with_contacts(session, refs)
    if not others:
        # What an enrolment that failed left in the vault is nobody's contact.
        return None
    near = tuple(p.participant_code for p in others if actor.may_reach_site(p.study_id, p.site_id))
    return SharedContact(codes=near, elsewhere=len(others) - len(near))
