"""Where one message goes: an e-mail address, a telephone number, or every browser of the person."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pro_app.contacts.push_addresses import forget_push_address, list_push_addresses
from pro_app.contacts.vault import ContactVault

PUSH = "push"
KIND_OF_CHANNEL = {"email": "email", "sms": "telephone"}


@dataclass(frozen=True, slots=True)
class Destination:
    """One address of a channel; `push_key` names a browser that can be forgotten, `queue` where it waits."""

    address: str = field(repr=False)
    push_key: str | None = None
    queue: str | None = None


def find_addresses(vault: ContactVault, contact_ref: str, channel: str) -> Sequence[Destination]:
    """Read from the vault where a channel reaches a person; possibly nowhere."""
    if channel == PUSH:
        browsers = list_push_addresses(vault, contact_ref)
        return [Destination(each.subscription_json, each.address_key) for each in browsers]
    contact = vault.find(contact_ref)
    address = contact.telephone if KIND_OF_CHANNEL.get(channel) == "telephone" else contact.email
    return [Destination(address)] if address else []


def forget_address(vault: ContactVault, destination: Destination) -> None:
    """Forget a browser that is gone; an e-mail address or a number is the site's to correct."""
    if destination.push_key is not None:
        forget_push_address(vault, destination.push_key)
