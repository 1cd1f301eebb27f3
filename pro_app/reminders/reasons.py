"""Why a message did not go out, in words for the site; the outbox keeps codes only."""

import re
from collections.abc import Mapping

from pro_app.language import mark

REASONS: Mapping[str, str] = {
    "no_address": mark("no address is known for this way of sending"),
    "no_channel": mark("this way of sending is not set up"),
    "address_unusable": mark("the e-mail address cannot be used"),
    "smtp_unreachable": mark("the mail server could not be reached"),
    "smtp_sign_in_refused": mark("the mail server refused our sign-in"),
    "smtp_not_encrypted": mark("the mail server offers no encryption"),
    "smtp_tls_failed": mark("the encrypted connection to the mail server failed"),
    "no_reply_after_text": mark("the mail server did not confirm that it took the message"),
    "smtp_silent": mark("the mail server confirmed nothing and was left alone for a while"),
    "record_unreadable": mark("what is recorded of this person could not be read"),
    "claim_ran_out": mark("sending was interrupted"),
    "unknown_fault": mark("sending was interrupted"),
    "not_written": mark("the message could not be written"),
    "not_a_number": mark("the telephone number cannot be used"),
    "not_mobile": mark("the telephone number is not that of a mobile phone"),
    "sms_number_refused": mark("the SMS service refused the number"),
    "gone": mark("the browser no longer takes notifications"),
    "push_address_unusable": mark("the browser's address cannot be used"),
    "folder_not_writable": mark("the mail folder cannot be written to"),
    "submitted": mark("the questionnaire had been received"),
    "not_required": mark("the questionnaire was no longer required"),
    "not_this_time": mark("the site had recorded that there would be no answer this time"),
    "plan_replaced": mark("the calendar had changed"),
    "already_started": mark("the questionnaire had been started"),
    "not_started": mark("the questionnaire had not been started"),
    "window_closed": mark("the time to answer was over"),
    "overtaken": mark("a later message went out instead"),
    "already_sent": mark("the same message had gone out under the calendar before"),
    "quiet_hours": mark("the hours at which messages may go out were over"),
    "bounced": mark("the message came back"),
    "queue_rests": mark("the recipient's mail service had asked to wait"),
    "channel_rests": mark("this way of sending was not to be used for this person"),
    "channel_changed": mark("another way of sending was chosen"),
    "address_changed": mark("it was planned again after the contact had changed"),
}
ABOUT_ADDRESS = frozenset(
    {"no_address", "address_unusable", "bounced", "not_a_number", "not_mobile", "sms_number_refused"}
)
_REFUSED_ADDRESS = mark("the mail server refused the address or the message")
_REFUSED_US = mark("the mail server lets no message of this installation through")
_REFUSED_FOR_NOW = mark("the mail server did not take the message")
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"sms_(hard_bounce|rejected|bounced)", mark("the text message did not arrive")),
    (
        r"sms_(no_reply|5(?!03)\d\d|answer_not_understood)",
        mark("the SMS service did not confirm that it took it"),
    ),
    (r"sms_\w+", mark("the SMS service did not take the message")),
    (
        r"push_(no_reply|5(?!03)\d\d)",
        mark("the notification service did not confirm that it took the message"),
    ),
    (r"push_key_refused\w*", mark("the notification service refused the key of this installation")),
    (r"push_\w+", mark("the notification service did not take the message")),
)
"""Codes that come in many forms, the first that fits counts."""


def find_reason_words(reason: str) -> str | None:
    """Find the message id for a reason code; None for the code of an event, which the protocol words."""
    if re.fullmatch(r"smtp_5\d\d", reason):
        return _REFUSED_ADDRESS
    if re.fullmatch(r"smtp_policy_\d\d\d", reason):
        return _REFUSED_US
    if re.fullmatch(r"smtp_(sender_)?\d\d\d", reason):
        return _REFUSED_FOR_NOW
    if reason in REASONS:
        return REASONS[reason]
    return next((words for pattern, words in _PATTERNS if re.fullmatch(pattern, reason)), None)


def is_about_address(reason: str | None) -> bool:
    """Say whether a message with this reason code might have arrived at another address."""
    return reason is not None and (reason in ABOUT_ADDRESS or re.fullmatch(r"smtp_5\d\d", reason) is not None)
