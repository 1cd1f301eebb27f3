"""How much came back, visit by visit, and the people behind every number."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.errors import NotFound
from pro_app.protocol.protocol import RANDOMISED
from pro_app.services.clinic_scope import load_scope
from pro_app.services.completion import FIGURES, count_completion, list_people
from pro_app.services.protocol_versions import find_visit_label
from pro_app.services.studies import load_current_protocol
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.words import FIGURES as WORDS
from pro_app.web.clinic.words import FIGURES_OF_ENROLLED


@blueprint.get("/clinic/completion")
@access.staff("nurse", "investigator", "monitor", "coordinator")
def completion() -> ResponseReturnValue:
    """Show both rates and their parts by visit, with their definitions."""
    site_id = request.args.get("site", type=int)
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    table = count_completion(this.session(), scope, language=str(get_locale()), now=this.now())
    return render_template(
        "clinic/completion.html", table=table, site_choices=site_choices(scope), site_id=site_id
    )


@blueprint.get("/clinic/completion/list")
@access.staff("nurse", "investigator", "monitor", "coordinator")
def completion_people() -> ResponseReturnValue:
    """List the participants behind one number."""
    site_id = request.args.get("site", type=int)
    visit_code, figure = request.args.get("visit", ""), request.args.get("figure", "")
    if figure not in FIGURES:
        raise NotFound("figure")
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    language = str(get_locale())
    people = list_people(
        this.session(), scope, visit_code=visit_code, figure=figure, language=language, now=this.now()
    )
    label = find_visit_label(this.session(), scope.study_id, visit_code, language=language)
    randomises = load_current_protocol(this.session(), scope.study_id).denominator_event == RANDOMISED
    return render_template(
        "clinic/completion_people.html",
        figure_words=WORDS if randomises else FIGURES_OF_ENROLLED,
        people=people,
        visit=label,
        figure=figure,
        scope=scope,
        site_choices=site_choices(scope),
        site_id=site_id,
    )
