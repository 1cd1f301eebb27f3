"""What a pack that is to be imported keeps beyond a pack in a file: the app must be able to use it."""

from collections.abc import Iterable, Iterator

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.definitions.text import list_texts
from pro_app.errors import Problem
from pro_app.instruments.check import check_wording
from pro_app.instruments.instrument import Instrument
from pro_app.language import LANGUAGES, mark

LONGEST_NAME = 64
"""Of the code of an instrument, a slash and the name of a pack together."""
_SHOWN_PARTS = frozenset({"title", "blocks", "items", "options", "not_applicable_label", "copyright_line"})


def check_pack(
    definition: DefinitionFile, instrument: Instrument, *, placeholders: Iterable[DefinitionFile] = ()
) -> list[Problem]:
    """List everything wrong with a pack that is to be imported, in the order of its lines.

    `placeholders` are placeholder packs of the instrument: none of their texts may be left in a licensed one.
    """
    problems = check_wording(definition, instrument)
    problems += _check_use(definition)
    if definition.data.get("placeholder") is False:
        problems += _check_left_over(definition, placeholders)
    return sorted(problems, key=lambda problem: problem.line or 0)


def _check_use(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that somebody can read the language, and that the name can be kept."""
    language, name, named = (definition.data.get(key) for key in ("language", "pack", "instrument"))
    if isinstance(language, str) and language not in LANGUAGES:
        message = mark("No patient reads “%(language)s” here: the languages are %(known)s.")
        known = ", ".join(LANGUAGES)
        yield definition.problem(message, ("language",), language=language[:20], known=known)
    code = named.get("code") if isinstance(named, dict) else ""
    if isinstance(name, str) and len(f"{code}/{name}") > LONGEST_NAME:
        message = mark("The name is too long: at most %(longest)s characters with this questionnaire.")
        yield definition.problem(message, ("pack",), longest=LONGEST_NAME - len(f"{code}/"))


def _check_left_over(definition: DefinitionFile, placeholders: Iterable[DefinitionFile]) -> Iterator[Problem]:
    """Name every text that is still that of a placeholder."""
    texts = _shown_texts(definition)
    left: dict[NodePath, None] = {}
    for placeholder in placeholders:
        for path, text in _shown_texts(placeholder).items():
            if text and texts.get(path) == text:
                left[path] = None
    for path in left:
        yield definition.problem(mark("This is still the text of the placeholder."), path)


def _shown_texts(definition: DefinitionFile) -> dict[NodePath, str]:
    return {path: text for path, text in list_texts(definition.data, ()) if path[0] in _SHOWN_PARTS}
