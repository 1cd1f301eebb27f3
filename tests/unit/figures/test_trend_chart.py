import polars as pl
from lxml import etree

from pro_app.figures.charts.svg import ChartWords
from pro_app.figures.charts.trend import draw_trend

WORDS = ChartWords("trend", "Taux <par> mois", "Une description", "Mois", "Taux", "fr")
RATES = {"rate": "le mois seul", "rolled_rate": "six mois"}
MONTHS = 30


def draw(rates: list[float | None]) -> str:
    frame = pl.DataFrame(
        {
            "month": [f"mois {number}" for number in range(len(rates))],
            "expected": [4] * len(rates),
            "rate": rates,
            "rolled_rate": [0.5] * len(rates),
        },
        schema_overrides={"rate": pl.Float64},
    )
    return draw_trend(frame, WORDS, rates=RATES)


def test_the_trend_is_one_image_with_a_name_and_both_series_in_words() -> None:
    root = etree.fromstring(draw([0.25, 0.75]))
    texts = list(root.itertext())
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "trend-title trend-desc")
    assert {"Taux <par> mois", "Une description", *RATES.values()} <= set(texts)
    assert draw([0.25, 0.75]) == draw([0.25, 0.75])


def test_a_month_without_a_form_has_no_point_and_keeps_its_place() -> None:
    with_gap, whole = draw([0.25, None, 0.75]), draw([0.25, 0.5, 0.75])
    points = [len(etree.fromstring(chart).findall(".//{*}path")) for chart in (with_gap, whole)]
    assert points[1] - points[0] == 1
    assert "mois 1" in with_gap


def test_of_many_months_some_are_named_on_the_axis() -> None:
    named = [text for text in etree.fromstring(draw([0.5] * MONTHS)).itertext() if text.startswith("mois ")]
    assert named[:2] == ["mois 0", "mois 3"]
    assert len(named) == MONTHS / 3
