"""Made-up packs of the shape of a licensed one: every text is our own, and says where it stands."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import xlsxwriter

from pro_app.instruments.find import load_instrument
from pro_app.instruments.pack_files.canonical import write_pack_text
from pro_app.instruments.pack_files.template import make_template, offers_not_applicable

C30, GINET21 = "qlq-c30", "qlq-ginet21"


def make_pack(code: str = GINET21, *, pack: str = "essai-1", language: str = "fr") -> dict[str, Any]:
    """Fill the template of an instrument with texts that say where they stand."""
    instrument = load_instrument(code)
    data = make_template(instrument, language)
    data |= {
        "pack": pack,
        "licence_reference": "LIC-2026-017",
        "title": f"Titre d’essai {code}",
        "not_applicable_label": "Ne me concerne pas" if offers_not_applicable(instrument) else "",
        "copyright_line": "© 2026 Personne, tous droits réservés (essai)",
    }
    for name, block in data["blocks"].items():
        block |= {"instruction": f"Consigne d’essai {name} :", "recall_line": f"Rappel {name}"}
    data["items"] = {number: f"Énoncé d’essai numéro {number} ?" for number in data["items"]}
    data["options"] = {
        name: {value: f"Choix {name} {value}" for value in labels} for name, labels in data["options"].items()
    }
    return data


def change(data: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Give a copy of a pack with another value at `items.31`; None takes it away."""
    changed = deepcopy(data)
    *path, last = place.split(".")
    part = changed
    for key in path:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return changed


def write_pack(folder: Path, data: dict[str, Any], form: str = "yaml", *, name: str = "pack") -> Path:
    """Write a pack in one of its forms."""
    path = folder / f"{name}.{form}"
    if form == "yaml":
        path.write_text(write_pack_text(data), encoding="utf-8")
    elif form == "json":
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        write_workbook(path, list_sheets(data))
    return path


def write_workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write rows of cells as a workbook, the way a spreadsheet program does; `=…` makes a formula."""
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    is_formula = isinstance(cell, str) and cell.startswith("=")
                    write = page.write_string if isinstance(cell, str) and not is_formula else page.write
                    write(number, place, cell)


def list_sheets(data: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Give the rows of a pack's workbook, headers first; numbers as numbers, as people type them."""
    head = {"instrument_code": data["instrument"]["code"]}
    head["instrument_version"] = data["instrument"]["version"]
    head |= {key: value for key, value in data.items() if not isinstance(value, dict)}
    rows = [["key", "value"], *([key, value] for key, value in head.items())]
    return {
        "pack": rows,
        "blocks": [
            ["block", "instruction", "recall_line"],
            *([code, part["instruction"], part["recall_line"]] for code, part in data["blocks"].items()),
        ],
        "items": [["number", "text"], *([int(number), text] for number, text in data["items"].items())],
        "options": [
            ["response_set", "code", "label"],
            *(
                [name, int(value), label]
                for name, labels in data["options"].items()
                for value, label in labels.items()
            ),
        ],
    }
