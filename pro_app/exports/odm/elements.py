"""Making the elements of ODM: its namespace, translated texts, and characters that XML cannot hold."""

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from pro_app.language import LANGUAGES

NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"
_DEFAULT: Any = {None: NAMESPACE}
"""The prefix of ODM's namespace: none, which the types of lxml do not foresee."""

REPLACEMENT = "\ufffd"
FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
"""What XML 1.0 cannot hold, whether escaped or not (section 2.2)."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def clean_text(text: str) -> str:
    """Put U+FFFD in the place of each character that XML cannot hold."""
    return re.sub(FORBIDDEN, REPLACEMENT, text)


def element(tag: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
    """Make an element of ODM with elements or one text in it."""
    made = etree.Element(f"{{{NAMESPACE}}}{tag}", attributes, nsmap=_DEFAULT)
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def yes_no(value: object) -> str:
    """Give the words that ODM has for true and false."""
    return "Yes" if value else "No"


def translated(tag: str, texts: Mapping[str, str]) -> etree._Element:
    """Make an element that holds a text in each language, the first language first; empty ones are left out.

    Where nothing is left, a single dash stands there: ODM demands a text.
    """
    order = [*LANGUAGES, *sorted(set(texts) - set(LANGUAGES))]
    parts = [_text_in(language, texts[language]) for language in order if texts.get(language)]
    return element(tag, *(parts or [element("TranslatedText", "-")]))


def _text_in(language: str, text: str) -> etree._Element:
    made = element("TranslatedText", clean_text(text))
    made.set(_LANG, language)
    return made
