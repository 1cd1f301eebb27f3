"""What the messages say: every text of a site in each language, by every way of sending."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.errors import NotFound
from pro_app.language import LANGUAGES
from pro_app.services.clinic_scope import load_scope
from pro_app.services.message_preview import preview_messages
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.message_words import CHANNELS
from pro_app.web.sending_ways import list_ways_set_up


@blueprint.get("/clinic/message-texts")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator", "administrator")
def message_texts() -> ResponseReturnValue:
    """Show the texts of the own site, or of one that is chosen, in the language that is chosen."""
    scope = load_scope(this.session(), actor=this.actor())
    if not scope.sites:
        return render_template("clinic/message_texts.html", previews=None, scope=scope)
    written = request.args.get("in", str(get_locale()))
    if written not in LANGUAGES:
        raise NotFound("language")
    previews = preview_messages(
        this.session(),
        request.args.get("site", scope.sites[0].site_id, type=int),
        language=written,
        address=this.parts().settings.public_url,
        actor=this.actor(),
        now=this.now(),
    )
    usable = list_ways_set_up()
    return render_template(
        "clinic/message_texts.html",
        previews=previews,
        scope=scope,
        written=written,
        languages=LANGUAGES,
        unused=[str(words) for way, words in CHANNELS.items() if way not in usable],
    )
