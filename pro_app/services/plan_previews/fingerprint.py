"""The fingerprint of a preview: what somebody has seen before confirming, in 64 characters."""

import hashlib
import json
from collections.abc import Sequence

from pro_app.services.considered_events import ConsideredEvent
from pro_app.services.plan_previews.model import CalendarRow, MessageChange, PreviewWarning


def make_fingerprint(
    considered: ConsideredEvent,
    *,
    calendar: Sequence[CalendarRow],
    messages: Sequence[MessageChange],
    warnings: Sequence[PreviewWarning],
) -> str:
    """Digest the act, the events it stands on, and what it does to visits and messages.

    Words do not count. Nor does the minute at which a message would go out at once or at the next allowed
    hour, since it passes while somebody reads: which messages go and come is what is decided upon.
    """
    row, replaces = considered.row, considered.replaces
    said = {
        "event": [row.kind, row.occurred_on, sorted(row.details.items()), bool(row.retracts)],
        "replaces": replaces.id if replaces else None,
        "participant": considered.participant.id,
        "protocol": considered.protocol.sha256,
        "recorded": [event.id for event in considered.recorded],
        "calendar": [
            [visit.visit_code, visit.becomes, visit.reason_code, visit.answered, visit.before, visit.after]
            for visit in calendar
        ],
        "messages": sorted(
            [message.change, message.visit_code, message.rule_code, message.channel] for message in messages
        ),
        "warnings": [warning.code for warning in warnings],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
