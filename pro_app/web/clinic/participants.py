"""The list of participants: filtered by state, site and code, sorted, page by page."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.services.clinic_scope import ClinicScope, load_scope
from pro_app.services.participant_list import ParticipantLine, list_participant_lines
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.site_words import site_words

STATES = ("started", "open", "submitted", "late", "incomplete", "missed", "planned", "not_required")
PAGE_SIZE = 50
SORTS: dict[str, Callable[[ParticipantLine], Any]] = {
    "code": lambda line: line.participant_code,
    "closes": lambda line: (line.closes_on or date.max, line.participant_code),
    "next": lambda line: (line.next_on or date.max, line.participant_code),
    "state": lambda line: (STATES.index(line.state), line.participant_code),
}


@blueprint.get("/clinic/")
@access.staff("nurse", "investigator", "monitor", "coordinator")
def participants() -> ResponseReturnValue:
    """List the participants in reach, filtered by state, site and code, sorted as asked."""
    scope = load_scope(this.session(), actor=this.actor(), site_id=request.args.get("site", type=int))
    lines = list_participant_lines(this.session(), scope, language=str(get_locale()), now=this.now())
    state, typed = request.args.get("state", ""), request.args.get("q", "").strip()
    found = [line for line in lines if typed.upper() in line.participant_code]
    shown = [line for line in found if state in {"", line.state}]
    sort = request.args.get("sort", "code")
    shown.sort(key=SORTS.get(sort.lstrip("-"), SORTS["code"]), reverse=sort.startswith("-"))
    page_count = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), page_count)
    return render_template(
        "clinic/participants.html",
        lines=shown[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        total=len(lines),
        shown=len(shown),
        scope=scope,
        filters={"state": state, "q": typed, "site": request.args.get("site", "")},
        entries=_legend(found, state),
        columns=_columns(sort, several=len(scope.sites) > 1),
        site_choices=site_choices(scope),
        page=page,
        page_count=page_count,
        address=list_address,
    )


def list_address(**changes: object) -> str:
    """Give the address of the list as it is shown, with some of its parameters changed or taken off."""
    known = {name: request.args[name] for name in ("state", "q", "site", "sort") if request.args.get(name)}
    wanted: dict[str, Any] = {
        name: value for name, value in (known | changes).items() if value not in {None, ""}
    }
    return url_for("clinic.participants", **wanted)


def site_choices(scope: ClinicScope) -> list[tuple[str | int, str]]:
    """Give the choices of a site filter; none where there is only one site to choose from."""
    if len(scope.sites) == 1:
        return []
    sites = [(site.site_id, site_words(site)) for site in scope.sites]
    return [("", gettext("All sites")), *sites]


def _legend(lines: Sequence[ParticipantLine], chosen: str) -> list[dict[str, Any]]:
    """Give the states that occur, each with its number; the chosen one leads back to all."""
    counts = Counter(line.state for line in lines)
    return [
        {
            "state": state,
            "count": counts[state],
            "url": list_address(state=None if state == chosen else state),
            "current": state == chosen,
        }
        for state in STATES
        if counts[state] or state == chosen
    ]


def _columns(sort: str, *, several: bool) -> list[dict[str, Any]]:
    """Give the heads of the table; those that sort say how they do now and lead to the other way round."""
    plain = [{"label": gettext("Situation")}, {"label": gettext("Questionnaire")}]
    return [
        _sorting(gettext("Patient"), "code", sort),
        *([{"label": gettext("Site")}] if several else []),
        *plain,
        _sorting(gettext("State"), "state", sort),
        _sorting(gettext("Period"), "closes", sort),
        _sorting(gettext("Next one opens"), "next", sort),
        {"label": gettext("Received"), "numeric": True},
    ]


def _sorting(label: str, key: str, sort: str) -> dict[str, Any]:
    ways = {key: "ascending", f"-{key}": "descending"}
    return {
        "label": label,
        "sort_url": list_address(sort=f"-{key}" if sort == key else key),
        "sorted": ways.get(sort),
    }
