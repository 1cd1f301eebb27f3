"""The clinic: participants, their plan, events and cards; states and counts, never answers."""

from pro_app.web.clinic import (
    cards,
    completion,
    contact,
    enrolment,
    events,
    lost_phone,
    participants,
    record,
    visits,
    words,
)
from pro_app.web.clinic.face import blueprint

__all__ = [
    "blueprint",
    "cards",
    "completion",
    "contact",
    "enrolment",
    "events",
    "lost_phone",
    "participants",
    "record",
    "visits",
    "words",
]
