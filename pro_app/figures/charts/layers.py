"""Parts that several charts are put together from, as Vega-Lite specifications."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from pro_app.figures.charts.svg import INK, SOFT_INK, ChartWords, draw

Spec = dict[str, Any]

HEIGHT = 300
"""Height of the plot in pixels, without axes and the numbers below."""
_ROW, _UPRIGHT_ROW = 18, 30
_NAME_SHIFTS = (-9, 9)
_FIRST_ROW, _FIRST_ROW_BELOW_VISITS = 70, 124


def values_of(frame: pl.DataFrame) -> Spec:
    """Give the rows of a frame as data of a chart."""
    return {"values": frame.to_dicts()}


def counts_below(
    frame: pl.DataFrame, *, x: Spec, count: str, series: Sequence[str], upright: bool = False
) -> list[Spec]:
    """Write the numbers of people under the axis, one row for each series in its order.

    With several series each row begins with the series' name, left of the plot. `upright` turns the numbers
    where points lie too close for them to stand side by side.
    """
    layers: list[Spec] = []
    for place, name in enumerate(series):
        first = _FIRST_ROW_BELOW_VISITS if x["type"] == "ordinal" else _FIRST_ROW
        y = {"value": HEIGHT + first + place * (_UPRIGHT_ROW if upright else _ROW)}
        layers.append(
            {
                "data": values_of(frame.filter(pl.col("series") == name)),
                "mark": {"type": "text", "color": INK, "fontSize": 12, "angle": 270 if upright else 0},
                "encoding": {"x": x, "y": y, "text": {"field": count, "type": "quantitative"}},
            }
        )
        layers.append(
            {
                "data": {"values": [{}]},
                "mark": {"type": "text", "align": "right", "color": SOFT_INK, "fontSize": 12},
                "encoding": {
                    "x": {"value": -30},
                    "y": y,
                    "text": {"value": name if len(series) > 1 else "n"},
                },
            }
        )
    return layers


def visit_axis(order: Sequence[str], title: str, *, orient: str = "bottom") -> Spec:
    """Give the axis of planned visits, every one of them named."""
    axis = {"labelAngle": -35, "labelOverlap": False, "labelLimit": 150, "orient": orient}
    return {"field": "visit_code", "type": "ordinal", "sort": list(order), "title": title, "axis": axis}


def names_at_end(frame: pl.DataFrame, *, x: Spec, y: Spec, order: str, colour: Spec) -> list[Spec]:
    """Write the name of each series beside its last point, in place of a legend.

    The upper one stands a little above its point and the lower ones below, so that they never overlap.
    """
    last = frame.sort(order).group_by("series", maintain_order=True).last().sort(y["field"], descending=True)
    return [
        {
            "data": values_of(last[place]),
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 24,
                "dy": _NAME_SHIFTS[min(place, 1)],
                "fontWeight": "bold",
            },
            "encoding": {"x": x, "y": y, "color": colour, "text": {"field": "series", "type": "nominal"}},
        }
        for place in range(last.height)
    ]


def colour_of(series: Sequence[str], colours: Sequence[str]) -> Spec:
    """Give each series its colour, without a legend."""
    scale = {"domain": list(series), "range": list(colours[: len(series)])}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}


def draw_panels(frame: pl.DataFrame, panel: Spec, words: ChartWords) -> str:
    """Draw a panel for each series, one under the other, or the panel alone where there is one series."""
    if frame["series"].n_unique() > 1:
        rows = {"row": {"field": "series", "type": "nominal", "title": None}}
        return draw({"data": values_of(frame), "facet": rows, "spec": panel}, words)
    return draw({"data": values_of(frame), **panel}, words)
