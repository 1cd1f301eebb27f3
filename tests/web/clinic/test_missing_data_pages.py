import csv
import io
import re
from dataclasses import dataclass

import polars as pl
import pytest
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic, noon
from conftest import SettableClock
from flask import Flask
from missing_data_world import LOOKED_ON, fill_two_sites
from sqlalchemy import update

from pro_app.services.site_tasks import list_tasks_of_sites
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

MAP, TREND, COMING, REPORTS = (
    "/clinic/completion/map",
    "/clinic/completion/trend",
    "/clinic/coming",
    "/clinic/reports",
)
PAGES = (MAP, TREND, COMING, REPORTS)
NURSE, OTHER_NURSE, COORDINATOR, MONITOR = range(4)
NO_SITE = 999_999
FIRST_SITE_CODE, OTHER_SITE_CODE = "15-00", "16-00"


@dataclass(frozen=True)
class Morning:
    """Two filled sites on the day they are looked at, and everybody at a browser."""

    clinic: Clinic
    browsers: tuple[StaffBrowser, ...]

    def __getitem__(self, who: int) -> StaffBrowser:
        return self.browsers[who]


@pytest.fixture
def morning(app: Flask, clinic: Clinic, clock: SettableClock) -> Morning:
    fill_two_sites(clinic)
    clock.now = noon(LOOKED_ON)
    return Morning(clinic, tuple(sign_in(app, who) for who in (NURSE, OTHER_NURSE, COORDINATOR, MONITOR)))


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_page_shows_the_own_site_to_a_nurse_and_every_site_to_those_of_all(morning: Morning) -> None:
    for page in (MAP, COMING):
        own, theirs = morning[NURSE].get(page).text, morning[OTHER_NURSE].get(page).text
        assert FIRST_SITE_CODE in own
        assert OTHER_SITE_CODE not in own
        assert OTHER_SITE_CODE in theirs
        assert FIRST_SITE_CODE not in theirs
        for who in (COORDINATOR, MONITOR):
            everything = morning[who].get(page).text
            assert FIRST_SITE_CODE in everything
            assert OTHER_SITE_CODE in everything
            narrowed = morning[who].get(f"{page}?site={morning.clinic.other_site_id}").text
            assert FIRST_SITE_CODE not in narrowed


@pytest.mark.parametrize("page", [*PAGES, f"{TREND}.csv"])
def test_another_site_is_exactly_a_missing_one(morning: Morning, page: str) -> None:
    theirs = morning[NURSE].get(f"{page}?site={morning.clinic.other_site_id}")
    missing = morning[NURSE].get(f"{page}?site={NO_SITE}")
    assert (theirs.status_code, theirs.text) == (404, missing.text)


@pytest.mark.parametrize("ending", ["2026-03", "2026-03.csv", "2026-13", "march"])
def test_the_report_of_another_site_is_exactly_a_missing_one(morning: Morning, ending: str) -> None:
    theirs = morning[NURSE].get(f"{REPORTS}/{morning.clinic.other_site_id}/{ending}")
    missing = morning[NURSE].get(f"{REPORTS}/{NO_SITE}/{ending}")
    assert (theirs.status_code, theirs.text) == (404, missing.text)


def test_all_of_them_lie_below_the_response_rate_in_the_menu(morning: Morning) -> None:
    for page in (*PAGES, f"{REPORTS}/{morning.clinic.site_id}/2026-06"):
        text = morning[NURSE].get(page).text
        menu = text[text.index("<nav") : text.index("</nav>")]
        assert re.findall(r'href="([^"]+)" aria-current="page"', menu) == ["/clinic/completion"]


def test_a_month_that_is_none_or_not_begun_is_a_missing_page(morning: Morning) -> None:
    own = f"{REPORTS}/{morning.clinic.site_id}"
    assert morning[NURSE].get(f"{own}/2026-06").status_code == 200
    for month in ("2026-07", "2026-6", "2026-00", "juin", "2026-06-01"):
        assert morning[NURSE].get(f"{own}/{month}").status_code == 404


def test_every_square_says_its_state_by_letter_and_word_and_leads_to_the_record(morning: Morning) -> None:
    page = morning[NURSE].get(MAP).text
    cells = re.findall(
        r'<a class="heat-cell state-(\w+)" href="(/clinic/participants/\d+)">'
        r'<span aria-hidden="true">(.)</span>'
        r'<span class="heat-tip"><b>([^<]+), ([^<]+)</b><br>([^<]+)</span>',
        page,
    )
    assert len(cells) == page.count("heat-cell")
    assert {letter for _, _, letter, *_ in cells} >= {"R", "M", "I", "A", "N", "·"}
    assert {word for *_, word, _ in cells} >= {"reçu", "manquant", "incomplet"}
    for link in {link for _, link, *_ in cells}:
        assert morning[NURSE].get(link).status_code == 200


def test_the_legend_counts_and_narrows_the_map(morning: Morning) -> None:
    page = morning[NURSE].get(MAP).text
    legend = dict(re.findall(r'class="chip state-(\w+)" href="[^"]*".*?<span class="number">(\d+)<', page))
    for state, number in legend.items():
        assert len(re.findall(rf'heat-cell state-{state}"', page)) == int(number)
    narrowed = morning[NURSE].get(f"{MAP}?state=incomplete").text
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", narrowed, re.DOTALL)
    assert rows
    assert all("state-incomplete" in row for row in rows)
    assert "state-missed is-dimmed" in narrowed
    assert morning[NURSE].get(f"{MAP}?state=nonsense&page=99").text.count("heat-cell") == page.count(
        "heat-cell"
    )


def test_the_trend_is_a_named_picture_with_its_numbers_beside_and_as_a_file(morning: Morning) -> None:
    page = morning[COORDINATOR].get(TREND).text
    assert re.search(r'<svg[^>]*role="img"[^>]*aria-labelledby="trend-title trend-desc"', page)
    rows = read_csv(morning[COORDINATOR].get(f"{TREND}.csv").text)
    assert [row["month"] for row in rows] == sorted({row["month"] for row in rows})
    last = rows[-1]
    assert int(last["expected_six_months"]) == sum(int(row["expected"]) for row in rows[-6:])
    shown = f"{100 * float(last['completion_rate_six_months']):.1f}".replace(".", ",")
    assert shown in page
    frame = pl.read_csv(io.StringIO(morning[COORDINATOR].get(f"{TREND}.csv").text))
    assert frame["completed"].sum() == sum(int(row["completed"]) for row in rows)


def test_every_number_of_the_weeks_leads_to_its_list(morning: Morning) -> None:
    page = morning[COORDINATOR].get(f"{COMING}?weeks=12").text.replace("&amp;", "&")
    links = re.findall(r'href="(/clinic/coming\?[^"]*week=[^"]*)#forms">(\d+)<', page)
    assert links
    for link, number in links:
        listed = re.findall(r'class="row-link"', morning[COORDINATOR].get(link).text)
        assert len(listed) == int(number)
    assert (
        morning[COORDINATOR].get(f"{COMING}?weeks=99&week=nonsense&what=nonsense&page=77").status_code == 200
    )


def test_a_day_far_away_is_an_empty_week_and_says_so(morning: Morning) -> None:
    assert "empty-state" in morning[NURSE].get(f"{COMING}?week=2031-01-06").text


def test_the_report_as_a_file_holds_the_numbers_of_its_page(morning: Morning) -> None:
    address = f"{REPORTS}/{morning.clinic.site_id}/2026-06"
    page, rows = morning[NURSE].get(address).text, read_csv(morning[NURSE].get(f"{address}.csv").text)
    assert {row["site"] for row in rows} == {"15"}
    assert {row["month"] for row in rows} == {"2026-06"}
    so_far = {
        row["code"]: row["value"]
        for row in rows
        if (row["section"], row["measure"]) == ("so_far", "completion_rate")
    }
    rates = morning[NURSE].get("/clinic/completion").text
    for rate in so_far.values():
        shown = f"<b>{100 * float(rate):.1f}".replace(".", ",")
        assert shown in page
        assert shown in rates
    assert so_far
    expected = sum(
        int(row["value"]) for row in rows if (row["section"], row["measure"]) == ("month", "expected")
    )
    listed = morning[NURSE].get(REPORTS).text
    of_june = re.search(r'row-link" href="[^"]*/2026-06">.*?<td class="number">(\d+)</td>', listed, re.DOTALL)
    assert of_june is not None
    assert int(of_june[1]) == expected > 0


def test_what_the_site_recorded_about_a_call_is_in_its_report_and_nobody_is_named(morning: Morning) -> None:
    clinic, now = morning.clinic, noon(LOOKED_ON)
    with clinic.writing() as session:
        tasks = list_tasks_of_sites(session, site_ids=None, actor=clinic.nurse, language="fr", now=now)
        call = next(line for line in tasks if line.task.kind == "call")
        record_task(session, call.task.task_key, said=TaskSaid("not_reached"), actor=clinic.nurse, now=now)
    address = f"{REPORTS}/{clinic.site_id}/2026-06"
    numbers = {
        (row["section"], row["code"], row["measure"]): row["value"]
        for row in read_csv(morning[NURSE].get(f"{address}.csv").text)
    }
    assert numbers["acts", "call", "not_reached"] == "1"
    page = morning[NURSE].get(address).text
    for text in (page, morning[NURSE].get(f"{address}.csv").text):
        assert FIRST_SITE_CODE not in text
        assert "/clinic/participants/" not in text
        assert "@example.fr" not in text
    other = f"{REPORTS}/{clinic.other_site_id}/2026-06.csv"
    assert ",acts," not in morning[COORDINATOR].get(other).text


def test_a_name_that_a_spreadsheet_would_take_for_a_formula_is_a_text(morning: Morning) -> None:
    with morning.clinic.writing() as session:
        session.execute(
            update(Site).where(Site.id == morning.clinic.site_id).values(site_code='=HYPERLINK("x")')
        )
    text = morning[COORDINATOR].get(f"{REPORTS}/{morning.clinic.site_id}/2026-06.csv").text
    frame = pl.read_csv(io.StringIO(text), infer_schema_length=None)
    assert set(frame["site"]) == {'\'=HYPERLINK("x")'}
    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in "=+@" and cell]


def test_the_list_of_reports_is_by_month_for_a_site_and_by_site_for_all(morning: Morning) -> None:
    own = morning[NURSE].get(REPORTS).text
    months = re.findall(rf'row-link" href="{REPORTS}/{morning.clinic.site_id}/(\d{{4}}-\d\d)"', own)
    assert months[0] == "2026-06"
    assert months == sorted(months, reverse=True)
    every = morning[COORDINATOR].get(f"{REPORTS}?month=2026-03").text
    assert re.findall(rf'row-link" href="{REPORTS}/(\d+)/2026-03"', every) == [
        str(morning.clinic.site_id),
        str(morning.clinic.other_site_id),
    ]
    for link in re.findall(r'row-link" href="([^"]+)"', own):
        assert morning[NURSE].get(link).status_code == 200


def test_an_empty_clinic_says_what_would_appear(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert clinic.assessments(1) == {}
    for page in (MAP, TREND, COMING):
        assert "empty-state" in nurse.get(page).text
    assert "/clinic/reports/" in nurse.get(REPORTS).text


def test_no_page_and_no_file_says_anything_by_arm(morning: Morning) -> None:
    report = f"{REPORTS}/{morning.clinic.site_id}/2026-06"
    for address in (*PAGES, f"{TREND}.csv", report, f"{report}.csv"):
        text = morning[COORDINATOR].get(address).text.lower()
        assert "lutathera :" not in text
        assert "surveillance active" not in text


def test_a_study_that_has_no_site_yet_has_reports_without_sites(
    app: Flask, clinic: Clinic, clock: SettableClock
) -> None:
    clock.now = noon(LOOKED_ON)
    coordinator = sign_in(app, COORDINATOR)
    with clinic.writing() as session:
        other = Study(study_code="OTHER", title="Another study", mode="production", created_at=clock.now)
        session.add(other)
        session.flush()
        session.execute(update(Site).values(study_id=other.id))
    page = coordinator.get(REPORTS)
    assert page.status_code == 200
    assert FIRST_SITE_CODE not in page.text
