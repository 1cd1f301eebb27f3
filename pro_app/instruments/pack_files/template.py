"""An empty pack of an instrument: its numbers, blocks and response sets, every text still to be filled in."""

import json
from typing import Any

from pro_app.definitions.plain_yaml import NodePath
from pro_app.instruments.instrument import Instrument, ResponseSet
from pro_app.instruments.pack_files.canonical import write_pack_text


def make_template(instrument: Instrument, language: str) -> dict[str, Any]:
    """Make the data of an empty pack; no word of the published text is known here, and none is in it."""
    return {
        "pack": f"licensed-{language.lower()}-1",
        "instrument": {"code": instrument.code, "version": instrument.version},
        "language": language,
        "placeholder": False,
        "licence_reference": "",
        "title": "",
        "blocks": {block.code: {"instruction": "", "recall_line": ""} for block in instrument.blocks},
        "items": {str(item.number): "" for item in instrument.items},
        "options": {
            code: {str(value): "" for value in labelled_values(response_set)}
            for code, response_set in instrument.response_sets.items()
        },
        "not_applicable_label": "",
        "copyright_line": "",
    }


def labelled_values(response_set: ResponseSet) -> tuple[int, ...]:
    """Give the codes that carry a label: all of a list, the two ends of a row."""
    if response_set.layout == "row":
        return response_set.values[0], response_set.values[-1]
    return response_set.values


def offers_not_applicable(instrument: Instrument) -> bool:
    """Tell whether any item offers "not applicable"."""
    return any(item.na_allowed for item in instrument.items)


def write_yaml_template(instrument: Instrument, language: str) -> str:
    """Write the empty pack as YAML, with comments on what belongs where."""
    notes: dict[NodePath, str] = {
        (
            "pack",
        ): f"{instrument.title} {instrument.version}: fill in every empty text as the licence gives it.",
        ("not_applicable_label",): "needed: some items offer it"
        if offers_not_applicable(instrument)
        else "leave empty: no item offers it",
    }
    for block in instrument.blocks:
        items = f"items {block.items[0]} to {block.items[-1]}"
        notes["blocks", block.code] = f"{items}, recall period {block.recall_period or 'none'}"
    before = ""
    for item in instrument.items:
        also = ", may be not applicable" if item.na_allowed else ""
        note = f"{instrument.block_of(item.number).code}, {item.response_set}{also}"
        if note != before:
            notes["items", str(item.number)] = before = note
    for code, response_set in instrument.response_sets.items():
        ends = ": only the two ends carry a label" if response_set.layout == "row" else ""
        notes["options", code] = f"{response_set.layout}{ends}"
    return write_pack_text(make_template(instrument, language), notes)


def write_json_template(instrument: Instrument, language: str) -> str:
    """Write the empty pack as JSON."""
    return json.dumps(make_template(instrument, language), ensure_ascii=False, indent=2) + "\n"
