"""Both rates of completion over the visits, and the numbers below."""

import polars as pl

from pro_app.figures.charts.labels import Labels, make_categories, put_into_words
from pro_app.figures.charts.layers import HEIGHT, Spec, colour_of, values_of, visit_axis
from pro_app.figures.charts.svg import COLOURS, WIDTH, ChartWords, draw

RATES = ("completion_rate", "available_data_rate")


def draw_completion(
    completion: pl.DataFrame, words: ChartWords, *, arms: Labels, visits: Labels, rates: Labels
) -> str:
    """Draw both rates visit by visit, one panel for each arm where arms are told apart."""
    order = make_categories(completion, "visit_code", visits).words
    frame = put_into_words(completion, "visit_code", visits).with_columns(
        panel=pl.col("arm").replace(dict(arms))
    )
    long = frame.unpivot(
        RATES, index=["panel", "visit_code", "valid"], variable_name="series", value_name="rate"
    ).with_columns(pl.col("series").replace(dict(rates)))
    series = [rates[name] for name in RATES]
    x = visit_axis(order, words.x)
    panel = {"width": WIDTH, "height": HEIGHT, "layer": _layers(x, words.y, series)}
    if long["panel"].n_unique() > 1:
        rows = {"row": {"field": "panel", "type": "nominal", "title": None}}
        return draw({"data": values_of(long), "facet": rows, "spec": panel}, words)
    return draw({"data": values_of(long), **panel}, words)


def _layers(x: Spec, title: str, series: list[str]) -> list[Spec]:
    colour = colour_of(series, COLOURS)
    colour["legend"] = {"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 400}
    shape = {"field": "series", "type": "nominal", "scale": {"domain": series, "range": ["circle", "square"]}}
    shape["legend"] = colour["legend"]
    y = {
        "field": "rate",
        "type": "quantitative",
        "title": title,
        "axis": {"format": ".0%"},
        "scale": {"domain": [0, 1]},
    }
    return [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y, "color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
        },
    ]
