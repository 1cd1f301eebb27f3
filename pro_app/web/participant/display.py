"""Text size, contrast and language: chosen once, applied to every page of the participant."""

from flask import Response, flash, redirect, render_template, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from pro_app.errors import InputRejected
from pro_app.services.display_settings import (
    DisplaySettings,
    change_display_settings,
    list_live_languages,
    load_display_settings,
    may_choose_listening,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.display_cookie import keep_display
from pro_app.web.participant.display_forms import DisplayForm, language_choices
from pro_app.web.participant.face import blueprint
from pro_app.web.problems import show_problems


@blueprint.get("/p/display")
@access.participants
def display() -> ResponseReturnValue:
    """Show how the pages look, and what else there is to choose."""
    known = load_display_settings(this.session(), actor=this.actor())
    form = _form(known)
    form.text_size.data, form.contrast.data = known.text_size, known.contrast
    if form.language is not None:
        form.language.data = known.language
    if form.listens is not None:
        form.listens.data = "yes" if known.listens else "no"
    return render_template("participant/display.html", form=form)


@blueprint.post("/p/display")
@access.participants
def save_display() -> ResponseReturnValue:
    """Keep what was chosen; the next page shows it already."""
    known = load_display_settings(this.session(), actor=this.actor())
    form = _form(known)
    if not form.validate_on_submit():
        return render_template("participant/display.html", form=form), 400
    language = form.language.data if form.language is not None else known.language
    listens = form.listens.data == "yes" if form.listens is not None else known.listens
    wanted = DisplaySettings(form.text_size.data, form.contrast.data, language, listens)
    try:
        change_display_settings(this.session(), wanted, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_template("participant/display.html", form=form), 400
    cookie.pop("language", None)  # One picked at the sign-in would hide the one chosen here.
    with force_locale(language):
        flash(gettext("Your choice is kept for every page."), "good")
    return redirect(url_for("participant.display"))


@blueprint.after_request
def remember_display(response: Response) -> Response:
    """Let a remembered device know how its owner reads, also before the PIN is given."""
    return keep_display(response)


def _form(known: DisplaySettings) -> DisplayForm:
    """Make the form; a single language is nothing to choose, nor is what the licence does not allow."""
    form = DisplayForm()
    languages = dict.fromkeys((*list_live_languages(this.session(), actor=this.actor()), known.language))
    if len(languages) > 1:
        form.language.choices = language_choices(languages)
    else:
        del form.language
    if not may_choose_listening(this.session(), actor=this.actor()):
        del form.listens
    return form
