"""After the last item: the review, who answered, sending, and the receipt."""

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from pro_app.errors import AlreadySubmitted
from pro_app.services.questionnaire import Questionnaire, load_questionnaire
from pro_app.services.receipts import load_coming, load_receipt
from pro_app.services.responses import require_answerable
from pro_app.services.submission import submit_assessment
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.questionnaire.calendar_file import render_calendar_file
from pro_app.web.questionnaire.face import blueprint
from pro_app.web.questionnaire.forms import RespondentForm
from pro_app.web.tablet_reach import open_to_tablet


@blueprint.get("/p/q/<int:assessment_id>/review")
@access.participants
@open_to_tablet
def review(assessment_id: int) -> ResponseReturnValue:
    """Show every item with its answer, each one tap from being changed."""
    questionnaire = _load_open(assessment_id)
    if questionnaire is None:
        return _lead_to_receipt(assessment_id)
    return render_template("questionnaire/review.html", questionnaire=questionnaire)


@blueprint.get("/p/q/<int:assessment_id>/send")
@access.participants
@open_to_tablet
def ask_respondent(assessment_id: int) -> ResponseReturnValue:
    """Ask who answered, outside the instrument, before sending."""
    questionnaire = _load_open(assessment_id)
    if questionnaire is None:
        return _lead_to_receipt(assessment_id)
    return _render_respondent(questionnaire, _respondent_form(questionnaire))


@blueprint.post("/p/q/<int:assessment_id>/send")
@access.participants
@open_to_tablet
def send(assessment_id: int) -> ResponseReturnValue:
    """Send the form; sending it a second time leads to the receipt of the first."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    form = _respondent_form(questionnaire)
    if not form.validate_on_submit():
        return _render_respondent(questionnaire, form), 400
    try:
        submit_assessment(
            this.session(),
            assessment_id=assessment_id,
            respondent=form.respondent.data,
            actor=this.actor(),
            now=this.now(),
        )
    except AlreadySubmitted:
        return _lead_to_receipt(assessment_id)
    return _lead_to_receipt(assessment_id)


@blueprint.get("/p/q/<int:assessment_id>/receipt")
@access.participants
@open_to_tablet
def show_receipt(assessment_id: int) -> ResponseReturnValue:
    """Show that the form arrived, when, its code, and what comes next."""
    receipt = load_receipt(this.session(), assessment_id=assessment_id, actor=this.actor(), now=this.now())
    return render_template("questionnaire/receipt.html", receipt=receipt)


@blueprint.get("/p/agenda/<int:assessment_id>.ics")
@access.participants
def agenda(assessment_id: int) -> ResponseReturnValue:
    """Give the day on which a coming questionnaire opens, as a file for the phone's calendar."""
    coming = load_coming(
        this.session(),
        assessment_id=assessment_id,
        participant_id=this.participant().participant_id,
        now=this.now(),
    )
    settings = this.parts().settings
    text = render_calendar_file(
        [coming], public_url=settings.public_url, host=settings.public_host, now=this.now()
    )
    return Response(
        text,
        mimetype="text/calendar",
        headers={"Content-Disposition": 'attachment; filename="questionnaire.ics"'},
    )


def _load_open(assessment_id: int) -> Questionnaire | None:
    """Load a questionnaire that can be answered now; None for one that was sent."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    if questionnaire.assessment.submitted_at is not None:
        return None
    require_answerable(questionnaire.assessment, this.now())
    return questionnaire


def _lead_to_receipt(assessment_id: int) -> ResponseReturnValue:
    return redirect(url_for("questionnaire.show_receipt", assessment_id=assessment_id))


def _respondent_form(questionnaire: Questionnaire) -> RespondentForm:
    form = RespondentForm()
    language = this.participant().language
    form.respondent.choices = [
        (r.code, r.label.text(language)) for r in questionnaire.assessment.protocol.respondents
    ]
    return form


def _render_respondent(questionnaire: Questionnaire, form: RespondentForm) -> str:
    return render_template("questionnaire/respondent.html", questionnaire=questionnaire, form=form)
