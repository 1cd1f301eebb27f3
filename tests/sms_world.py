"""What the tests of SMS share: channels by each provider, all talking to a real server on loopback."""

from pathlib import Path
from typing import Any

import pytest
from http_world import Answer, HttpServer
from messages_out import make_message

from pro_app.reminders.channels.sms.brevo import BrevoSms
from pro_app.reminders.channels.sms.channel import SmsChannel
from pro_app.reminders.channels.sms.gateway_file import read_gateway_file
from pro_app.reminders.channels.sms.generic import HttpGateway
from pro_app.reminders.http_call import Caller

MOBILE = "+33612345678"
QUICK = Caller(connect_timeout_s=5, reply_timeout_s=0.5)

GATEWAY = """
url: {url}/send/{{digits}}?ref={{reference}}
headers:
  Authorization: Bearer {{key}}
json:
  to: ["{{to}}"]
  message: {{body: "{{text}}", from: "{{sender}}"}}
  urgent: false
success:
  status: [200, 202]
  where:
    status: [0, accepted]
id: messages.0.id
undeliverable:
  - status: 400
    where: {{error.code: [bad_number, 17]}}
retryable:
  - where: {{status: 9}}
report:
  ref: id
  event: state
  events: {{DELIVRD: delivered, UNDELIV: bounced, EXPIRED: bounced, ENROUTE: delayed, STOP: unsubscribed}}
"""


def brevo(server: HttpServer) -> SmsChannel:
    """Make a channel by Brevo, to which the server says yes."""
    server.usual = Answer(201, '{"messageId": 1511882900176220}')
    return SmsChannel(BrevoSms("Suivi34", "xkeysib-secret", server.url("/send"), QUICK))


def gateway(server: HttpServer, folder: Path, text: str = GATEWAY) -> SmsChannel:
    """Make a channel by a described gateway, to which the server says yes."""
    server.usual = Answer(200, '{"status": 0, "messages": [{"id": "m-1"}]}')
    path = folder / "gateway.yaml"
    path.write_text(text.format(url=server.url("").rstrip("/")), encoding="utf-8")
    return SmsChannel(HttpGateway(read_gateway_file(path), "Suivi34", "secret/key", QUICK))


def refuse(channel: SmsChannel, error: type[Any], address: str = MOBILE) -> Any:  # noqa: ANN401 -- of the given type
    """Send a message that is refused, and give the refusal."""
    with pytest.raises(error) as refused:
        channel.send(make_message(address))
    return refused.value
