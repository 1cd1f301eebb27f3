"""The participant's own settings of messages: hour, ways of sending, a pause, no more of them."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext
from wtforms.fields.choices import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.message_settings import (
    OwnMessageSettings,
    change_message_settings,
    load_message_settings,
    pause_messages,
    resume_messages,
    stop_messages,
)
from pro_app.services.participant_home import load_centre
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint
from pro_app.web.participant.settings_forms import MessageSettingsForm, PauseForm, order_words
from pro_app.web.participant.settings_words import tell_resumed, tell_stopped, tell_used_again
from pro_app.web.problems import show_problems
from pro_app.web.sending_ways import list_usable_channels
from pro_app.web.zone_names import zone_name


@blueprint.get("/p/settings")
@access.participants
def settings() -> ResponseReturnValue:
    """Show when and by which ways messages come, and how to hold or stop them."""
    known = _load()
    form = _form(known)
    form.reminder_hour.data = str(known.reminder_hour)
    if form.order is not None:
        form.order.data = ",".join(known.order)
    return _render(known, form, PauseForm())


@blueprint.post("/p/settings")
@access.participants
def save_settings() -> ResponseReturnValue:
    """Change hour and ways of sending."""
    known = _load()
    form = _form(known)
    if not form.validate_on_submit():
        return _render(known, form, PauseForm(), status=400)
    order = form.order.data.split(",") if form.order is not None else ()
    try:
        change_message_settings(
            this.session(),
            reminder_hour=int(form.reminder_hour.data),
            order=tuple(order),
            vault=this.parts().vault,
            usable=list_usable_channels(),
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(known, form, PauseForm(), status=400)
    flash(gettext("Your settings are saved."), "good")
    return redirect(url_for("participant.settings"))


@blueprint.post("/p/settings/pause")
@access.participants
def pause() -> ResponseReturnValue:
    """Hold the messages until a day."""
    pause_form = PauseForm()
    valid = pause_form.validate_on_submit()
    try:
        if valid:
            pause_messages(this.session(), pause_form.until.data, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(pause_form, rejected)
        valid = False
    if not valid:
        known = _load()
        form = _form(known)
        form.reminder_hour.data = str(known.reminder_hour)
        if form.order is not None:
            form.order.data = ",".join(known.order)
        return _render(known, form, pause_form, status=400)
    day = format_date(pause_form.until.data, "full")
    flash(gettext("You will get no message before %(date)s.", date=day), "good")
    return redirect(url_for("participant.settings"))


@blueprint.post("/p/settings/resume")
@access.participants
def resume() -> ResponseReturnValue:
    """Let messages come again."""
    was_held = resume_messages(this.session(), actor=this.actor(), now=this.now())
    tell_resumed(_load(), was_held=was_held)
    return redirect(url_for("participant.settings"))


@blueprint.get("/p/settings/stop")
@access.participants
def confirm_stop() -> ResponseReturnValue:
    """Say what stopping the messages means, and what it does not."""
    known = _load()
    if known.stopped_on is not None or not known.may_stop or known.is_over:
        return redirect(url_for("participant.settings"))
    return render_template("participant/stop_messages.html", centre=_centre())


@blueprint.post("/p/settings/stop")
@access.participants
def stop() -> ResponseReturnValue:
    """Stop the messages; the questionnaires go on."""
    stop_messages(this.session(), actor=this.actor(), now=this.now())
    tell_stopped(_load())
    return redirect(url_for("participant.settings"))


@blueprint.post("/p/settings/channels/<int:stop_id>")
@access.participants
def use_again(stop_id: int) -> ResponseReturnValue:
    """Let messages come again by a way that the participant had stopped."""
    participant_id = this.participant().participant_id
    was_resting = lift_channel_stop(
        this.session(), participant_id, stop_id, actor=this.actor(), now=this.now()
    )
    tell_used_again(_load(), was_resting=was_resting)
    return redirect(url_for("participant.settings"))


def _load() -> OwnMessageSettings:
    return load_message_settings(
        this.session(),
        vault=this.parts().vault,
        usable=list_usable_channels(),
        actor=this.actor(),
        now=this.now(),
    )


def _centre() -> object:
    return load_centre(this.session(), participant_id=this.participant().participant_id)


def _form(known: OwnMessageSettings) -> MessageSettingsForm:
    """Make the form; there is nothing to choose where one way leads to the person at most."""
    form = MessageSettingsForm()
    if len(known.channels) > 1:
        form.order.choices = [
            SelectChoice(",".join(order), order_words(order, known.channels)) for order in known.orders
        ]
    else:
        del form.order
    return form


def _render(
    known: OwnMessageSettings, form: MessageSettingsForm, pause_form: PauseForm, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "participant/settings.html",
        known=known,
        zone=zone_name(known.zone),
        form=form,
        pause_form=pause_form,
        centre=_centre(),
    )
    return page, status
