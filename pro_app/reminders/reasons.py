"""Why a message did not go out, in words for the site; the outbox keeps codes only."""

import re
from collections.abc import Mapping

from pro_app.language import mark

REASONS: Mapping[str, str] = {
    "no_address": mark("no e-mail address is known"),
    "no_channel": mark("this way of sending is not set up"),
    "address_unusable": mark("the e-mail address cannot be used"),
    "smtp_unreachable": mark("the mail server could not be reached"),
    "smtp_sign_in_refused": mark("the mail server refused our sign-in"),
    "smtp_not_encrypted": mark("the mail server offers no encryption"),
    "smtp_tls_failed": mark("the encrypted connection to the mail server failed"),
    "no_reply_after_text": mark("the mail server did not confirm that it took the message"),
    "claim_ran_out": mark("sending was interrupted"),
    "unknown_fault": mark("sending was interrupted"),
    "not_written": mark("the message could not be written"),
    "folder_not_writable": mark("the mail folder cannot be written to"),
    "submitted": mark("the questionnaire had been received"),
    "not_required": mark("the questionnaire was no longer required"),
    "plan_replaced": mark("the calendar had changed"),
    "already_started": mark("the questionnaire had been started"),
    "not_started": mark("the questionnaire had not been started"),
    "window_closed": mark("the time to answer was over"),
    "overtaken": mark("a later message went out instead"),
}
_REFUSED_ADDRESS = mark("the mail server refused the address or the message")
_REFUSED_FOR_NOW = mark("the mail server did not take the message")


def find_reason_words(reason: str) -> str | None:
    """Find the message id for a reason code; None for the code of an event, which the protocol words."""
    if re.fullmatch(r"smtp_5\d\d", reason):
        return _REFUSED_ADDRESS
    if re.fullmatch(r"smtp_(sender_)?\d\d\d", reason):
        return _REFUSED_FOR_NOW
    return REASONS.get(reason)
