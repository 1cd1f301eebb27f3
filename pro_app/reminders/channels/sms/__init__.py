"""SMS: finding the channel that an installation has set up, and reading what its provider reports."""

from collections.abc import Mapping
from typing import Any

from pro_app.errors import SettingMissing
from pro_app.language import mark
from pro_app.reminders.channels.sms import brevo, generic
from pro_app.reminders.channels.sms.channel import SmsChannel
from pro_app.reminders.channels.sms.gateway_file import read_gateway_file
from pro_app.reminders.channels.sms.provider import SmsReport
from pro_app.reminders.outgoing import Channel
from pro_app.settings import Settings


def find_sms_channel(settings: Settings) -> Channel | None:
    """Find the SMS channel of an installation; None where no provider is named.

    Raises SettingMissing for an unusable setting, DefinitionRejected for an unusable gateway file.
    """
    if settings.sms_provider is None:
        return None
    if settings.sms_provider == "brevo":
        if not settings.sms_key:
            raise SettingMissing("PRO_APP_SMS_KEY", mark("it is not set"))
        return SmsChannel(brevo.BrevoSms(settings.sms_sender, settings.sms_key))
    if settings.sms_gateway is None:
        raise SettingMissing("PRO_APP_SMS_GATEWAY", mark("it is not set"))
    gateway = read_gateway_file(settings.sms_gateway)
    return SmsChannel(generic.HttpGateway(gateway, settings.sms_sender, settings.sms_key))


def read_sms_report(settings: Settings, payload: Mapping[str, Any]) -> SmsReport | None:
    """Read a provider's report in the provider's own form; None if it says nothing about a message."""
    if settings.sms_provider == "brevo":
        return brevo.read_report(payload)
    if settings.sms_provider == "gateway" and settings.sms_gateway is not None:
        return generic.read_report(read_gateway_file(settings.sms_gateway).report, payload)
    return None


def is_ordinary_sms_report(settings: Settings, payload: Mapping[str, Any]) -> bool:
    """Tell whether a report in the provider's own form is about a state that asks for nothing."""
    if settings.sms_provider == "brevo":
        return brevo.is_ordinary(payload)
    if settings.sms_provider == "gateway" and settings.sms_gateway is not None:
        return generic.is_ordinary(read_gateway_file(settings.sms_gateway).report, payload)
    return False
