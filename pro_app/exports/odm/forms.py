"""Instruments as forms, their instructions as groups of items, their questions as items."""

from collections.abc import Iterator

from lxml import etree

from pro_app.exports.odm.code_lists import NOT_APPLICABLE, find_options_oid, list_shared_codes
from pro_app.exports.odm.elements import element, translated
from pro_app.exports.odm.identifiers import form_oid, group_oid, item_oid
from pro_app.exports.odm.record_forms import (
    RECORD_FORMS,
    make_record_form,
    make_record_group,
    make_record_items,
)
from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import Item


def make_forms(release: Release) -> Iterator[etree._Element]:
    """Make the forms: those of the records, then one for each version of an instrument."""
    yield from (make_record_form(form) for form in RECORD_FORMS)
    for worded in release.instruments:
        instrument = worded.instrument
        texts = {
            language: " · ".join(part for part in (pack.title, pack.copyright_line) if part)
            for language, pack in worded.wordings.items()
        }
        references = [
            element(
                "ItemGroupRef",
                ItemGroupOID=group_oid(instrument.code, instrument.version, block.code),
                OrderNumber=str(place),
                Mandatory="No",
            )
            for place, block in enumerate(instrument.blocks, start=1)
        ]
        yield element(
            "FormDef",
            translated("Description", texts or {"en": instrument.title}),
            *references,
            OID=form_oid(instrument.code, instrument.version),
            Name=f"{instrument.title} {instrument.version}",
            Repeating="No",
        )


def make_groups(release: Release) -> Iterator[etree._Element]:
    """Make the groups of items, for an instrument one for each instruction."""
    yield from (make_record_group(form) for form in RECORD_FORMS)
    for worded in release.instruments:
        yield from _make_blocks(worded)


def _make_blocks(worded: WordedInstrument) -> Iterator[etree._Element]:
    """Make a group of items for each recall block, with its instruction and its ISO 8601 duration."""
    instrument = worded.instrument
    for block in instrument.blocks:
        texts = {language: pack.blocks[block.code].instruction for language, pack in worded.wordings.items()}
        references = [
            element(
                "ItemRef",
                ItemOID=item_oid(instrument.code, instrument.version, number),
                OrderNumber=str(place),
                Mandatory="No",
            )
            for place, number in enumerate(block.items, start=1)
        ]
        aliases = (
            [element("Alias", Context="QSEVLINT", Name=block.recall_period)] if block.recall_period else []
        )
        yield element(
            "ItemGroupDef",
            translated("Description", texts),
            *references,
            *aliases,
            OID=group_oid(instrument.code, instrument.version, block.code),
            Name=f"{instrument.title} {block.code}",
            Repeating="No",
        )


def make_items(release: Release) -> Iterator[etree._Element]:
    """Make every item: columns of records, and questions in the words of the packs."""
    code_lists = list_shared_codes(release.protocol)
    for form in RECORD_FORMS:
        yield from make_record_items(form, code_lists)
    for worded in release.instruments:
        yield from (_make_item(worded, item) for item in worded.instrument.items)


def _make_item(worded: WordedInstrument, item: Item) -> etree._Element:
    """Make one question; text where “not applicable” is one of its answers, otherwise a whole number."""
    instrument = worded.instrument
    texts = {language: pack.items[item.number] for language, pack in worded.wordings.items()}
    test_code = item.cdisc_testcd or item.sponsor_testcd
    data_type, length = ("text", len(NOT_APPLICABLE)) if item.na_allowed else ("integer", 1)
    return element(
        "ItemDef",
        translated("Question", texts),
        element("CodeListRef", CodeListOID=find_options_oid(worded, item)),
        *([element("Alias", Context="QSTESTCD", Name=test_code)] if test_code else []),
        OID=item_oid(instrument.code, instrument.version, item.number),
        Name=f"{instrument.title} {item.number}",
        DataType=data_type,
        Length=str(length),
    )
