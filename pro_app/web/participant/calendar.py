"""All dates of the participant: as a list, and as one file for the calendar of the phone."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from pro_app.services.participant_home import list_coming, load_home
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint
from pro_app.web.questionnaire.calendar_file import render_calendar_file


@blueprint.get("/p/calendar")
@access.participants
def calendar() -> ResponseReturnValue:
    """List what can be answered now and everything that is still to come."""
    loaded = load_home(this.session(), participant_id=this.participant().participant_id, now=this.now())
    return render_template("participant/calendar.html", home=loaded)


@blueprint.get("/p/agenda.ics")
@access.participants
def whole_agenda() -> ResponseReturnValue:
    """Give every day on which a questionnaire opens; opened again later, the file moves what has moved."""
    coming = list_coming(this.session(), participant_id=this.participant().participant_id, now=this.now())
    settings = this.parts().settings
    text = render_calendar_file(
        coming, public_url=settings.public_url, host=settings.public_host, now=this.now()
    )
    return Response(
        text,
        mimetype="text/calendar",
        headers={"Content-Disposition": 'attachment; filename="questionnaires.ics"'},
    )
