"""By which ways messages can reach a participant: what the site knows, in which order, what rests."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from sqlalchemy.orm import Session

from pro_app.contacts.vault import Contact
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.situation import PUSH, list_channels
from pro_app.services.channel_stops import RestingChannel, list_resting_channels
from pro_app.services.contact_details import is_mobile_number, masked_email, masked_telephone
from pro_app.storage.tables.participants import Participant

EMAIL, SMS = "email", "sms"
ADDRESSED = (EMAIL, SMS)
"""The channels that need an address which the site records; a browser registers itself."""


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """One way by which messages can reach a participant; the address is masked."""

    code: str
    masked_address: str
    is_on: bool
    rests: RestingChannel | None


def list_known_channels(
    session: Session,
    participant: Participant,
    *,
    contact: Contact,
    protocol: Protocol,
    usable: frozenset[str],
) -> tuple[KnownChannel, ...]:
    """List the ways that the site set up and the installation has, those in use first and in their order."""
    order = [code for code in list_channels(participant.channels, protocol) if code in ADDRESSED]
    rests = {stop.channel: stop for stop in list_resting_channels(session, participant)}
    addresses = find_masked_addresses(contact)
    return tuple(
        KnownChannel(code, addresses[code], code in order, rests.get(code))
        for code in dict.fromkeys((*order, *ADDRESSED))
        if code in addresses and code in usable
    )


def find_masked_addresses(contact: Contact) -> dict[str, str]:
    """Give the masked address of each channel that a contact is good for; a landline is good for none."""
    found = {EMAIL: masked_email(contact.email)} if contact.email else {}
    if contact.telephone and is_mobile_number(contact.telephone):
        found[SMS] = masked_telephone(contact.telephone)
    return found


def list_orders(codes: Sequence[str]) -> list[tuple[str, ...]]:
    """List every order of every choice among channels, more channels first."""
    return [order for size in range(len(codes), 0, -1) for order in permutations(codes, size)]


def make_own_order(participant: Participant, wanted: Sequence[str], protocol: Protocol) -> str | None:
    """Give what is stored for an order of addressed channels, None for the protocol's (`wanted` is empty).

    Browsers that the person switched on stay on.
    """
    has_push = PUSH in list_channels(participant.channels, protocol)
    if not wanted and not has_push:
        return None
    addressed = list(wanted) or [code for code in protocol.messages.channels if code in ADDRESSED]
    return ",".join([*addressed, *([PUSH] if has_push else [])])


def list_contact_warnings(participant: Participant, contact: Contact, protocol: Protocol) -> list[str]:
    """List why ways in use cannot reach the person, as codes: `no_email`, `no_mobile`, `landline`."""
    order = list_channels(participant.channels, protocol)
    found = []
    if EMAIL in order and not contact.email and SMS not in find_masked_addresses(contact):
        found.append("no_email")
    if SMS in order and SMS not in find_masked_addresses(contact):
        found.append("landline" if contact.telephone else "no_mobile")
    return found
