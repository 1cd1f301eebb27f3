"""Reading a participant's answers: why, the answers for a while, and what was done about them."""

from datetime import timedelta

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.errors import InputRejected
from pro_app.services.answer_readings import (
    AnswerReading,
    FollowUp,
    find_own_reading,
    list_read_forms,
    list_readings_of,
    load_reachable,
    load_reading,
    open_reading,
    record_follow_up,
)
from pro_app.services.participants import Participant
from pro_app.services.read_log import record_read
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.clarification_forms import FollowUpForm, ReadingForm
from pro_app.web.clinic.clarification_words import FOLLOW_UP_WORDS
from pro_app.web.clinic.face import blueprint
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/answers")
@access.staff("investigator")
def answers(participant_id: int) -> ResponseReturnValue:
    """Ask why the answers are to be read, or show them while a reading is open, each look logged first."""
    person = load_reachable(this.session(), participant_id, actor=this.actor())
    reading = find_own_reading(this.session(), person, actor=this.actor(), now=this.now())
    if reading is None:
        return _render_reason(person, ReadingForm())
    record_read(
        this.parts().database,
        participant_id=person.id,
        what="answers",
        actor=this.actor(),
        now=this.now(),
    )
    forms = list_read_forms(
        this.session(), reading, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    page = render_template("clinic/answers.html", person=person, reading=reading, forms=forms)
    response = make_response(page)
    # When the reading closes, the page left open in a browser goes as well.
    seconds = (reading.closes_at - this.now() + timedelta(seconds=1)).seconds
    response.headers["Refresh"] = f"{seconds}; url={url_for('clinic.answers', participant_id=person.id)}"
    return response


@blueprint.post("/clinic/participants/<int:participant_id>/answers")
@access.staff("investigator")
def read_answers(participant_id: int) -> ResponseReturnValue:
    """Open the answers, with a reason."""
    person = load_reachable(this.session(), participant_id, actor=this.actor())
    form = ReadingForm()
    if not form.validate_on_submit():
        return _render_reason(person, form), 400
    try:
        open_reading(
            this.session(), participant_id, reason=form.reason.data, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_reason(person, form), 400
    return redirect(url_for("clinic.answers", participant_id=participant_id))


@blueprint.get("/clinic/readings/<int:reading_id>")
@access.staff("investigator")
def reading(reading_id: int) -> ResponseReturnValue:
    """Ask what was done about what was read, or show what was."""
    row, person = load_reading(this.session(), reading_id, actor=this.actor())
    return _render_follow_up(row, person, FollowUpForm())


@blueprint.post("/clinic/readings/<int:reading_id>")
@access.staff("investigator")
def save_follow_up(reading_id: int) -> ResponseReturnValue:
    """Record what was done about what was read."""
    row, person = load_reading(this.session(), reading_id, actor=this.actor())
    form = FollowUpForm()
    if not form.validate_on_submit():
        return _render_follow_up(row, person, form), 400
    said = FollowUp(form.follow_up.data, form.text.data or "")
    try:
        record_follow_up(this.session(), reading_id, said, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_follow_up(row, person, form), 400
    flash(gettext("What was done is recorded."), "good")
    return redirect(url_for("clinic.participant", participant_id=person.id))


def _render_reason(person: Participant, form: ReadingForm) -> str:
    return render_template(
        "clinic/answers_reason.html",
        person=person,
        form=form,
        readings=list_readings_of(this.session(), person),
        follow_ups=FOLLOW_UP_WORDS,
    )


def _render_follow_up(row: AnswerReading, person: Participant, form: FollowUpForm) -> str:
    return render_template(
        "clinic/reading.html", reading=row, person=person, form=form, follow_ups=FOLLOW_UP_WORDS
    )
