"""What the participant has sent: dates, receipts, and the answers where the protocol shows them."""

from flask import render_template
from flask.typing import ResponseReturnValue

from pro_app.services.participant_history import list_sent, load_sent_answers
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint


@blueprint.get("/p/history")
@access.participants
def history() -> ResponseReturnValue:
    """List what was sent, with the day and the receipt code of each."""
    return render_template("participant/history.html", sent=list_sent(this.session(), actor=this.actor()))


@blueprint.get("/p/history/<int:assessment_id>")
@access.participants
def own_answers(assessment_id: int) -> ResponseReturnValue:
    """Show the own answers of a questionnaire that was sent, to be read only."""
    questionnaire = load_sent_answers(this.session(), assessment_id=assessment_id, actor=this.actor())
    return render_template("participant/own_answers.html", questionnaire=questionnaire)
