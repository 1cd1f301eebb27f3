"""Completeness by item and visit, as a heat map with the share in every cell."""

import polars as pl

from pro_app.figures.charts.labels import Labels, make_categories, put_into_words
from pro_app.figures.charts.layers import draw_panels, visit_axis
from pro_app.figures.charts.svg import INK, WIDTH, ChartWords

_CELL = 22


def draw_completeness(shares: pl.DataFrame, words: ChartWords, *, arms: Labels, visits: Labels) -> str:
    """Draw the share of sent forms in which each item of one instrument is answered, arm under arm."""
    order = make_categories(shares, "visit_code", visits).words
    frame = put_into_words(shares, "visit_code", visits).with_columns(
        series=pl.col("arm").replace(dict(arms))
    )
    items = frame["item"].unique().sort().to_list()
    x = visit_axis(order, words.x, orient="top")
    y = {"field": "item", "type": "ordinal", "sort": items, "title": words.y}
    share = {"field": "share", "type": "quantitative"}
    scale = {"domain": [0.5, 0.9, 1], "range": ["#9b2c1f", "#f5e6c8", "#0b5a66"], "clamp": True}
    light = {"test": "datum.share < 0.75 || datum.share > 0.965", "value": "#ffffff"}
    layers = [
        {
            "mark": {"type": "rect", "stroke": "#ffffff"},
            "encoding": {"x": x, "y": y, "color": {**share, "scale": scale, "legend": None}},
        },
        {
            "mark": {"type": "text", "fontSize": 12},
            "encoding": {
                "x": x,
                "y": y,
                "text": {**share, "format": ".0%"},
                "color": {"condition": light, "value": INK},
            },
        },
    ]
    panel = {"width": WIDTH, "height": _CELL * len(items), "layer": layers}
    return draw_panels(frame, panel, words)
