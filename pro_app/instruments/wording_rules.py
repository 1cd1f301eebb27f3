"""The rules that a wording pack keeps beyond its schema: its licence, and the instrument that it words."""

from collections.abc import Iterable, Iterator, Mapping

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.definitions.text import list_texts
from pro_app.errors import Problem
from pro_app.instruments.instrument import Instrument
from pro_app.language import mark

PLACEHOLDER_MARKS = ("[Texte provisoire]", "[Placeholder text]")
"""What the instructions of a placeholder pack begin with, so that nobody takes them for the real ones."""
_LEFT_OVER = ("texte provisoire", "placeholder text")
"""What the texts of a placeholder say of themselves anywhere, in small letters."""


def check_licence(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that a placeholder has no licence and every other pack has one."""
    placeholder, licence = definition.data["placeholder"], definition.data["licence_reference"]
    if placeholder and licence:
        message = mark("A placeholder pack has no licence: leave the licence reference empty.")
        yield definition.problem(message, ("licence_reference",))
    if not placeholder and not licence:
        yield definition.problem(mark("The licence reference is missing."), ("licence_reference",))


def check_placeholder_marks(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the block texts of a placeholder begin with a mark, and that no licensed text holds one."""
    placeholder: bool = definition.data["placeholder"]
    for path, text in list_texts(definition.data, ()):
        if placeholder and path[0] == "blocks" and not text.startswith(PLACEHOLDER_MARKS):
            message = mark("The text of a placeholder pack must begin with one of: %(marks)s.")
            yield definition.problem(message, path, marks=", ".join(PLACEHOLDER_MARKS))
        if not placeholder and any(word in text.casefold() for word in _LEFT_OVER):
            yield definition.problem(mark("A placeholder mark was left in a licensed text."), path)


def check_instrument_named(definition: DefinitionFile, instrument: Instrument) -> Iterator[Problem]:
    """Check that the pack names the instrument and the version that it stands with."""
    named = definition.data["instrument"]
    if (named["code"], named["version"]) != (instrument.code, instrument.version):
        message = mark("The pack is for %(named)s, not for %(instrument)s.")
        yield definition.problem(
            message,
            ("instrument",),
            named=f"{named['code']} {named['version']}",
            instrument=f"{instrument.code} {instrument.version}",
        )


def check_worded_items(definition: DefinitionFile, instrument: Instrument) -> Iterator[Problem]:
    """Check that the pack words exactly the items of the instrument."""
    numbers = [str(item.number) for item in instrument.items]
    yield from _check_same(
        definition,
        ("items",),
        numbers,
        missing=mark("Item %(key)s has no text."),
        unknown=mark("The instrument has no item %(key)s."),
    )


def check_worded_blocks(definition: DefinitionFile, instrument: Instrument) -> Iterator[Problem]:
    """Check that the pack words exactly the recall blocks of the instrument."""
    yield from _check_same(
        definition,
        ("blocks",),
        [block.code for block in instrument.blocks],
        missing=mark("The block “%(key)s” has no text."),
        unknown=mark("The instrument has no block “%(key)s”."),
    )


def check_worded_options(definition: DefinitionFile, instrument: Instrument) -> Iterator[Problem]:
    """Check that the pack labels every option of a list, and exactly the two ends of a row."""
    yield from _check_same(
        definition,
        ("options",),
        instrument.response_sets,
        missing=mark("The response set “%(key)s” has no labels."),
        unknown=mark("The instrument has no response set “%(key)s”."),
    )
    for code, response_set in instrument.response_sets.items():
        if code not in definition.data["options"]:
            continue
        row = response_set.layout == "row"
        values = (response_set.values[0], response_set.values[-1]) if row else response_set.values
        unknown = mark("Only the two ends of a row carry a label, not %(key)s.")
        yield from _check_same(
            definition,
            ("options", code),
            [str(value) for value in values],
            missing=mark("The option %(key)s has no label."),
            unknown=unknown if row else mark("The response set has no option %(key)s."),
        )


def check_not_applicable(definition: DefinitionFile, instrument: Instrument) -> Iterator[Problem]:
    """Check that the "not applicable" label is there exactly when an item offers it."""
    offered = any(item.na_allowed for item in instrument.items)
    label = definition.data["not_applicable_label"]
    place = ("not_applicable_label",)
    if offered and not label:
        yield definition.problem(mark("An item offers “not applicable”: its label is missing."), place)
    if label and not offered:
        yield definition.problem(mark("No item offers “not applicable”: leave its label empty."), place)


def _check_same(
    definition: DefinitionFile, place: NodePath, wanted: Iterable[str], *, missing: str, unknown: str
) -> Iterator[Problem]:
    """Name each key at `place` that is missing or unknown."""
    part: Mapping[str, object] = definition.data
    for key in place:
        part = part[str(key)]  # type: ignore[assignment]  # the schema says that these are mappings
    expected = list(wanted)
    for key in expected:
        if key not in part:
            yield definition.problem(missing, place, key=key)
    for key in part:
        if key not in expected:
            yield definition.problem(unknown, (*place, key), key=key)
