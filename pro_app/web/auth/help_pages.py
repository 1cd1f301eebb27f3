"""Help on every page of the staff, one click away, in plain words."""

from typing import Any

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from pro_app.errors import NotFound
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.access import STAFF_ROLES, allowed_roles
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.help_texts import Topic
from pro_app.web.auth.help_topics import TOPICS


@blueprint.get("/staff/help/<topic>")
@access.staff(*STAFF_ROLES)
def help_on(topic: str) -> ResponseReturnValue:
    """Show the help about one subject."""
    if topic not in TOPICS:
        raise NotFound("help")
    others = [
        {"label": other.title, "url": url_for("auth.help_on", topic=key), "current": key == topic}
        for key, other in TOPICS.items()
    ]
    return render_template(
        "auth/help.html", topic=TOPICS[topic], links=_list_links(TOPICS[topic]), others=others
    )


def _list_links(topic: Topic) -> list[tuple[Any, str]]:
    """List the pages of a topic that the reader may open."""
    role = this.staff().role
    return [
        (label, url_for(endpoint))
        for endpoint, label in topic.links
        if endpoint in current_app.view_functions and role in (allowed_roles(current_app, endpoint) or ())
    ]
