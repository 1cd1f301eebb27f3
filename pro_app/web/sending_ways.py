"""The ways of sending that the installation has, for pages that let somebody choose among them."""

from pro_app.reminders.addresses import PUSH
from pro_app.services.known_channels import EMAIL, SMS
from pro_app.web import request as this


def list_usable_channels() -> frozenset[str]:
    """List the addressed channels by which this installation can send."""
    return frozenset({EMAIL, SMS} if this.parts().settings.sms_provider else {EMAIL})


def list_ways_set_up() -> frozenset[str]:
    """List every way by which this installation can send, notifications included."""
    push = frozenset({PUSH} if this.parts().settings.push_private_key else ())
    return list_usable_channels() | push
