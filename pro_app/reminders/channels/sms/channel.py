"""The SMS channel: a mobile number, a short text, and whichever provider carries it."""

from dataclasses import dataclass
from datetime import timedelta

import phonenumbers

from pro_app.reminders.channels.sms.provider import SmsProvider, Validity
from pro_app.reminders.channels.sms.text import fit_text
from pro_app.reminders.outgoing import OutgoingMessage, Undeliverable

LONGEST_VALIDITY = timedelta(days=1)
REACHED_BY_SMS = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)


@dataclass(frozen=True)
class SmsChannel:
    """Sends the short text of a message; the reply token is the reference, which tells nobody anything."""

    provider: SmsProvider

    def send(self, message: OutgoingMessage) -> str | None:
        """Send one message and give the provider's name for it; raises Retryable or Undeliverable."""
        number = parse_mobile(message.address)
        text = fit_text(message.short_text)
        return self.provider.send(number, text, message.reply_token, validity=_find_validity(message))


def _find_validity(message: OutgoingMessage) -> Validity:
    """Find until when a text may arrive: as long as the message may, and a day at most."""
    latest = message.at + LONGEST_VALIDITY
    return Validity(message.at, min(message.expires_at or latest, latest))


def parse_mobile(written: str) -> str:
    """Give a mobile number as E.164; raises Undeliverable for a landline or what is no number."""
    try:
        number = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException as error:
        raise Undeliverable("not_a_number") from error
    if not phonenumbers.is_valid_number(number):
        raise Undeliverable("not_a_number")
    if phonenumbers.number_type(number) not in REACHED_BY_SMS:
        raise Undeliverable("not_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
