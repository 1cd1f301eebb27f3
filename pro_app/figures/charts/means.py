"""Mean scores with their intervals over visits or over time, and the numbers below."""

import polars as pl

from pro_app.figures.charts.labels import Labels, make_categories, put_into_words
from pro_app.figures.charts.layers import (
    HEIGHT,
    Spec,
    colour_of,
    counts_below,
    names_at_end,
    values_of,
    visit_axis,
)
from pro_app.figures.charts.svg import COLOURS, WIDTH, ChartWords, draw

DAYS_IN_MONTH = 30.4375
MONTHS_APART = 0.5


def draw_means_by_visit(means: pl.DataFrame, words: ChartWords, *, arms: Labels, visits: Labels) -> str:
    """Draw the means of one scale at the planned visits, side by side where arms are told apart."""
    order = make_categories(means, "visit_code", visits).words
    frame = put_into_words(means, "visit_code", visits).with_columns(place=pl.int_range(pl.len()))
    return _draw(frame, words, arms=arms, x=visit_axis(order, words.x), order="place")


def draw_means_by_time(means: pl.DataFrame, words: ChartWords, *, arms: Labels) -> str:
    """Draw the means of one scale over months since randomisation."""
    beside = pl.col("arm").rank("dense").cast(pl.Float64) - 1
    # Arms stand a little apart: at the same place one interval would hide the other.
    month = pl.col("target_day") / DAYS_IN_MONTH + beside * MONTHS_APART
    frame = means.with_columns(month=month)
    axis = {"tickMinStep": 2, "grid": False}
    x = {"field": "month", "type": "quantitative", "title": words.x, "axis": axis}
    return _draw(frame, words, arms=arms, x=x, order="month")


def _draw(frame: pl.DataFrame, words: ChartWords, *, arms: Labels, x: Spec, order: str) -> str:
    frame = frame.with_columns(series=pl.col("arm").replace(dict(arms)))
    series = frame["series"].unique(maintain_order=True).to_list()
    colour = colour_of(series, COLOURS)
    # Arms at the same visit stand side by side: intervals on one line would hide each other.
    beside = {"xOffset": {"field": "series", "type": "nominal", "sort": series}} if len(series) > 1 else {}
    beside = beside if x["type"] == "ordinal" else {}
    y = {
        "field": "mean",
        "type": "quantitative",
        "title": words.y,
        "scale": {"domain": [0, 100], "clamp": True},
    }
    interval = {"y": {**y, "field": "lower"}, "y2": {"field": "upper"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 1.5},
            "encoding": {"x": x, **interval, "color": colour, **beside},
        },
        {
            "mark": {"type": "line", "strokeWidth": 2, "opacity": 0.7},
            "encoding": {"x": x, "y": y, "color": colour, **beside},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "shape": _shape_of(series), **beside},
        },
        *counts_below(frame, x=x, count="n", series=series, upright=x["type"] == "quantitative"),
    ]
    if len(series) > 1:
        layers.extend(names_at_end(frame, x=x, y=y, order=order, colour=colour))
    return draw({"width": WIDTH, "height": HEIGHT, "data": values_of(frame), "layer": layers}, words)


def _shape_of(series: list[str]) -> Spec:
    """Tell series apart by shape, too: colour alone says nothing to everyone."""
    shapes = ["circle", "square", "triangle-up", "diamond"]
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": series, "range": shapes[: len(series)]},
        "legend": None,
    }
