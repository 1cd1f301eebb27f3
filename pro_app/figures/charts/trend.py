"""The completion rate month by month: a point for each month, a line for the months rolled into one."""

import polars as pl

from pro_app.figures.charts.labels import Labels
from pro_app.figures.charts.layers import HEIGHT, Spec, values_of
from pro_app.figures.charts.svg import COLOURS, SOFT_INK, WIDTH, ChartWords, draw

RATE, ROLLED = "rate", "rolled_rate"
_MOST_NAMED = 12
"""So many months are named on the axis before some are left out."""


def draw_trend(months: pl.DataFrame, words: ChartWords, *, rates: Labels) -> str:
    """Draw `rate` (points) and `rolled_rate` (a line), 0–1, by `month`, the words of it, in the order given.

    `rates` has the words of both; a month without a rate has no point.
    """
    order = months["month"].to_list()
    step = -(-len(order) // _MOST_NAMED)
    axis: Spec = {"labelAngle": -35, "labelOverlap": False, "values": order[::step]}
    x: Spec = {"field": "month", "type": "ordinal", "sort": order, "title": words.x, "axis": axis}
    long = months.unpivot(
        [RATE, ROLLED], index=["month", "expected"], variable_name="series", value_name="share"
    )
    layers = [
        _layer("line", long, ROLLED, x=x, words=words, rates=rates),
        _layer("point", long, RATE, x=x, words=words, rates=rates),
    ]
    return draw({"width": WIDTH, "height": HEIGHT, "layer": layers}, words)


def _layer(kind: str, long: pl.DataFrame, series: str, *, x: Spec, words: ChartWords, rates: Labels) -> Spec:
    """Give the marks of one series, whose name stands in the legend above."""
    names = [rates[ROLLED], rates[RATE]]
    frame = long.filter((pl.col("series") == series) & pl.col("share").is_not_null())
    y: Spec = {
        "field": "share",
        "type": "quantitative",
        "title": words.y,
        "axis": {"format": ".0%"},
        "scale": {"domain": [0, 1]},
    }
    colour: Spec = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": [COLOURS[0], SOFT_INK]},
        "legend": {"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 400},
    }
    mark: Spec = {
        "line": {"type": "line", "strokeWidth": 3, "point": {"size": 20}},
        "point": {"type": "point", "filled": False, "size": 70, "opacity": 1},
    }[kind]
    data = values_of(frame.with_columns(pl.col("series").replace(dict(rates))))
    return {"data": data, "mark": mark, "encoding": {"x": x, "y": y, "color": colour}}
