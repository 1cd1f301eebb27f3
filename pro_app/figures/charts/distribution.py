"""How the scores of a scale lie, as one full bar for each visit."""

import polars as pl

from pro_app.figures.charts.labels import Labels, make_categories, put_into_words
from pro_app.figures.charts.layers import HEIGHT, draw_panels, visit_axis
from pro_app.figures.charts.svg import INK, WIDTH, ChartWords

SHADES = ("#e3f0f1", "#a9cfd3", "#6ba8ae", "#2f7d87", "#0b5a66")
"""Light to dark: from low scores to high ones; the range stands in each part of a bar that is wide enough."""
_NARROWEST_WITH_TEXT = 0.09


def draw_distribution(counts: pl.DataFrame, words: ChartWords, *, arms: Labels, visits: Labels) -> str:
    """Draw the share of people in each fifth of the range, visit by visit."""
    order = make_categories(counts, "visit_code", visits).words
    frame = put_into_words(counts, "visit_code", visits).with_columns(
        series=pl.col("arm").replace(dict(arms)),
        range=pl.format("{}–{}", "from_score", "to_score"),
        start=pl.col("share").cum_sum().over("arm", "visit_code") - pl.col("share"),
        end=pl.col("share").cum_sum().over("arm", "visit_code"),
    )
    frame = frame.with_columns(middle=(pl.col("start") + pl.col("end")) / 2)
    ranges = frame["range"].unique(maintain_order=True).to_list()
    x = visit_axis(order, words.x)
    y = {"type": "quantitative", "title": words.y, "axis": {"format": ".0%"}, "scale": {"domain": [0, 1]}}
    wide = f"datum.share >= {_NARROWEST_WITH_TEXT}"
    layers = [
        {
            "mark": {"type": "bar", "stroke": "#ffffff"},
            "encoding": {
                "x": x,
                "y": {**y, "field": "start"},
                "y2": {"field": "end"},
                "color": {
                    "field": "range",
                    "type": "ordinal",
                    "scale": {"domain": ranges, "range": list(SHADES)},
                    "legend": {"title": None, "orient": "top", "direction": "horizontal"},
                },
            },
        },
        {
            "transform": [{"filter": wide}],
            "mark": {"type": "text", "fontSize": 12},
            "encoding": {
                "x": x,
                "y": {**y, "field": "middle"},
                "text": {"field": "n", "type": "quantitative"},
                "color": {"condition": {"test": "datum.band >= 3", "value": "#ffffff"}, "value": INK},
            },
        },
    ]
    panel = {"width": WIDTH, "height": HEIGHT, "layer": layers}
    return draw_panels(frame, panel, words)
