"""From a Vega-Lite specification to an SVG that a screen reader and a printer can use.

The drawing is Vega-Lite's, made on the server by vl-convert; nothing of it runs in the browser. Colours
are the colour-blind-safe set of Okabe and Ito (jfly.uni-koeln.de/color), with direct labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import vl_convert
from lxml import etree

WIDTH = 680
"""Width of the drawing in pixels; the page scales it."""
COLOURS = ("#0b5a66", "#d55e00", "#0072b2", "#cc79a7", "#009e73", "#e69f00")
INK, SOFT_INK, RULE = "#15202b", "#3f4c58", "#d9d6cf"
_SVG = "{http://www.w3.org/2000/svg}"
_FONT = "Atkinson Hyperlegible, system-ui, sans-serif"
_LOCALES: Mapping[str, Literal["fr-FR", "en-GB"]] = {"fr": "fr-FR", "en": "en-GB"}
_CONFIG = {
    "background": "transparent",
    "font": _FONT,
    "padding": {"left": 24, "right": 12, "top": 8, "bottom": 12},
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT_INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "gridColor": RULE,
        "domainColor": SOFT_INK,
        "tickColor": SOFT_INK,
        "labelOverlap": "greedy",
    },
    "text": {"fontSize": 13, "color": INK},
    "header": {"labelColor": INK, "labelFontSize": 14, "titleColor": INK},
    "legend": {
        "columnPadding": 28,
        "labelLimit": 400,
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "titleFontSize": 13,
    },
    "range": {"category": list(COLOURS)},
}


@dataclass(frozen=True, slots=True)
class ChartWords:
    """What stands on a chart, in the reader's language; `key` keeps the ids of one page apart."""

    key: str
    title: str
    description: str
    x: str
    y: str
    language: str


def draw(spec: Mapping[str, Any], words: ChartWords) -> str:
    """Draw a chart as an SVG element with a title and a description, the same for the same input."""
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **spec}
    locale = _LOCALES.get(words.language, _LOCALES["en"])
    drawn = vl_convert.vegalite_to_svg(whole, format_locale=locale)
    root = etree.fromstring(drawn.encode(), etree.XMLParser(resolve_entities=False))
    _name(root, words)
    _make_fit(root)
    _keep_ids_apart(root, words.key)
    return etree.tostring(root, encoding="unicode")


def _name(root: Any, words: ChartWords) -> None:  # noqa: ANN401 -- lxml's stubs name no public type
    """Give the drawing its title and description, and hide its parts: the table says them better."""
    for part in root.iter():
        for name in ("role", "aria-roledescription", "aria-label", "aria-hidden"):
            part.attrib.pop(name, None)
    title, description = etree.Element(f"{_SVG}title"), etree.Element(f"{_SVG}desc")
    title.text, description.text = words.title, words.description
    title.set("id", "title")
    description.set("id", "desc")
    root[:0] = [title, description]
    root.set("role", "img")
    root.set("aria-labelledby", f"{words.key}-title {words.key}-desc")


def _make_fit(root: Any) -> None:  # noqa: ANN401 -- as above
    """Let the page decide the size, and leave no style attribute for the security policy to refuse."""
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("class", "chart")
    for part in root.iter():
        part.attrib.pop("style", None)


def _keep_ids_apart(root: Any, key: str) -> None:  # noqa: ANN401 -- as above
    """Put `key` before every id and every reference to one, so that charts can share a page."""
    for part in root.iter():
        if "id" in part.attrib:
            part.set("id", f"{key}-{part.get('id')}")
        for name, value in part.attrib.items():
            if value.startswith("url(#"):
                part.set(name, value.replace("url(#", f"url(#{key}-", 1))
