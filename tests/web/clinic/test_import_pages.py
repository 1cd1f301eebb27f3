"""Earlier paper forms on the pages of the clinic: checked, filed or rejected, at the own site alone."""

import base64
import io
import re

import pytest
from clinic_browser import StaffBrowser
from clinic_world import Clinic, noon
from conftest import SettableClock
from paper_world import TYPED_AT, PaperWorld, build_paper_world, make_row, make_table
from werkzeug.test import TestResponse

PAGE = "/clinic/import"


@pytest.fixture
def world(clinic: Clinic, clock: SettableClock) -> PaperWorld:
    """Enrol a patient whose first questionnaire is open."""
    clock.now = noon(TYPED_AT.date())
    return build_paper_world(clinic)


def hand_in(
    browser: StaffBrowser, content: bytes, *, name: str = "papier.csv", **fields: str
) -> TestResponse:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(PAGE).text)
    assert token is not None
    data = {"csrf_token": token[1], "file": (io.BytesIO(content), name), **fields}
    return browser.client.post(PAGE, data=data, content_type="multipart/form-data")


def test_a_table_is_checked_first_and_filed_when_the_tick_is_off(
    nurse: StaffBrowser, world: PaperWorld
) -> None:
    content = make_table(make_row(world))
    tick = re.search(r'<input[^>]*name="only_check"[^>]*>', nurse.get(PAGE).text)
    assert tick is not None
    assert "checked" in tick[0]
    tried = hand_in(nurse, content, only_check="y")
    assert tried.status_code == 200
    assert world.desk().assessment.submitted_at is None

    hand_in(nurse, content)

    assert world.desk().assessment.mode == "paper"
    page = nurse.get(PAGE)
    assert "papier.csv" in page.text


def test_a_rejected_row_is_named_and_can_be_taken_along(nurse: StaffBrowser, world: PaperWorld) -> None:
    page = hand_in(nurse, make_table(make_row(world, c30_1="5")))
    assert "qlq-c30:1" in page.text
    link = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', page.text)
    assert link is not None
    assert "rejected_why" in base64.b64decode(link[1]).decode()
    assert world.desk().assessment.submitted_at is None


def test_the_table_to_fill_in_has_the_own_patients_only(nurse: StaffBrowser, world: PaperWorld) -> None:
    table = nurse.get(f"{PAGE}/table.csv")
    assert world.desk().assessment.participant_code in table.text
    assert table.headers["Content-Disposition"].startswith("attachment")


def test_a_patient_of_another_site_is_one_that_is_not_there(
    other_nurse: StaffBrowser, world: PaperWorld
) -> None:
    code = world.desk().assessment.participant_code
    theirs = hand_in(other_nurse, make_table(make_row(world)))
    nobody = hand_in(other_nurse, make_table(make_row(world, participant_code="99-999")))
    assert _without_links(theirs.text).replace(code, "99-999") == _without_links(nobody.text)
    assert code not in other_nurse.get(f"{PAGE}/table.csv").text
    assert world.desk().assessment.submitted_at is None


def _without_links(page: str) -> str:
    """Leave out what differs from one look to the next."""
    page = re.sub(r'name="csrf_token"[^>]*>', "", page)
    page = re.sub(r'href="data:[^"]*"', "", page)
    return re.sub(r"(?s)<section[^>]*aria-labelledby=\"earlier\".*?</section>", "", page)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "fichier"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a;b\n1;2\n", "participant_code"),
        (b"participant_code;visit_code;source_on;respondent\n", "ligne"),
        (b"PK\x03\x04 no workbook", "XLSX"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_beside_the_field(
    nurse: StaffBrowser, world: PaperWorld, *, content: bytes, says: str
) -> None:
    page = hand_in(nurse, content)
    assert page.status_code == 400
    assert says in page.text
    assert world.desk().assessment.submitted_at is None


def test_coordinators_and_monitors_have_no_such_page(
    coordinator: StaffBrowser, monitor: StaffBrowser, world: PaperWorld
) -> None:
    assert world.participant_id
    assert [browser.get(PAGE).status_code for browser in (coordinator, monitor)] == [404, 404]
