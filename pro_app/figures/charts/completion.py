"""Both rates of completion over the visits, and the numbers below."""

import polars as pl

from pro_app.figures.charts.labels import Labels, make_categories, put_into_words
from pro_app.figures.charts.layers import HEIGHT, Spec, colour_of, draw_panels, visit_axis
from pro_app.figures.charts.svg import COLOURS, WIDTH, ChartWords

RATES = ("completion_rate", "available_data_rate")


def draw_completion(
    completion: pl.DataFrame, words: ChartWords, *, arms: Labels, visits: Labels, rates: Labels
) -> str:
    """Draw both rates visit by visit, one panel for each arm where arms are told apart."""
    order = make_categories(completion, "visit_code", visits).words
    # A visit at which an arm expects nobody is no visit of that arm: a rate of 0 would read as a collapse.
    asked = completion.filter(pl.col("completion_rate").is_not_null())
    frame = put_into_words(asked, "visit_code", visits).with_columns(series=pl.col("arm").replace(dict(arms)))
    long = frame.unpivot(
        RATES, index=["series", "visit_code", "valid"], variable_name="rate_name", value_name="rate"
    ).with_columns(pl.col("rate_name").replace(dict(rates)))
    names = [rates[name] for name in RATES]
    x = visit_axis(order, words.x)
    panel = {"width": WIDTH, "height": HEIGHT, "layer": _layers(x, words.y, names)}
    return draw_panels(long, panel, words)


def _layers(x: Spec, title: str, names: list[str]) -> list[Spec]:
    colour = colour_of(names, COLOURS) | {"field": "rate_name"}
    colour["legend"] = {"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 400}
    shape = {
        "field": "rate_name",
        "type": "nominal",
        "scale": {"domain": names, "range": ["circle", "square"]},
    }
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
