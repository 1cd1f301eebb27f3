"""The only way out: messages are written with the change that causes them, and claimed before sending."""

from pro_app.reminders.outbox.planning import cancel_reminders, enqueue_test_message, replan_reminders

__all__ = ["cancel_reminders", "enqueue_test_message", "replan_reminders"]
