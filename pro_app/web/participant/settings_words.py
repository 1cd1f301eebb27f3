"""What is said after somebody changed whether messages come: what holds now, not what was asked for."""

from flask import flash
from flask_babel import format_date, gettext

from pro_app.services.message_settings import OwnMessageSettings


def tell_resumed(known: OwnMessageSettings, *, was_held: bool) -> None:
    """Say whether messages come again; `known` is what holds now."""
    if known.is_over:
        _tell_over()
    elif was_held:
        flash(gettext("You will get messages again."), "good")
    else:
        flash(gettext("Nothing was changed: your messages were neither stopped nor paused."), "info")


def tell_stopped(known: OwnMessageSettings) -> None:
    """Say that no more messages come."""
    if known.is_over:
        _tell_over()
    else:
        flash(gettext("You will get no more messages. Your questionnaires stay here for you."), "good")


def tell_used_again(known: OwnMessageSettings, *, was_resting: bool) -> None:
    """Say whether messages come by a way that the participant had stopped."""
    if known.is_over:
        _tell_over()
    elif known.stopped_on is not None:
        flash(gettext("This way may be used again. You still get no messages, as you wished."), "attention")
    elif known.paused_until is not None:
        day = format_date(known.paused_until, "full")
        flash(
            gettext("This way may be used again. Your messages are paused until %(date)s.", date=day),
            "attention",
        )
    elif was_resting:
        flash(gettext("You will get messages again."), "good")
    else:
        flash(gettext("Nothing was changed: this way was in use already."), "info")


def _tell_over() -> None:
    flash(
        gettext(
            "No questionnaire is asked for any more, and no message is sent. If that is not right, call your "
            "centre."
        ),
        "attention",
    )
