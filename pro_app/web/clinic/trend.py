"""How the response rate moves: by the month in which periods ended, and over six months at a time."""

from collections.abc import Sequence

import polars as pl
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale, gettext
from markupsafe import Markup

from pro_app.compliance.trend import MonthRate
from pro_app.figures.charts.svg import ChartWords
from pro_app.figures.charts.trend import RATE, ROLLED, draw_trend
from pro_app.services.clinic_scope import load_scope
from pro_app.services.missing_data.outlook import load_trend
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.csv_files import send_csv
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices

COLUMNS = (
    "month",
    *("expected", "completed", "completion_rate"),
    *("expected_six_months", "completed_six_months", "completion_rate_six_months"),
)
"""Of the CSV file; the columns of six months are about those up to the month."""


@blueprint.get("/clinic/completion/trend")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def trend() -> ResponseReturnValue:
    """Show the rate month by month as a picture and as a table."""
    site_id = request.args.get("site", type=int)
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    months = load_trend(this.session(), scope, now=this.now())
    return render_template(
        "clinic/trend.html",
        months=months,
        svg=_draw(months) if months else None,
        month_words=month_words,
        site_id=site_id,
        site_choices=site_choices(scope),
    )


@blueprint.get("/clinic/completion/trend.csv")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def trend_csv() -> ResponseReturnValue:
    """Give the numbers behind the picture, unrounded."""
    scope = load_scope(this.session(), actor=this.actor(), site_id=request.args.get("site", type=int))
    rows = [
        (
            f"{month.own.month_on:%Y-%m}",
            *(month.own.expected, month.own.completed, month.rate),
            *(month.rolled_expected, month.rolled_completed, month.rolled_rate),
        )
        for month in load_trend(this.session(), scope, now=this.now())
    ]
    return send_csv("trend", COLUMNS, rows)


def month_words(month: MonthRate) -> str:
    """Name a month: `mars 2026`."""
    return str(format_date(month.own.month_on, "MMM y"))


def _draw(months: Sequence[MonthRate]) -> Markup:
    frame = pl.DataFrame(
        {
            "month": [month_words(month) for month in months],
            "expected": [month.own.expected for month in months],
            RATE: [month.rate for month in months],
            ROLLED: [month.rolled_rate for month in months],
        },
        schema={"month": pl.String, "expected": pl.Int64, RATE: pl.Float64, ROLLED: pl.Float64},
    )
    words = ChartWords(
        key="trend",
        title=gettext("Response rate by month"),
        description=gettext(
            "Questionnaires whose period ended in each month: the share that came and can be scored, for the "
            "month alone and for the six months up to it."
        ),
        x=gettext("Month in which the period ended"),
        y=gettext("Response rate"),
        language=str(get_locale()),
    )
    rates = {RATE: gettext("the month alone"), ROLLED: gettext("six months up to it")}
    # Drawn by us from numbers and our own words, which the drawing escapes.
    return Markup(draw_trend(frame, words, rates=rates))  # noqa: S704 -- as above
