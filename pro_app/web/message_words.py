"""Messages in the words of the staff pages: their states, their kinds, the ways they go."""

from flask_babel import lazy_gettext

MESSAGE_STATES = {
    "planned": lazy_gettext("will go out"),
    "claimed": lazy_gettext("is going out"),
    "sent": lazy_gettext("sent"),
    "unknown": lazy_gettext("perhaps sent"),
    "failed": lazy_gettext("did not go out"),
    "cancelled": lazy_gettext("withdrawn"),
}
MESSAGE_KINDS = {
    "invitation": lazy_gettext("Invitation"),
    "reminder": lazy_gettext("Reminder"),
    "resume": lazy_gettext("Reminder to finish"),
    "asked": lazy_gettext("Reminder asked for by the patient"),
    "last_call": lazy_gettext("Last reminder"),
    "test": lazy_gettext("Test message"),
    "pin_code": lazy_gettext("Code for a new PIN"),
}
CHANNELS = {
    "email": lazy_gettext("e-mail"),
    "sms": lazy_gettext("text message"),
    "push": lazy_gettext("notification"),
}
MESSAGE_TONES = {"sent": "good", "failed": "alert", "unknown": "attention"}
"""How an entry of a timeline looks for a message in one of these states."""
