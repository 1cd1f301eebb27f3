"""Notifications in a participant's own browser: switched on and off by that person, beside e-mail or SMS.

The browser's address goes into the contact vault and nowhere else; the audit trail says that it was given.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.contacts.push_addresses import (
    find_address_key,
    forget_push_addresses_of,
    forget_push_addresses_on,
    list_push_addresses,
    save_push_address,
)
from pro_app.contacts.push_subscription import check_push_service, parse_subscription
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.reminders.channels.push import find_public_key
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.situation import PUSH, list_channels
from pro_app.services.known_channels import EMAIL, SMS, find_masked_addresses
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.settings import Settings
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class PushState:
    """What the page needs: the installation's public key, whether another way is known, and the browsers.

    `browsers` are SHA-256 digests (hex) of their addresses, by which a browser knows itself.
    """

    public_key: str
    has_other_way: bool
    browsers: tuple[str, ...]


def find_push_state(
    session: Session, *, settings: Settings, vault: ContactVault, actor: Actor
) -> PushState | None:
    """Find how notifications stand for the acting participant; None where the installation has none."""
    public_key = find_public_key(settings)
    if public_key is None:
        return None
    participant = _load_self(session, actor)
    is_on = PUSH in list_channels(participant.channels, load_protocol_of(session, participant))
    browsers = list_push_addresses(vault, participant.contact_ref) if is_on else []
    return PushState(
        public_key=public_key,
        has_other_way=_has_other_way(participant, settings=settings, vault=vault),
        browsers=tuple(_digest(json.loads(known.subscription_json)["endpoint"]) for known in browsers),
    )


def switch_push_on(
    session: Session,
    subscription_text: str,
    *,
    settings: Settings,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> None:
    """Show the acting participant's messages in a browser too.

    Raises InputRejected for what is no browser's address, and where no e-mail or SMS can reach the person: a
    notification can be missed without anybody noticing. The vault is another store and commits at once, so
    it is written when nothing else can be refused.
    """
    if find_public_key(settings) is None:
        raise NotFound("push")
    subscription = parse_subscription(subscription_text)
    check_push_service(subscription)
    participant = _load_self(session, actor, lock=True)
    if not _has_other_way(participant, settings=settings, vault=vault):
        message = mark(
            "Notifications come beside e-mails or text messages, never alone. "
            "Call your centre and give an e-mail address or a mobile number first."
        )
        raise InputRejected((Problem(message, place="subscription"),))
    order = list_channels(participant.channels, load_protocol_of(session, participant))
    known = {each.address_key for each in list_push_addresses(vault, participant.contact_ref)}
    if PUSH not in order or find_address_key(vault, subscription.endpoint) not in known:
        _change(session, participant, (*_without_push(order), PUSH), given=True, actor=actor, now=now)
    save_push_address(
        vault,
        participant.contact_ref,
        subscription.to_json(),
        device_ref=None if actor.device_id is None else str(actor.device_id),
        now=now,
    )


def switch_push_off(
    session: Session, endpoint: str | None, *, vault: ContactVault, actor: Actor, now: datetime
) -> int:
    """Show messages no longer in one of the acting participant's browsers, or in none; gives how many remain.

    E-mails and text messages go on.
    """
    participant = _load_self(session, actor, lock=True)
    address_key = find_address_key(vault, endpoint) if endpoint else None
    known = {each.address_key for each in list_push_addresses(vault, participant.contact_ref)}
    remaining = known - {address_key} if address_key else set()
    order = list_channels(participant.channels, load_protocol_of(session, participant))
    if remaining != known or (PUSH in order and not remaining):
        kept = order if remaining else _without_push(order)
        _change(session, participant, kept, given=False, actor=actor, now=now)
    return forget_push_addresses_of(vault, participant.contact_ref, address_key=address_key)


def forget_push_of_devices(
    session: Session,
    participant: Participant,
    device_id: int | None,
    *,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> None:
    """Show messages no longer on a device that is signed out, or on none (`device_id` is None).

    A browser of which nobody knows on which device it runs is left out too: better one notification too few,
    which the person can switch on again, than one on a phone that is lost. Lock the person first.
    """
    known = list_push_addresses(vault, participant.contact_ref)
    device_ref = None if device_id is None else str(device_id)
    gone = [each for each in known if device_ref is None or each.device_ref in {device_ref, None}]
    if not gone:
        return
    order = list_channels(participant.channels, load_protocol_of(session, participant))
    kept = order if len(gone) < len(known) else _without_push(order)
    _change(session, participant, kept, given=False, actor=actor, now=now)
    if device_ref is None:
        forget_push_addresses_of(vault, participant.contact_ref)
    else:
        forget_push_addresses_on(vault, participant.contact_ref, device_ref=device_ref)


def _change(
    session: Session,
    participant: Participant,
    order: tuple[str, ...],
    *,
    given: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Write the channels, plan the messages anew and tell the audit trail, all in the same transaction."""
    before = list_channels(participant.channels, load_protocol_of(session, participant))
    items: list[dict[str, object]] = [{"field": "browser", "given": given}]
    if order != before:
        after = ",".join(order)
        items.append({"field": "channels", "before": participant.channels, "after": after})
        participant.channels = after
        replan_reminders(session, participant=participant, now=now)
    record_change(
        session,
        Change("settings.change", f"participant:{participant.id}", items),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )


def _load_self(session: Session, actor: Actor, *, lock: bool = False) -> Participant:
    if actor.participant_id is None:
        raise NotPermitted("message settings")
    return load_participant(session, actor.participant_id, actor=actor, lock=lock)


def _has_other_way(participant: Participant, *, settings: Settings, vault: ContactVault) -> bool:
    """Say whether a message can reach the person by e-mail or, where the installation has it, by SMS."""
    known = find_masked_addresses(vault.find(participant.contact_ref))
    return EMAIL in known or (SMS in known and settings.sms_provider is not None)


def _without_push(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in order if code != PUSH)


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
