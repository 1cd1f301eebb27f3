"""The clinic: participants, their plan, events and cards; states and counts, never answers."""

from pro_app.web.clinic import (
    cards,
    completion,
    contact,
    corrections,
    enrolment,
    events,
    lost_phone,
    message_texts,
    participants,
    receipts,
    record,
    tablet,
    task_words,
    tasks,
    visits,
    words,
)
from pro_app.web.clinic.face import blueprint

__all__ = [
    "blueprint",
    "cards",
    "completion",
    "contact",
    "corrections",
    "enrolment",
    "events",
    "lost_phone",
    "message_texts",
    "participants",
    "receipts",
    "record",
    "tablet",
    "task_words",
    "tasks",
    "visits",
    "words",
]
