"""From a definition file to the frozen values that the rest of the app works with."""

from collections.abc import Mapping
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import DefinitionRejected
from pro_app.instruments.check import check_instrument, check_wording
from pro_app.instruments.instrument import (
    Instrument,
    Item,
    RecallBlock,
    ResponseSet,
    Scale,
    ScoringDefinition,
    SummaryScale,
    UncertainFact,
)
from pro_app.instruments.wording import BlockWording, WordingPack


def parse_instrument(definition: DefinitionFile) -> Instrument:
    """Read an instrument; raises DefinitionRejected with every problem, schema and meaning alike."""
    problems = check_instrument(definition)
    if problems:
        raise DefinitionRejected(definition.source, tuple(problems))
    return read_instrument(definition)


def read_instrument(definition: DefinitionFile) -> Instrument:
    """Read an instrument that was checked before it was stored."""
    data = definition.data
    response_sets = {code: _parse_response_set(code, part) for code, part in data["response_sets"].items()}
    items = tuple(_parse_item(part) for part in data["items"])
    ranges = {item.number: response_sets[item.response_set].item_range for item in items}
    scoring = data["scoring"]
    return Instrument(
        code=data["code"],
        version=data["version"],
        title=data["title"],
        items=items,
        response_sets=response_sets,
        blocks=tuple(_parse_block(part) for part in data["blocks"]),
        scoring_definitions={
            name: _parse_scoring(name, part, ranges) for name, part in scoring["definitions"].items()
        },
        default_scoring=scoring["default"],
        sha256=definition.sha256,
        cdisc_category=data.get("cdisc_category"),
        sponsor_category=data.get("sponsor_category"),
        to_confirm=tuple(
            UncertainFact(part["fact"], part["why"], part["against"], tuple(part["concerns"]))
            for part in data["to_confirm"]
        ),
    )


def _parse_response_set(code: str, part: Mapping[str, Any]) -> ResponseSet:
    return ResponseSet(code, tuple(part["values"]), part["layout"])


def _parse_block(part: Mapping[str, Any]) -> RecallBlock:
    return RecallBlock(part["code"], tuple(part["items"]), part["recall_period"])


def _parse_item(part: Mapping[str, Any]) -> Item:
    return Item(
        number=part["number"],
        response_set=part["response_set"],
        na_allowed=part.get("na_allowed", False),
        cdisc_testcd=part.get("cdisc_testcd"),
        sponsor_testcd=part.get("sponsor_testcd"),
    )


def _parse_scoring(name: str, part: Mapping[str, Any], ranges: Mapping[int, int]) -> ScoringDefinition:
    """Read one scoring definition; `ranges` is item number -> highest minus lowest response code."""
    summary = part.get("summary")
    return ScoringDefinition(
        name=name,
        manual=part["manual"],
        scales=tuple(_parse_scale(scale, ranges) for scale in part["scales"]),
        summary=None if summary is None else _parse_summary(summary),
    )


def _parse_scale(part: Mapping[str, Any], ranges: Mapping[int, int]) -> Scale:
    """Read one scale; its range is that of its first item, since all of them have the same."""
    return Scale(
        code=part["code"],
        items=tuple(part["items"]),
        kind=part["kind"],
        item_range=ranges[part["items"][0]],
        cdisc_testcd=part.get("cdisc_testcd"),
        sponsor_testcd=part.get("sponsor_testcd"),
    )


def _parse_summary(part: Mapping[str, Any]) -> SummaryScale:
    return SummaryScale(
        code=part["code"],
        scales=tuple(part["scales"]),
        reversed_scales=tuple(part["reversed_scales"]),
        sponsor_testcd=part.get("sponsor_testcd"),
    )


def parse_wording(definition: DefinitionFile, instrument: Instrument | None = None) -> WordingPack:
    """Read a wording pack, checked against its `instrument` if that is given.

    Raises DefinitionRejected with every problem. Nothing of the text is changed on the way.
    """
    problems = check_wording(definition, instrument)
    if problems:
        raise DefinitionRejected(definition.source, tuple(problems))
    return read_wording(definition)


def read_wording(definition: DefinitionFile) -> WordingPack:
    """Read a wording pack that was checked before it was stored."""
    data = definition.data
    return WordingPack(
        pack=data["pack"],
        instrument_code=data["instrument"]["code"],
        instrument_version=data["instrument"]["version"],
        language=data["language"],
        placeholder=data["placeholder"],
        licence_reference=data["licence_reference"],
        title=data["title"],
        blocks={code: BlockWording(**part) for code, part in data["blocks"].items()},
        items={int(number): text for number, text in data["items"].items()},
        options={
            code: {int(value): label for value, label in labels.items()}
            for code, labels in data["options"].items()
        },
        not_applicable_label=data["not_applicable_label"],
        copyright_line=data["copyright_line"],
        sha256=definition.sha256,
    )
