"""Answers of a QuestionnaireResponse: there are few different ones, so each is written once and looked up."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.fhir.identifiers import block_link_id, link_id
from pro_app.exports.fhir.jsonlines import Resource, render_json
from pro_app.exports.fhir.questionnaire import NOT_APPLICABLE, find_option_systems
from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import RecallBlock

ABSENT_REASONS = {"declined": "asked-declined", "left_blank": "unknown", "not_reached": "not-asked"}
"""State of an item -> code of http://terminology.hl7.org/CodeSystem/data-absent-reason."""

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_SCHEMA = {
    "instrument": pl.String,
    "instrument_version": pl.String,
    "item": pl.Int64,
    "state": pl.String,
    "value": pl.Int64,
    "answer": pl.String,
}


def make_answer_index(release: Release) -> pl.DataFrame:
    """Give the JSON of every possible answer by instrument, version, item, state and value.

    The first item of a block brings the opening of its group along, the last one the closing.
    """
    rows = [
        row
        for worded in release.instruments
        for block in worded.instrument.blocks
        for row in _list_block_answers(worded, block)
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _list_block_answers(worded: WordedInstrument, block: RecallBlock) -> Iterator[tuple[object, ...]]:
    instrument = worded.instrument
    group = render_json({"linkId": block_link_id(instrument.code, block.code)})[:-1]
    for number in block.items:
        opening = f'{group},"item":[' if number == block.items[0] else ""
        closing = "]}" if number == block.items[-1] else ""
        for state, value, answer in _list_item_answers(worded, number):
            text = f"{opening}{render_json(answer)}{closing}"
            yield instrument.code, instrument.version, number, state, value, text


def _list_item_answers(worded: WordedInstrument, number: int) -> Iterator[tuple[str, int | None, Resource]]:
    """Give each state and value that an item can have with what the response says then."""
    link: Resource = {"linkId": link_id(worded.instrument.code, number)}
    system = find_option_systems(worded)[number]
    for value in worded.instrument.response_values(number):
        yield "answered", value, {**link, "answer": [{"valueCoding": {"system": system, "code": str(value)}}]}
    if worded.instrument.items_by_number[number].na_allowed:
        coding = {"system": system, "code": NOT_APPLICABLE}
        yield "not_applicable", None, {**link, "answer": [{"valueCoding": coding}]}
    for state, code in ABSENT_REASONS.items():
        yield state, None, {"extension": [{"url": _ABSENT, "valueCode": code}], **link}
