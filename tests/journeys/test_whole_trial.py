"""The whole trial for one participant: from consent to the scores in the statistician's download."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders import PASSWORD
from journey_people import Nurse, Patient, download_dataset, list_wording, sign_in_staff
from journey_world import DESK, PHONE, Installation, new_participant_code, today
from playwright.sync_api import Page, expect

GOLDEN = Path(__file__).parents[1] / "golden" / "scores"
C30_ROW = "84"
"""A complete row of random answers but for one, which the participant declines; every scale is scorable."""
GINET21_ROW = "76"
"""A complete row of random answers, one of them not applicable; every scale is scorable."""
STOP_AFTER = 17
PLANNED_ON_TREATMENT = 3
"""W08, W16 and W24: until the end of treatment is recorded."""


@pytest.fixture
def answers() -> dict[int, str]:
    """Give what to answer to each of the 51 items: a code, N, or nothing for declining it."""
    rows = (_read_golden("c30_items.csv", C30_ROW), _read_golden("ginet21_items.csv", GINET21_ROW))
    given = {int(name[1:]): said for row in rows for name, said in row.items() if re.fullmatch(r"q\d+", name)}
    assert sorted(given) == list(range(1, 52))
    assert list(given.values()).count("") == 1
    assert list(given.values()).count("N") == 1
    return given


def test_what_a_patient_answers_reaches_the_statistician_with_the_scores_of_the_reference(
    installation: Installation, answers: dict[int, str], tmp_path: Path
) -> None:
    code = new_participant_code()
    with installation.open_window(viewport=DESK) as desk:
        sign_in_staff(desk, "nurse", PASSWORD)
        nurse = Nurse(desk)
        nurse.enrol(code, consented_on=today() - timedelta(days=1))
        link = nurse.print_card()
        assert link.startswith(f"{installation.url}/p/activate#")

        receipt_code = _answer_with_a_stop(installation, link, answers)

        nurse.open_record(code)
        nurse.randomise("Lutathera", on=today())
        _check_received(desk, receipt_code)
        _check_no_answers_shown(desk, code)
    with installation.open_window(viewport=DESK, accept_downloads=True) as desk:
        sign_in_staff(desk, "statistician", PASSWORD)
        archive = download_dataset(desk, "Parcours complet", tmp_path)
    _check_items(archive, code, answers)
    _check_scores(archive, code)


def _answer_with_a_stop(installation: Installation, link: str, answers: dict[int, str]) -> str:
    """Answer on a phone, stop after a tap, come back with the PIN alone, send; gives the receipt code."""
    first = {item: said for item, said in answers.items() if item < STOP_AFTER}
    rest = {item: said for item, said in answers.items() if item > STOP_AFTER}
    with installation.open_window(viewport=PHONE, is_mobile=True, has_touch=True) as page:
        patient = Patient(page)
        patient.activate(link)
        patient.start()
        patient.answer_all(first)
        patient.find_item(STOP_AFTER)
        patient.option(answers[STOP_AFTER]).check()
        expect(page.get_by_text("reçu par votre centre")).to_be_visible()
        remembered = [cookie for cookie in page.context.cookies() if cookie["name"] == "device"]
    device = {"cookies": remembered, "origins": []}
    with installation.open_window(
        viewport=PHONE, is_mobile=True, has_touch=True, storage_state=device
    ) as page:
        patient = Patient(page)
        page.goto("/")
        patient.type_pin()
        expect(page.get_by_text(f"{STOP_AFTER} réponses")).to_be_visible()
        patient.start()
        patient.answer_all(rest)
        return patient.send()


def _check_received(desk: Page, receipt_code: str) -> None:
    """See the first questionnaire received, and the visits after the randomisation planned."""
    received = desk.get_by_role("row").filter(has_text=receipt_code)
    expect(received).to_have_count(1)
    expect(received).to_contain_text("reçu")
    assert desk.get_by_role("row").filter(has_text="Semaine").count() == PLANNED_ON_TREATMENT


def _check_no_answers_shown(desk: Page, code: str) -> None:
    """Open every page about this participant: none says what was asked or answered."""
    expect(desk.get_by_role("heading", name=code)).to_be_visible()
    links = desk.get_by_role("main").get_by_role("link").all()
    addresses = {desk.url, "/clinic/completion"} | {str(link.get_attribute("href")) for link in links}
    labels = list_wording()
    assert len(labels) > 51
    for address in sorted(addresses - {"#"}):
        desk.goto(address)
        text = desk.locator("body").inner_text()
        assert not [label for label in labels if label in text], address


def _check_items(archive: Path, code: str, answers: dict[int, str]) -> None:
    """Find all 51 answers in items.csv as they were tapped."""
    states = {"": "declined", "N": "not_applicable"}
    rows = list(_read_table(archive, "items.csv", code))
    said = {int(row["item"]): (row["state"], row["value"]) for row in rows}
    assert len(rows) == len(answers)
    assert said == {
        item: (states.get(answer, "answered"), "" if answer in states else answer)
        for item, answer in answers.items()
    }
    assert {(row["entered_by"], row["mode"]) for row in rows} == {("participant", "own_device")}


def _check_scores(archive: Path, code: str) -> None:
    """Find every scale in scores.csv with the value of the reference."""
    expected = _read_golden("c30_scores.csv", C30_ROW) | _read_golden("ginet21_scores.csv", GINET21_ROW)
    expected["SUMMARY"] = expected.pop("SUMMARY_PROscorer")
    for name in ("id", "case", "TR_2013", "WG_2013"):
        del expected[name]
    scores = {row["scale"]: float(row["value"]) for row in _read_table(archive, "scores.csv", code)}
    assert scores == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-9)


def _read_golden(name: str, row_id: str) -> dict[str, str]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["id"] == row_id)


def _read_table(archive: Path, name: str, code: str) -> Iterator[dict[str, str]]:
    """Read one participant's rows of a table in the downloaded ZIP."""
    with zipfile.ZipFile(archive) as opened:
        inside = next(member for member in opened.namelist() if member.endswith(name))
        text = opened.read(inside).decode("utf-8-sig")
    yield from (row for row in csv.DictReader(io.StringIO(text)) if row["participant_code"] == code)
