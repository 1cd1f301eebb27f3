"""How much came back, row by row, and what is behind every number."""

from typing import cast

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.errors import NotFound
from pro_app.protocol.protocol import RANDOMISED
from pro_app.services.completion import (
    GROUPINGS,
    LISTED_FIGURES,
    NOBODY_SAID,
    Grouping,
    count_completion,
    count_reasons,
    list_people,
)
from pro_app.services.studies import load_current_protocol
from pro_app.services.visit_words import label_visits
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.rate_filters import RateFilters, period_words, read_filters
from pro_app.web.clinic.words import FIGURES as WORDS
from pro_app.web.clinic.words import FIGURES_OF_ENROLLED, MODES, known_word

_READERS = access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
_ROW_FILTERS = {"visit": "visit", "site": "site", "quarter": "period"}
"""Which choice of the address a row of each grouping stands for."""


@blueprint.get("/clinic/completion")
@_READERS
def completion() -> ResponseReturnValue:
    """Show both rates and their parts by visit, site or quarter, with their definitions."""
    filters = read_filters()
    by = request.args.get("by", "visit")
    grouping = cast("Grouping", by if by in GROUPINGS else "visit")
    table = count_completion(
        this.session(),
        filters.scope,
        by=grouping,
        only=filters.only,
        language=str(get_locale()),
        now=this.now(),
    )
    return render_template(
        "clinic/completion.html",
        table=table,
        filters=filters,
        selects=filters.list_selects(now=this.now()),
        by=grouping,
        row_filter=_ROW_FILTERS[grouping],
        row_words=period_words if grouping == "quarter" else str,
    )


@blueprint.get("/clinic/completion/list")
@_READERS
def completion_people() -> ResponseReturnValue:
    """List what is behind one number, a hundred lines a page."""
    filters = read_filters(of_list=True)
    figure = request.args.get("figure", "")
    if figure not in LISTED_FIGURES:
        raise NotFound("figure")
    language = str(get_locale())
    people = list_people(
        this.session(),
        filters.scope,
        figure=figure,
        only=filters.only,
        page=request.args.get("page", 1, type=int),
        language=language,
        now=this.now(),
    )
    return render_template(
        "clinic/completion_people.html",
        figure_words=_figure_words(filters),
        people=people,
        filters=filters,
        narrowed=_narrowed_words(filters, language),
        figure=figure,
        site_choices=site_choices(filters.scope),
        page_url=lambda number: filters.link("clinic.completion_people", figure=figure, page=number),
    )


@blueprint.get("/clinic/completion/reasons")
@_READERS
def completion_reasons() -> ResponseReturnValue:
    """Show why forms are missing, by reason, by who said it, and by visit."""
    filters = read_filters()
    table = count_reasons(
        this.session(), filters.scope, only=filters.only, language=str(get_locale()), now=this.now()
    )
    selects = [select for select in filters.list_selects(now=this.now()) if select["name"] != "mode"]
    return render_template(
        "clinic/completion_reasons.html", table=table, filters=filters, selects=selects, nobody=NOBODY_SAID
    )


def _figure_words(filters: RateFilters) -> dict[str, str]:
    """Give the words of the figures: those of a trial that randomises, or of one that only enrols."""
    protocol = load_current_protocol(this.session(), filters.scope.study_id)
    return WORDS if protocol.denominator_event == RANDOMISED else FIGURES_OF_ENROLLED


def _narrowed_words(filters: RateFilters, language: str) -> list[str]:
    """Say what a list is narrowed to, but for the site, which stands in its lines."""
    said = filters.chosen
    words = []
    if visit_code := said.get("visit"):
        labels = label_visits(this.session(), filters.scope.study_id, [visit_code], language=language)
        words.append(labels[0][1])
    words += [said["instrument"].upper()] if "instrument" in said else []
    words += [str(known_word(MODES, said["mode"]))] if "mode" in said else []
    words += [period_words(said["period"])] if "period" in said else []
    return words
