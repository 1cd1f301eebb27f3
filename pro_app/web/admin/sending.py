"""The page on sending: the workers, and the messages that should have gone and did not."""

from dataclasses import replace
from functools import partial

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.services.sending_overview import SendingOverview, load_sending_overview
from pro_app.services.studies import load_current_protocol
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.dates import moment
from pro_app.web.demo.filling import Filling, find_filling
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS, MESSAGE_STATES


@blueprint.get("/admin/sending")
@access.staff("administrator", "coordinator", "monitor", "inspector")
def sending() -> ResponseReturnValue:
    """Show whether messages go out."""
    study_id, filling = this.staff().study_id, find_filling()
    return render_template(
        "admin/sending.html",
        overview=_load_overview(study_id, filling),
        filling=filling,
        states=MESSAGE_STATES,
        kinds=MESSAGE_KINDS,
        channels=CHANNELS,
        moment=partial(moment, zone=load_current_protocol(this.session(), study_id).default_zone),
    )


def _load_overview(study_id: int, filling: Filling | None) -> SendingOverview:
    """Load how things stand; while a past is filled, its messages are judged by the day it has come to."""
    load = partial(load_sending_overview, this.session(), study_id=study_id, language=str(get_locale()))
    overview = load(now=this.now())
    if filling is None or filling.reached_at is None:
        return overview
    then = load(now=filling.reached_at)
    return replace(overview, counts=then.counts, late=then.late, lost=then.lost)
