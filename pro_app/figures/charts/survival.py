"""Kaplan–Meier curves with their intervals, censored people as ticks, and the numbers at risk below."""

import polars as pl

from pro_app.figures.charts.labels import Labels
from pro_app.figures.charts.layers import HEIGHT, Spec, colour_of, counts_below, names_at_end, values_of
from pro_app.figures.charts.svg import COLOURS, INK, WIDTH, ChartWords, draw
from pro_app.figures.estimates.survival import count_at_risk

MONTHS_BETWEEN_COUNTS = 6


def draw_survival(curve: pl.DataFrame, words: ChartWords, *, arms: Labels) -> str:
    """Draw the share of people without deterioration over months."""
    last = float(curve["month"].max() or 0)  # type: ignore[arg-type]  # a maximum of numbers is a number
    months = tuple(range(0, int(last) + MONTHS_BETWEEN_COUNTS, MONTHS_BETWEEN_COUNTS))
    frame = curve.with_columns(series=pl.col("arm").replace(dict(arms)))
    at_risk = count_at_risk(curve, months).with_columns(series=pl.col("arm").replace(dict(arms)))
    series = frame["series"].unique(maintain_order=True).to_list()
    colour = colour_of(series, COLOURS)
    x: Spec = {
        "field": "month",
        "type": "quantitative",
        "title": words.x,
        "scale": {"domain": [0, months[-1]], "nice": False},
        "axis": {"values": list(months), "grid": False},
    }
    y: Spec = {
        "field": "survival",
        "type": "quantitative",
        "title": words.y,
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%"},
    }
    layers = [
        *_curves(frame, x=x, y=y, colour=colour),
        *counts_below(at_risk, x=x, count="at_risk", series=series),
    ]
    if len(series) > 1:
        layers.extend(names_at_end(frame, x=x, y=y, order="month", colour=colour))
    return draw({"width": WIDTH, "height": HEIGHT, "layer": layers}, words)


def _curves(frame: pl.DataFrame, *, x: Spec, y: Spec, colour: Spec) -> list[Spec]:
    band = frame.filter(pl.col("lower").is_not_null())
    censored = frame.filter(pl.col("censored") > 0)
    return [
        {
            "data": values_of(band),
            "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.15},
            "encoding": {
                "x": x,
                "y": {**y, "field": "lower"},
                "y2": {"field": "upper"},
                "color": colour,
            },
        },
        {
            "data": values_of(frame),
            "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "color": colour, "strokeDash": _dash(frame)},
        },
        {
            "data": values_of(censored),
            "mark": {"type": "tick", "orient": "vertical", "thickness": 1.5, "size": 10, "color": INK},
            "encoding": {"x": x, "y": y},
        },
    ]


def _dash(frame: pl.DataFrame) -> Spec:
    """Tell curves apart by their strokes, too."""
    series = frame["series"].unique(maintain_order=True).to_list()
    strokes = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]
    scale = {"domain": series, "range": strokes[: len(series)]}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}
