"""The proof of a pack: every text of it in the order of the questionnaire, beside that of the placeholder."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.instruments.instrument import Instrument
from pro_app.instruments.parse import read_wording
from pro_app.instruments.wording import WordingPack
from pro_app.language import LANGUAGES
from pro_app.services.wording_packs.importing import list_placeholders
from pro_app.services.wording_packs.records import PackRecord
from pro_app.storage.catalogue import load_instrument
from pro_app.storage.queries.answers import find_instrument_sha256

ProofKind = Literal["title", "instruction", "recall_line", "item", "option", "not_applicable", "copyright"]


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One text: what it is, its number or code, what the pack says, what the placeholder says there."""

    kind: ProofKind
    key: str
    text: str
    placeholder: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A pack in the order in which it is read, its instrument, and what it is compared with (or nothing)."""

    record: PackRecord
    instrument: Instrument
    placeholder: WordingPack | None
    lines: tuple[ProofLine, ...]


def make_proof(session: Session, record: PackRecord) -> Proof:
    """Put a pack beside the placeholder in its language, or else in the first language."""
    wording = record.wording
    sha256 = find_instrument_sha256(session, wording.instrument_code, wording.instrument_version)
    if sha256 is None:
        raise LookupError("a pack was stored without its instrument")
    instrument = load_instrument(session, sha256)
    placeholders = [read_wording(found) for found in list_placeholders(session, instrument)]
    others = {p.language: p for p in placeholders if p.sha256 != wording.sha256}
    beside = others.get(wording.language) or others.get(LANGUAGES[0])
    return Proof(record, instrument, beside, tuple(list_proof_lines(instrument, wording, beside)))


def list_proof_lines(
    instrument: Instrument, wording: WordingPack, beside: WordingPack | None
) -> Iterator[ProofLine]:
    """Give every text: title, each block with its items, the response sets, the lines at the end."""
    yield ProofLine("title", "", wording.title, beside.title if beside else "")
    for block in instrument.blocks:
        own, other = wording.blocks[block.code], beside.blocks[block.code] if beside else None
        span = f"{block.items[0]}–{block.items[-1]}"
        yield ProofLine("instruction", span, own.instruction, other.instruction if other else "")
        yield ProofLine("recall_line", span, own.recall_line, other.recall_line if other else "")
        for number in block.items:
            item = instrument.items_by_number[number]
            text = beside.items[number] if beside else ""
            yield ProofLine("item", str(number), wording.items[number], text, note=item.response_set)
    for code in instrument.response_sets:
        for value, label in wording.options[code].items():
            other_label = beside.options[code].get(value, "") if beside else ""
            yield ProofLine("option", str(value), label, other_label, note=code)
    if wording.not_applicable_label:
        other_label = beside.not_applicable_label if beside else ""
        yield ProofLine("not_applicable", "", wording.not_applicable_label, other_label)
    yield ProofLine("copyright", "", wording.copyright_line, beside.copyright_line if beside else "")
