"""Every chart drawn from the small release: one named image, safe for the security policy."""

from collections.abc import Iterator

import polars as pl
import pytest
from lxml import etree
from release_world import empty_release, small_release

from pro_app.figures.charts.labels import make_categories
from pro_app.figures.charts.svg import ChartWords
from pro_app.figures.figure import FIGURES, Choice, Figure, FigureLabels

LABELS = FigureLabels(
    {"ALL": "Ensemble", "LUTATHERA": "Lutathera <b>", "SURVEILLANCE": "Surveillance & co"},
    {},
    {"completion_rate": "Taux de réponse", "available_data_rate": "Données disponibles"},
)
DRAWN = [figure for figure in FIGURES.values() if figure.draw]


def draw(figure: Figure, *, by_arm: bool, key: str = "k") -> str:
    release, tables = small_release()
    definition = tables["deterioration"]["definition"][0]
    choice = Choice("qlq-c30", "PF2", definition, by_arm)
    frame = figure.estimate(tables, release.protocol, choice)
    assert frame.height > 0
    assert figure.draw is not None
    words = ChartWords(key, "Titre « essai » <&>", "Une description", "Axe x", "Axe y", "fr")
    return figure.draw(frame, words, LABELS)


def list_attributes(root: etree._Element) -> Iterator[tuple[str, str]]:
    for part in root.iter():
        yield from ((str(name), str(value)) for name, value in part.attrib.items())


@pytest.mark.parametrize("figure", DRAWN, ids=lambda figure: figure.code)
@pytest.mark.parametrize("by_arm", [False, True], ids=["together", "by arm"])
def test_a_chart_is_one_image_with_a_name_and_a_description(figure: Figure, *, by_arm: bool) -> None:
    root = etree.fromstring(draw(figure, by_arm=by_arm))
    assert root.get("role") == "img"
    names = {part.get("id"): part.text for part in root if part.get("id")}
    assert [names[key] for key in root.get("aria-labelledby").split()] == [
        "Titre « essai » <&>",
        "Une description",
    ]
    assert [name for name, _ in list_attributes(root) if name in {"role", "style"}] == ["role"]
    assert not [name for name, _ in list_attributes(root) if name.startswith("on")]
    assert root.get("viewBox")
    assert root.get("width") is None
    assert not root.findall(".//{*}script")
    assert not root.findall(".//{*}style")


@pytest.mark.parametrize("figure", DRAWN, ids=lambda figure: figure.code)
def test_a_chart_is_the_same_each_time_and_keeps_its_ids_to_itself(figure: Figure) -> None:
    first = draw(figure, by_arm=False)
    assert draw(figure, by_arm=False) == first
    root = etree.fromstring(draw(figure, by_arm=False, key="other"))
    ids = [value for name, value in list_attributes(root) if name == "id"]
    assert len(ids) == len(set(ids))
    assert all(value.startswith("other-") for value in ids)
    references = [value for _, value in list_attributes(root) if value.startswith("url(#")]
    assert all(value.removeprefix("url(#").rstrip(")") in ids for value in references)


def test_arms_are_named_on_the_chart_itself() -> None:
    texts = "".join(etree.fromstring(draw(FIGURES["means-by-visit"], by_arm=True)).itertext())
    assert "Lutathera <b>" in texts
    assert "Surveillance & co" in texts


def test_numbers_are_written_the_french_way() -> None:
    texts = list(etree.fromstring(draw(FIGURES["completion"], by_arm=False)).itertext())
    assert any(text.endswith(("\xa0%", "\u202f%")) for text in texts), texts


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.code)
def test_an_empty_trial_has_an_empty_table_and_no_error(figure: Figure) -> None:
    release, tables = empty_release()
    choice = Choice("qlq-c30", "PF2", release.protocol.analysis.deterioration[0].code, by_arm=True)
    assert figure.estimate(tables, release.protocol, choice).is_empty()


def test_the_axis_keeps_the_order_of_visits_also_where_one_arm_lacks_some() -> None:
    frame = pl.DataFrame({"visit_code": ["W08", "M03", "W08", "W24", "M03", "NEW"]})
    ordered = make_categories(frame, "visit_code", {"W08": "w8", "W16": "w16", "W24": "w24", "M03": "m3"})
    assert ordered.words == ["w8", "w24", "m3", "NEW"]
