"""The list of participants: filtered by state, site and code, sorted, page by page."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.services.clinic_scope import ClinicScope, load_scope
from pro_app.services.participant_list import STATES, ListWanted, load_participant_page
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.site_words import site_words


@blueprint.get("/clinic/")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def participants() -> ResponseReturnValue:
    """List the participants in reach, filtered by state, site and code, sorted as asked."""
    scope = load_scope(this.session(), actor=this.actor(), site_id=request.args.get("site", type=int))
    wanted = ListWanted(
        typed=request.args.get("q", "").strip(),
        state=request.args.get("state", ""),
        sort=request.args.get("sort", "code"),
        page=request.args.get("page", 1, type=int),
    )
    found = load_participant_page(this.session(), scope, wanted, language=str(get_locale()), now=this.now())
    return render_template(
        "clinic/participants.html",
        lines=found.lines,
        total=found.total,
        shown=found.shown,
        scope=scope,
        filters={"state": wanted.state, "q": wanted.typed, "site": request.args.get("site", "")},
        entries=_legend(found.states, wanted.state),
        columns=_columns(wanted.sort, several=len(scope.sites) > 1),
        site_choices=site_choices(scope),
        page=found.page,
        page_count=found.page_count,
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


def _legend(counts: Mapping[str, int], chosen: str) -> list[dict[str, Any]]:
    """Give the states that occur, each with its number; the chosen one leads back to all."""
    return [
        {
            "state": state,
            "count": counts.get(state, 0),
            "url": list_address(state=None if state == chosen else state),
            "current": state == chosen,
        }
        for state in STATES
        if counts.get(state) or state == chosen
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
