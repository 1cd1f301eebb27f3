"""A funnel plot: a point for each site, the limits within which chance alone leaves it, the rate of all."""

import polars as pl

from pro_app.figures.charts.labels import Labels
from pro_app.figures.charts.layers import HEIGHT, Spec, values_of
from pro_app.figures.charts.svg import COLOURS, INK, SOFT_INK, WIDTH, ChartWords, draw

WITHIN, OUTSIDE = "within", "outside"
_INNER, _OUTER, _TARGET = "95", "998", "target"


def draw_funnel(
    sites: pl.DataFrame, limits: pl.DataFrame, words: ChartWords, *, target: float, names: Labels
) -> str:
    """Draw the rate of each site against its number of forms, with limits, and name those outside.

    `sites` has `site`, `expected`, `rate` (0–1) and `place` (`within` or `outside`); `limits` has `expected`
    and the limits `lower_998`, `lower_95`, `upper_95` and `upper_998` as rates; `names` has the words of the
    lines `95`, `998` and `target` and of both places.
    """
    x: Spec = {
        "field": "expected",
        "type": "quantitative",
        "title": words.x,
        "scale": {"zero": True, "nice": True},
        "axis": {"tickMinStep": 1},
    }
    y: Spec = {
        "field": "rate",
        "type": "quantitative",
        "title": words.y,
        "axis": {"format": ".0%"},
        "scale": {"domain": [0, 1]},
    }
    layers = [
        *_draw_lines(limits, x=x, y=y, target=target, names=names),
        _draw_sites(sites, x=x, y=y, names=names),
        _draw_codes(sites.filter(pl.col("place") == OUTSIDE), x=x, y=y),
    ]
    return draw({"width": WIDTH, "height": HEIGHT, "layer": layers}, words)


def _draw_lines(limits: pl.DataFrame, *, x: Spec, y: Spec, target: float, names: Labels) -> list[Spec]:
    """Draw the four limits and the rate of all, told apart by their dashes, not by colour alone."""
    whole = limits.with_columns(target=pl.lit(target))
    lines = (
        ("lower_998", _OUTER),
        ("upper_998", _OUTER),
        ("lower_95", _INNER),
        ("upper_95", _INNER),
        ("target", _TARGET),
    )
    codes = [_TARGET, _INNER, _OUTER]
    domain = [names[code] for code in codes]
    legend = {"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 400, "symbolSize": 400}
    dash = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": domain, "range": [[1, 0], [7, 4], [2, 3]]},
        "legend": legend,
    }
    return [
        {
            "data": values_of(
                whole.select("expected", pl.col(column).alias("rate"), line=pl.lit(names[code]))
            ),
            "mark": {"type": "line", "strokeWidth": 1.5, "color": INK if code == _TARGET else SOFT_INK},
            "encoding": {"x": x, "y": y, "strokeDash": dash},
        }
        for column, code in lines
    ]


def _draw_sites(sites: pl.DataFrame, *, x: Spec, y: Spec, names: Labels) -> Spec:
    """Draw the sites: round within the limits, a triangle outside."""
    shown = sites.with_columns(pl.col("place").replace(dict(names)))
    domain = [names[WITHIN], names[OUTSIDE]]
    # Below, because the lines have theirs above and the two would lie on each other.
    legend = {"title": None, "orient": "bottom", "direction": "horizontal", "labelLimit": 400}
    scale = {"domain": domain, "range": [COLOURS[0], COLOURS[1]]}
    return {
        "data": values_of(shown),
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 0.9},
        "encoding": {
            "x": x,
            "y": y,
            "color": {"field": "place", "type": "nominal", "scale": scale, "legend": legend},
            "shape": {
                "field": "place",
                "type": "nominal",
                "scale": {"domain": domain, "range": ["circle", "triangle-up"]},
                "legend": legend,
            },
        },
    }


def _draw_codes(outside: pl.DataFrame, *, x: Spec, y: Spec) -> Spec:
    """Write the code of each site beside its point."""
    return {
        "data": values_of(outside),
        "mark": {"type": "text", "align": "left", "dx": 9, "color": INK, "fontWeight": "bold"},
        "encoding": {"x": x, "y": y, "text": {"field": "site", "type": "nominal"}},
    }
