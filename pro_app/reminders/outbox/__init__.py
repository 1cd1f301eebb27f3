"""The only way out: messages are written with the change that causes them, and claimed before sending."""

from pro_app.reminders.outbox.closing import close_expired
from pro_app.reminders.outbox.going_live import look_again_at_site
from pro_app.reminders.outbox.moving import move_messages, swap_forms_of_messages
from pro_app.reminders.outbox.plan import NewMessage, OutboxPlan, plan_outbox
from pro_app.reminders.outbox.planning import (
    cancel_reminders,
    enqueue_pin_code,
    enqueue_test_message,
    list_rows,
    replan_reminders,
)
from pro_app.reminders.outbox.revival import revive_messages

__all__ = [
    "NewMessage",
    "OutboxPlan",
    "cancel_reminders",
    "close_expired",
    "enqueue_pin_code",
    "enqueue_test_message",
    "list_rows",
    "look_again_at_site",
    "move_messages",
    "plan_outbox",
    "replan_reminders",
    "revive_messages",
    "swap_forms_of_messages",
]
