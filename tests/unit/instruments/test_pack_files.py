import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from wording_packs import C30, GINET21, change, list_sheets, make_pack, write_pack, write_workbook

from pro_app.errors import InputRejected, Problem
from pro_app.instruments.find import load_instrument
from pro_app.instruments.pack_check import check_pack
from pro_app.instruments.pack_files.pack_file import PackFile
from pro_app.instruments.pack_files.reading import LARGEST_FILE, read_pack_file
from pro_app.instruments.pack_files.template import write_json_template, write_yaml_template
from pro_app.instruments.pack_files.workbook import LARGEST_PART
from pro_app.instruments.pack_files.workbook_template import write_workbook_template
from pro_app.instruments.parse import read_wording

FORMS = ("yaml", "json", "xlsx")


def say(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.place}: {problem.message % (problem.values or {})}" for problem in problems]


def refusal(path: Path) -> list[str]:
    """Give what is said of a file that cannot even be read."""
    with pytest.raises(InputRejected) as refused:
        read_pack_file(path)
    return [line.replace(str(path), path.name) for line in say(refused.value.problems)]


def complaints(path: Path, code: str = GINET21, **options: Any) -> list[str]:  # noqa: ANN401 -- those of check_pack
    """Give what is said of the contents of a file."""
    pack = read_pack_file(path)
    rejected = pack.reject(check_pack(pack.definition, load_instrument(code), **options))
    return [line.replace(str(path), path.name) for line in say(rejected.problems)]


@pytest.mark.parametrize("code", [C30, GINET21])
def test_the_three_forms_of_one_pack_are_the_same_pack(tmp_path: Path, code: str) -> None:
    data = make_pack(code)

    packs = {form: read_pack_file(write_pack(tmp_path, data, form)) for form in FORMS}

    for form, pack in packs.items():
        assert pack.definition.data == data, form
        assert check_pack(pack.definition, load_instrument(code)) == []
    assert packs["json"].definition.sha256 == packs["xlsx"].definition.sha256
    wording = read_wording(packs["xlsx"].definition)
    assert wording.items[load_instrument(code).items[0].number].startswith("Énoncé d’essai")


def test_a_yaml_pack_keeps_the_hash_of_its_file(tmp_path: Path) -> None:
    path = write_pack(tmp_path, make_pack())
    commented = "# a comment\n" + path.read_text(encoding="utf-8")

    before = read_pack_file(path).definition
    path.write_text(commented, encoding="utf-8")
    after = read_pack_file(path).definition

    assert before.data == after.data
    assert before.sha256 != after.sha256
    assert after.text == commented


@pytest.mark.parametrize("form", FORMS)
def test_a_template_has_every_place_and_no_text(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"template.{form}"
    instrument = load_instrument(GINET21)
    if form == "xlsx":
        write_workbook_template(path, instrument, "fr", advice=["Remplissez."])
    else:
        write = write_yaml_template if form == "yaml" else write_json_template
        path.write_text(write(instrument, "fr"), encoding="utf-8")

    said = complaints(path)

    texts = 1 + 2 * len(instrument.blocks) + len(instrument.items) + 4 + 1
    assert sum("The text is empty." in line for line in said) == texts
    assert len(said) == texts + 2, "the licence and the label of “not applicable” lack too"


@pytest.mark.parametrize(
    ("form", "places"),
    [
        ("yaml", ["pack.yaml:12: blocks.past_week.recall_line", "pack.yaml:17: items.31"]),
        ("json", ["pack.json:14: blocks.past_week.recall_line", "pack.json:22: items.31"]),
        ("xlsx", ["pack.xlsx: blocks!C2: blocks.past_week.recall_line", "pack.xlsx: items!B2: items.31"]),
    ],
)
def test_every_problem_is_named_by_its_place_in_the_file(
    tmp_path: Path, form: str, places: list[str]
) -> None:
    data = change(make_pack(), "items.31", "e\u0301nonce\u0301")
    data = change(data, "blocks.past_week.recall_line", "Rappel\u200b")

    said = complaints(write_pack(tmp_path, data, form))

    assert said == [
        f"{places[0]}: The text has the unreadable character U+200B.",
        f"{places[1]}: The text has letters and accents apart (it is not Unicode NFC).",
    ]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("items.40", None, "Item 40 has no text."),
        ("items.52", "Un énoncé de trop", "The instrument has no item 52."),
        ("items.33", "", "The text is empty."),
        ("options.four_point.4", None, "The option 4 has no label."),
        ("options.four_point.5", "Cinq", "The response set has no option 5."),
        ("blocks.past_week", None, "The block “past_week” has no text."),
        ("licence_reference", "", "The licence reference is missing."),
        ("copyright_line", "", "The text is empty."),
        ("title", "Titre (texte provisoire)", "A placeholder mark was left in a licensed text."),
        ("items.34", "Line\x07", "The text has the unreadable character U+0007."),
        ("language", "fr-FR", "No patient reads “fr-FR” here: the languages are fr, en."),
        ("pack", "a" * 60, "The name is too long: at most 52 characters with this questionnaire."),
    ],
)
@pytest.mark.parametrize("form", ["json", "xlsx"])
def test_a_pack_with_one_fault_gives_exactly_that_fault(
    tmp_path: Path, form: str, *, place: str, value: str | None, words: str
) -> None:
    said = complaints(write_pack(tmp_path, change(make_pack(), place, value), form))

    assert len(said) == 1
    assert said[0].endswith(words)


def test_a_text_of_the_placeholder_that_was_left_is_found(tmp_path: Path) -> None:
    left = read_pack_file(
        Path(__file__).parents[3] / "questionnaires/instruments/qlq-ginet21/1.0/wording/placeholder-fr.yaml"
    )
    data = change(make_pack(), "items.35", left.definition.data["items"]["35"])

    said = complaints(write_pack(tmp_path, data, "xlsx"), placeholders=[left.definition])

    assert said == ["pack.xlsx: items!B6: items.35: This is still the text of the placeholder."]


def test_everything_wrong_with_a_workbook_is_said_at_once(tmp_path: Path) -> None:
    sheets = list_sheets(make_pack())
    sheets["items"][2] = [31, "Encore le 31"]
    sheets["items"][3][1] = "=1+1"
    sheets["options"][0] = ["response_set", "code", "libellé"]
    path = tmp_path / "pack.xlsx"
    write_workbook(path, sheets)

    assert refusal(path) == [
        "pack.xlsx: items!B3: This stands twice; it stands first in items!B2.",
        "pack.xlsx: items!B4: This is a formula: write its text instead.",
        "pack.xlsx: options!C1: The column “libellé” is not known here, or stands twice.",
        "pack.xlsx: options!A1: The column “label” is missing.",
    ]


def test_a_workbook_without_a_sheet_names_it(tmp_path: Path) -> None:
    sheets = list_sheets(make_pack())
    del sheets["blocks"], sheets["options"]
    path = tmp_path / "pack.xlsx"
    write_workbook(path, sheets)

    assert refusal(path) == [
        "pack.xlsx: The workbook has no sheet “blocks”.",
        "pack.xlsx: The workbook has no sheet “options”.",
    ]


def _workbook_with(tmp_path: Path, part: str, content: bytes) -> Path:
    """Give a sound workbook with one part of it replaced."""
    sound = write_pack(tmp_path, make_pack(), "xlsx", name="sound")
    path = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == part else source.read(name))
    return path


@pytest.mark.parametrize(
    ("part", "content", "words"),
    [
        ("xl/workbook.xml", b"<not", "The file is not a readable XLSX workbook"),
        ("xl/sharedStrings.xml", b"x" * (LARGEST_PART + 1), "The workbook is too large."),
        (
            "xl/sharedStrings.xml",
            b'<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>',
            "The workbook holds a document type, which none has.",
        ),
    ],
)
def test_a_hostile_workbook_is_refused(tmp_path: Path, part: str, content: bytes, *, words: str) -> None:
    assert words in refusal(_workbook_with(tmp_path, part, content))[0]


def damaged_workbook() -> bytes:
    """Make an archive whose first part was damaged on its way."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook>" + "x" * 5000 + "</workbook>")
    raw = bytearray(made.getvalue())
    begins = raw.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    raw[begins : begins + 12] = b"\xff" * 12
    return bytes(raw)


def locked_workbook() -> bytes:
    """Make an archive that says it needs a password."""
    raw = bytearray(damaged_workbook())
    for begins in (6, raw.index(b"PK\x01\x02") + 8):
        raw[begins] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("p.json", b'{"pack": "a",\n "pack": "b"}', "p.json: The key “pack” appears twice."),
        ("p.json", b"{\n nothing}", "p.json:2: The file is not readable JSON"),
        ("p.json", b"[1]", "p.json:1: The file must hold keys and their values at its top."),
        ("p.json", b'{"a": "\xff"}', "p.json:1: The file is not UTF-8: byte 8 cannot be read."),
        ("p.json", b"[" * 200_000, "p.json: The file is nested too deeply."),
        ("p.json", b'{"a":' * 900 + b"1" + b"}" * 900, "p.json: The file is nested too deeply."),
        ("p.yaml", b"pack: [", "p.yaml:"),
        ("p.xlsx", b"no workbook", "p.xlsx: The file is not a readable XLSX workbook"),
        ("p.xlsx", damaged_workbook(), "p.xlsx: The file is not a readable XLSX workbook"),
        ("p.xlsx", locked_workbook(), "p.xlsx: The file is not a readable XLSX workbook"),
        ("p.yaml", b"a" * (LARGEST_FILE + 1), "p.yaml: The file is larger than 5 MB"),
    ],
)
def test_what_is_no_pack_at_all_is_said_in_words(
    tmp_path: Path, name: str, raw: bytes, *, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)

    assert refusal(path)[0].startswith(words)


def test_half_a_letter_in_json_is_named_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_text(json.dumps(change(make_pack(), "items.31", "\ud83d")), encoding="utf-8")

    assert any("U+D83D" in line for line in complaints(path))


def test_text_comes_back_from_the_stored_form_exactly(tmp_path: Path) -> None:
    strange = "a : b # « c » \\ \" ' \n– [x] {y} & * ! % @ ` 1:30 no 2026-11-22"
    pack = read_pack_file(write_pack(tmp_path, change(make_pack(), "items.31", strange), "json"))

    assert _read_again(pack, tmp_path).definition.data["items"]["31"] == strange


def test_runs_and_escapes_of_a_workbook_are_one_text(tmp_path: Path) -> None:
    raw = io.BytesIO(write_pack(tmp_path, make_pack(), "xlsx").read_bytes())
    with zipfile.ZipFile(raw) as book:
        strings = book.read("xl/sharedStrings.xml").decode()
    old = "<t>Énoncé d’essai numéro 31 ?</t>"
    assert old in strings
    runs = "<r><t>Énoncé </t></r><r><rPr><b/></rPr><t>en gras_x0041_</t></r><rPh><t>lu</t></rPh>"

    path = _workbook_with(tmp_path, "xl/sharedStrings.xml", strings.replace(old, runs).encode())

    assert read_pack_file(path).definition.data["items"]["31"] == "Énoncé en grasA"


def _read_again(pack: PackFile, folder: Path) -> PackFile:
    """Read the text that would be stored."""
    path = folder / "stored.yaml"
    path.write_text(pack.definition.text, encoding="utf-8", newline="")
    return read_pack_file(path)
