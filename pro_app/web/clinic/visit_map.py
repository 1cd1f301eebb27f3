"""The map of all forms: patients down, visits across, a letter a form; its legend is its filter."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.services.clinic_scope import load_scope
from pro_app.services.missing_data.visit_map import MapCell, MapRow, VisitMap, load_visit_map
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.words import period

MAP_STATES = (
    *("submitted", "paper", "late"),
    *("started", "open", "planned"),
    *("incomplete", "missed", "not_required"),
)
"""In the order of the legend: what came, what may still come, what will not."""


@blueprint.get("/clinic/completion/map")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def visit_map() -> ResponseReturnValue:
    """Show where every form stands, a hundred patients at a time."""
    site_id, state = request.args.get("site", type=int), request.args.get("state", "")
    state = state if state in MAP_STATES else ""
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    shown = load_visit_map(
        this.session(),
        scope,
        page=request.args.get("page", 1, type=int),
        state=state,
        language=str(get_locale()),
        now=this.now(),
    )
    return render_template(
        "clinic/visit_map.html",
        shown=shown,
        rows=[_write_row(row) for row in shown.rows],
        entries=_list_legend(shown, state),
        dimmed=[known for known in MAP_STATES if state and known != state],
        state=state,
        site_id=site_id,
        site_choices=site_choices(scope),
        address=map_address,
    )


def map_address(**changes: object) -> str:
    """Give the address of the map as it is shown, with some of its parameters changed or taken off."""
    known: dict[str, object] = {name: request.args.get(name) for name in ("site", "state")}
    wanted: dict[str, Any] = {name: value for name, value in (known | changes).items() if value}
    return url_for("clinic.visit_map", **wanted)


def _list_legend(shown: VisitMap, chosen: str) -> list[dict[str, Any]]:
    """Give the states that occur on the page, each with its number; the chosen one leads back to all."""
    return [
        {
            "state": state,
            "count": shown.counts.get(state, 0),
            "url": map_address(state=None if state == chosen else state, page=shown.page),
            "current": state == chosen,
        }
        for state in MAP_STATES
        if shown.counts.get(state) or state == chosen
    ]


def _write_row(row: MapRow) -> dict[str, Any]:
    """Give a row of the map: the patient's record, and each form with its dates in words."""
    return {
        "label": row.person.participant_code,
        "url": url_for("clinic.participant", participant_id=row.person.id),
        "cells": [_write_cell(cell) if cell else None for cell in row.cells],
    }


def _write_cell(cell: MapCell) -> dict[str, Any]:
    return {"state": cell.state, "when": period(cell.opens_on, cell.closes_on)}
