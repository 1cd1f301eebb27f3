"""By which ways messages reach a participant, in the words of the clinic's pages."""

from flask_babel import gettext, lazy_gettext

from pro_app.protocol.protocol import Protocol
from pro_app.services.known_channels import (
    ADDRESSED,
    KnownChannel,
    list_contact_warnings,
    list_known_channels,
    list_orders,
)
from pro_app.services.participants import Participant, load_protocol_of
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.words import day, known_word
from pro_app.web.message_words import CHANNELS
from pro_app.web.sending_ways import list_usable_channels

RESTS = {
    "unsubscribed": lazy_gettext("rests: the patient wants no more of these messages"),
    "bounced": lazy_gettext("rests: the address does not work"),
    "complained": lazy_gettext("rests: the patient reported a message as unwanted"),
}
WARNINGS = {
    "no_email": lazy_gettext("No e-mail address is recorded: no message will go out."),
    "no_mobile": lazy_gettext("No mobile number is recorded: no text message will go out."),
    "landline": lazy_gettext("The telephone number is no mobile number: no text message will go out."),
}


def list_channel_choices(protocol: Protocol) -> list[tuple[str, str]]:
    """List the orders to choose from with their words; none where the installation has one way only."""
    usable = sorted(list_usable_channels())
    if len(usable) < len(ADDRESSED):
        return []
    planned = _say([code for code in protocol.messages.channels if code in usable])
    own = [(",".join(order), _say(order)) for order in list_orders(usable)]
    return [("", gettext("As the trial plans: %(channels)s", channels=planned)), *own]


def own_order(participant: Participant) -> str:
    """Give the participant's own order as the form knows it; empty for that of the protocol."""
    codes = (participant.channels or "").split(",")
    return ",".join(code for code in codes if code in ADDRESSED)


def list_ways(participant: Participant) -> tuple[KnownChannel, ...]:
    """List the ways that lead to a participant, those in use first."""
    return list_known_channels(
        this.session(),
        participant,
        contact=this.parts().vault.find(participant.contact_ref),
        protocol=load_protocol_of(this.session(), participant),
        usable=list_usable_channels(),
    )


def contact_warnings(participant: Participant) -> list[str]:
    """Say which ways in use cannot reach the participant."""
    contact = this.parts().vault.find(participant.contact_ref)
    protocol = load_protocol_of(this.session(), participant)
    return [str(WARNINGS[code]) for code in list_contact_warnings(participant, contact, protocol)]


def rest_words(way: KnownChannel) -> str:
    """Say why and since when a way rests."""
    if way.rests is None:
        return ""
    reason = known_word(RESTS, way.rests.reason)
    return str(gettext("%(reason)s (since %(date)s)", reason=reason, date=day(way.rests.since_at.date())))


def _say(order: list[str] | tuple[str, ...]) -> str:
    return str(gettext(", then ")).join(known_word(CHANNELS, code) for code in order)


@blueprint.context_processor
def give_rest_words() -> dict[str, object]:
    """Give the pages of the clinic the words for ways that rest."""
    return {"rest_words": rest_words}
