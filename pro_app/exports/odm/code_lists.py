"""The code lists of an ODM file: response options, states, and the words of the protocol."""

from collections.abc import Iterator, Mapping

from lxml import etree

from pro_app.exports.codebook.codes import group_codes, list_codes
from pro_app.exports.odm.elements import element, translated
from pro_app.exports.odm.identifiers import options_oid
from pro_app.exports.odm.record_forms import RECORD_FORMS
from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import Item, ResponseSet
from pro_app.protocol.protocol import Protocol

Codes = Mapping[str, Mapping[str, str]]
"""Code -> language -> words."""

NOT_APPLICABLE = "NOT_APPLICABLE"
"""The code of the answer “not applicable”: an answer, hence a value, and no number."""

ITEM_STATE, MODE, WORDING, FLAG_TYPE = "CL.item_state", "CL.mode", "CL.wording", "CL.flag_type"

_FLAG_TYPES = {
    "NO_VALUE": {"fr": "Pourquoi il n’y a pas de réponse", "en": "Why there is no answer"},
    "MODE": {"fr": "Mode de réponse", "en": "Mode of answering"},
    "WORDING": {"fr": "Texte affiché", "en": "Wording shown"},
}


def list_shared_codes(protocol: Protocol) -> dict[str, Codes]:
    """Give the codes that columns and flags refer to, by the name of their list."""
    used = {column.codes for form in RECORD_FORMS for column in form.columns} | {"item_state"}
    lists: dict[str, Codes] = {
        name: {code.code: {"fr": code.fr, "en": code.en} for code in codes}
        for name, codes in group_codes(list_codes(protocol, (), ())).items()
        if name in used
    }
    return lists | {"flag_type": _FLAG_TYPES}


def make_code_lists(release: Release) -> Iterator[etree._Element]:
    """Make every code list, those of the instruments first."""
    for worded in release.instruments:
        yield from _make_option_lists(worded)
    for name, codes in list_shared_codes(release.protocol).items():
        yield _make_list(f"CL.{name}", name, codes)
    wordings = {
        wording.sha256: {"en": f"{wording.instrument} {wording.instrument_version} {wording.pack}"}
        for wording in release.provenance.wordings
    }
    if wordings:
        yield _make_list(WORDING, "wording", wordings)


def find_options_oid(worded: WordedInstrument, item: Item) -> str:
    """Give the code list of an item; the one with “not applicable” where the item offers it."""
    suffix = f"{item.response_set}.{NOT_APPLICABLE}" if item.na_allowed else item.response_set
    return options_oid(worded.instrument.code, worded.instrument.version, suffix)


def _make_option_lists(worded: WordedInstrument) -> Iterator[etree._Element]:
    """Make one list for each set of options in use, with and without “not applicable”."""
    made: set[str] = set()
    for item in worded.instrument.items:
        oid = find_options_oid(worded, item)
        if oid in made:
            continue
        made.add(oid)
        codes = _option_codes(worded, worded.instrument.response_sets[item.response_set])
        if item.na_allowed:
            labels = {
                language: pack.not_applicable_label or NOT_APPLICABLE
                for language, pack in worded.wordings.items()
            }
            codes[NOT_APPLICABLE] = labels or {"en": NOT_APPLICABLE}
        yield _make_list(
            oid, oid.removeprefix("CL."), codes, data_type="text" if item.na_allowed else "integer"
        )


def _option_codes(worded: WordedInstrument, options: ResponseSet) -> dict[str, Mapping[str, str]]:
    """Give the words of each option; where the pack has none (inside a row), the number itself."""
    return {
        str(value): {
            language: pack.options.get(options.code, {}).get(value, str(value))
            for language, pack in worded.wordings.items()
        }
        or {"en": str(value)}
        for value in options.values
    }


def _make_list(oid: str, name: str, codes: Codes, *, data_type: str = "text") -> etree._Element:
    items = [
        element("CodeListItem", translated("Decode", texts), CodedValue=code, OrderNumber=str(place))
        for place, (code, texts) in enumerate(codes.items(), start=1)
    ]
    return element("CodeList", *items, OID=oid, Name=name, DataType=data_type)
