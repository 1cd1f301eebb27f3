"""All sites side by side: both rates, what is open, what nobody has explained, and the funnel plot."""

from typing import Any

import polars as pl
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext
from markupsafe import Markup

from pro_app.figures.charts.funnel import OUTSIDE, WITHIN, draw_funnel
from pro_app.figures.charts.svg import ChartWords
from pro_app.services.completion.sites import SiteTable, compare_sites, sort_sites
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.rate_filters import RateFilters, read_filters

PLACES = {
    "below_998": lazy_gettext("below the 99.8 percent limits"),
    "below_95": lazy_gettext("below the 95 percent limits"),
    "within": lazy_gettext("within the limits"),
    "above_95": lazy_gettext("above the 95 percent limits"),
    "above_998": lazy_gettext("above the 99.8 percent limits"),
}
LINES = {
    "target": lazy_gettext("all sites together"),
    "95": lazy_gettext("95 percent limits"),
    "998": lazy_gettext("99.8 percent limits"),
    WITHIN: lazy_gettext("site within the limits"),
    OUTSIDE: lazy_gettext("site outside"),
}
_SELECTS = ("visit", "instrument", "period")


@blueprint.get("/clinic/sites")
@access.staff("coordinator", "monitor", "inspector")
def sites() -> ResponseReturnValue:
    """Compare the sites in one table, sorted as asked, with the funnel plot and who leaves its limits."""
    filters = read_filters(only_these=_SELECTS)
    table = compare_sites(this.session(), filters.scope, only=filters.only, now=this.now())
    sort = request.args.get("sort", "site")
    selects = [select for select in filters.list_selects(now=this.now()) if select["name"] in _SELECTS]
    return render_template(
        "clinic/sites.html",
        table=table,
        rows=sort_sites(table.rows, sort),
        columns=_columns(filters, sort),
        svg=_draw(table) if table.target is not None else None,
        filters=filters,
        selects=selects,
        places=PLACES,
        lines=LINES,
    )


def _columns(filters: RateFilters, sort: str) -> list[dict[str, Any]]:
    """Give the heads of the table, each of which sorts, and the other way round where it does already."""
    heads = (
        ("site", gettext("Site"), False),
        ("expected", gettext("Expected"), True),
        ("rate", gettext("Response rate"), True),
        ("available", gettext("Available data"), True),
        ("open", gettext("Open now"), True),
        ("unexplained", gettext("Missing without a reason"), True),
    )
    sorting = [
        {
            "label": label,
            "numeric": numeric,
            "sort_url": filters.link("clinic.sites", sort=f"-{key}" if sort == key else key),
            "sorted": {key: "ascending", f"-{key}": "descending"}.get(sort),
        }
        for key, label, numeric in heads
    ]
    return [*sorting, {"label": gettext("In the funnel")}]


def _draw(table: SiteTable) -> Markup:
    """Draw the funnel of the sites that have a rate."""
    shown = [row for row in table.rows if row.tally.completion_rate is not None]
    points = pl.DataFrame(
        {
            "site": [row.site.site_code for row in shown],
            "expected": [row.tally.expected for row in shown],
            "rate": [row.tally.completion_rate for row in shown],
            "place": [OUTSIDE if row.is_outside else WITHIN for row in shown],
        },
        schema={"site": pl.String, "expected": pl.Int64, "rate": pl.Float64, "place": pl.String},
    )
    columns = ("expected", "lower_998", "lower_95", "upper_95", "upper_998")
    limits = pl.DataFrame({name: [getattr(each, name) for each in table.limits] for name in columns})
    words = ChartWords(
        key="funnel",
        title=gettext("Response rate of each site, with the limits of chance"),
        description=gettext(
            "Each point is a site: the more questionnaires it expects, the further right it stands, and the "
            "narrower the limits are within which chance alone would leave it. The table has every number."
        ),
        x=gettext("Questionnaires expected"),
        y=gettext("Response rate"),
        language=str(get_locale()),
    )
    names = {name: str(said) for name, said in LINES.items()}
    svg = draw_funnel(points, limits, words, target=table.target or 0.0, names=names)
    # Drawn by us from numbers, our own words and codes of sites, which the drawing escapes.
    return Markup(svg)  # noqa: S704 -- as above
