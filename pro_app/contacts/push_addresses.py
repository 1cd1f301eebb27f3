"""The browsers that show a person's messages, kept in the vault and encrypted like every other contact."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pro_app.contacts.tables import PushAddress
from pro_app.contacts.vault import ContactVault

MOST_BROWSERS = 5


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """One browser: the digest it is forgotten by, and what the browser gave (RFC 8030, JSON of Push API).

    `device_ref` names the remembered device that it runs on, None where that is not known.
    """

    address_key: str
    subscription_json: str = field(repr=False)
    device_ref: str | None = None


def save_push_address(
    vault: ContactVault,
    contact_ref: str,
    subscription_json: str,
    *,
    device_ref: str | None = None,
    now: datetime,
) -> PushSubscription:
    """Remember a browser under `contact_ref`; doing it twice changes nothing but the moment.

    A browser belongs to one person: whoever switches messages on there last. Of more than five browsers of
    one person, those that were heard of longest ago are forgotten. `subscription_json` was checked before;
    `device_ref` names the remembered device that the browser runs on, if it does.
    """
    subscription = PushSubscription(
        find_address_key(vault, json.loads(subscription_json)["endpoint"]), subscription_json
    )
    try:
        _save(vault, contact_ref, subscription, device_ref=device_ref, now=now)
    except IntegrityError:
        # The same browser was saved by another request at this very moment: now its row is there.
        _save(vault, contact_ref, subscription, device_ref=device_ref, now=now)
    return subscription


def find_address_key(vault: ContactVault, endpoint: str) -> str:
    """Give the keyed digest under which a browser's address is, or would be, kept."""
    return vault.digest(endpoint)


def list_push_addresses(vault: ContactVault, contact_ref: str) -> list[PushSubscription]:
    """List the browsers of one person, the one heard of last first; possibly none."""
    statement = (
        select(PushAddress)
        .where(PushAddress.contact_ref == contact_ref)
        .order_by(PushAddress.saved_at.desc(), PushAddress.address_key)
    )
    with vault.database.reading() as session:
        rows = session.scalars(statement).all()
    cipher = vault.cipher()
    return [
        PushSubscription(row.address_key, cipher.decrypt(row.ciphertext).decode(), row.device_ref)
        for row in rows
    ]


def forget_push_address(vault: ContactVault, address_key: str) -> None:
    """Forget a browser, for instance one whose push service says that it is gone."""
    with vault.database.writing() as session:
        session.execute(delete(PushAddress).where(PushAddress.address_key == address_key))


def forget_push_addresses_of(vault: ContactVault, contact_ref: str, *, address_key: str | None = None) -> int:
    """Forget all browsers of one person, or only the one named; gives how many remain."""
    own = PushAddress.contact_ref == contact_ref
    with vault.database.writing() as session:
        chosen = delete(PushAddress).where(own)
        session.execute(
            chosen if address_key is None else chosen.where(PushAddress.address_key == address_key)
        )
        return len(session.scalars(select(PushAddress.address_key).where(own)).all())


def forget_push_addresses_on(vault: ContactVault, contact_ref: str, *, device_ref: str) -> None:
    """Forget the browsers of one person on a device, and those of which nobody knows where they run."""
    on_it = or_(PushAddress.device_ref == device_ref, PushAddress.device_ref.is_(None))
    with vault.database.writing() as session:
        session.execute(delete(PushAddress).where(PushAddress.contact_ref == contact_ref, on_it))


def _save(
    vault: ContactVault,
    contact_ref: str,
    subscription: PushSubscription,
    *,
    device_ref: str | None,
    now: datetime,
) -> None:
    with vault.database.writing() as session:
        session.merge(
            PushAddress(
                address_key=subscription.address_key,
                contact_ref=contact_ref,
                device_ref=device_ref,
                ciphertext=vault.cipher().encrypt(subscription.subscription_json.encode()),
                saved_at=now,
            )
        )
        session.flush()
        _forget_surplus(session, contact_ref, kept=subscription.address_key)


def _forget_surplus(session: Session, contact_ref: str, *, kept: str) -> None:
    """Keep the browser just saved and the four others heard of last."""
    others = session.scalars(
        select(PushAddress.address_key)
        .where(PushAddress.contact_ref == contact_ref, PushAddress.address_key != kept)
        .order_by(PushAddress.saved_at.desc(), PushAddress.address_key)
        .offset(MOST_BROWSERS - 1)
    ).all()
    if others:
        session.execute(delete(PushAddress).where(PushAddress.address_key.in_(others)))
