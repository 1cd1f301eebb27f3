"""An instrument as a FHIR R4 Questionnaire, in the words of its packs at run time."""

from collections.abc import Mapping

from pro_app.exports.fhir.identifiers import (
    block_link_id,
    link_id,
    options_system,
    questionnaire_id,
    questionnaire_url,
)
from pro_app.exports.fhir.jsonlines import Resource
from pro_app.exports.release import WordedInstrument
from pro_app.instruments.instrument import Item, RecallBlock
from pro_app.language import LANGUAGES

NOT_APPLICABLE = "not_applicable"
"""The code of the answer “not applicable”; it has no ordinal value."""

_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition"


def make_questionnaire(worded: WordedInstrument) -> Resource:
    """Make the resource; the first language that has a pack is the main one, the others are translations.

    Without any pack it has its structure only. A placeholder pack makes it an experimental draft.
    """
    instrument = worded.instrument
    packs = list(worded.wordings.values())
    placeholder = not packs or any(pack.placeholder for pack in packs)
    resource: dict[str, object] = {
        "resourceType": "Questionnaire",
        "id": questionnaire_id(instrument),
        "language": _main_language(worded),
        "url": questionnaire_url(instrument),
        "version": instrument.version,
        "name": _computable_name(instrument.code),
        **_text("title", {pack.language: pack.title for pack in packs} or {"en": instrument.title}),
        "status": "draft" if placeholder else "active",
        "experimental": placeholder,
        "subjectType": ["Patient"],
        **_text("copyright", {pack.language: pack.copyright_line for pack in packs}),
        "item": [_make_block(worded, block) for block in instrument.blocks],
    }
    return {key: value for key, value in resource.items() if value is not None}


def find_option_systems(worded: WordedInstrument) -> dict[int, str]:
    """Give the system of the response codes of each item."""
    return {
        item.number: options_system(worded.instrument, item.response_set) for item in worded.instrument.items
    }


def _make_block(worded: WordedInstrument, block: RecallBlock) -> Resource:
    """Make the group of the items under one instruction, which says what time they are about."""
    texts = {language: pack.blocks[block.code].instruction for language, pack in worded.wordings.items()}
    items = worded.instrument.items_by_number
    return {
        "linkId": block_link_id(worded.instrument.code, block.code),
        **_text("text", texts),
        "type": "group",
        "item": [_make_item(worded, items[number]) for number in block.items],
    }


def _make_item(worded: WordedInstrument, item: Item) -> Resource:
    texts = {language: pack.items[item.number] for language, pack in worded.wordings.items()}
    return {
        "linkId": link_id(worded.instrument.code, item.number),
        "prefix": str(item.number),
        **_text("text", texts),
        "type": "choice",
        "required": False,
        "answerOption": _make_options(worded, item),
    }


def _make_options(worded: WordedInstrument, item: Item) -> list[Resource]:
    """Make the options with the number that each counts as; “not applicable” counts as none."""
    system = options_system(worded.instrument, item.response_set)
    options: list[Resource] = []
    for value in worded.instrument.response_values(item.number):
        texts = {
            language: pack.options.get(item.response_set, {}).get(value, "")
            for language, pack in worded.wordings.items()
        }
        ordinal = {"url": f"{_EXTENSIONS}/ordinalValue", "valueDecimal": value}
        coding = {"extension": [ordinal], "system": system, "code": str(value), **_text("display", texts)}
        options.append({"valueCoding": coding})
    if item.na_allowed:
        texts = {language: pack.not_applicable_label for language, pack in worded.wordings.items()}
        options.append({"valueCoding": {"system": system, "code": NOT_APPLICABLE, **_text("display", texts)}})
    return options


def _text(name: str, texts: Mapping[str, str]) -> Resource:
    """Give a text with its translations beside it; nothing where there is none."""
    languages = [language for language in _order(texts) if texts[language]]
    if not languages:
        return {}
    translations = [
        {
            "url": f"{_EXTENSIONS}/translation",
            "extension": [
                {"url": "lang", "valueCode": language},
                {"url": "content", "valueString": texts[language]},
            ],
        }
        for language in languages[1:]
    ]
    beside = {f"_{name}": {"extension": translations}} if translations else {}
    return {name: texts[languages[0]], **beside}


def _main_language(worded: WordedInstrument) -> str | None:
    return next(iter(_order(worded.wordings)), None)


def _order(by_language: Mapping[str, object]) -> list[str]:
    """Give the languages that are there, those of the interface first."""
    return [*(x for x in LANGUAGES if x in by_language), *sorted(set(by_language) - set(LANGUAGES))]


def _computable_name(code: str) -> str:
    """Give the name that programs use: letters, digits and underscores, a capital first."""
    return "".join(character if character.isalnum() else "_" for character in code).upper()
