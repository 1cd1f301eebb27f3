"""The page of an amendment of a whole trial: figures first, long lists folded, sites not to be confused."""

import re
from datetime import date
from pathlib import Path

import pytest
from amendment_world import drop_visit, load_version, write_version
from clinic_browser import StaffBrowser, sign_in
from clinic_world import Clinic
from conftest import NOW
from flask import Flask

PAGE = "/admin/amendments/1.1"


def open_page(app: Flask, clinic: Clinic, folder: Path, *, answered: int) -> str:
    """Let some participants answer month 3, load a version without it and open its page."""
    for number in range(1, answered + 1):
        key = clinic.enrol(date(2025, 7, 1), participant_code=f"15-{number:03}")
        clinic.record(key, "randomised", date(2025, 7, 8), arm="LUTATHERA")
        clinic.record(key, "treatment_ended", date(2025, 10, 20))
        clinic.answer(key, "M03", date(2026, 1, 20))
    load_version(clinic, write_version(folder, "1.1", drop_visit("M03")), at=NOW)
    coordinator: StaffBrowser = sign_in(app, 2)
    return coordinator.get(PAGE).text


@pytest.mark.parametrize(("answered", "folded"), [(5, False), (6, True)])
def test_a_long_list_stands_after_the_figures_and_is_folded_under_its_number(
    app: Flask, clinic: Clinic, tmp_path: Path, *, answered: int, folded: bool
) -> None:
    page = open_page(app, clinic, tmp_path, answered=answered)
    notice = re.search(r'class="notice notice-attention".*?</ul>', page, re.DOTALL)
    assert notice is not None
    assert page.index('class="stat-row"') < notice.start()
    assert notice[0].count("<li>") == answered
    assert ("<details" in notice[0]) == folded
    assert str(answered) in re.sub(r"<ul>.*", "", notice[0], flags=re.DOTALL)


def test_what_becomes_of_a_visit_has_the_words_of_the_preview_of_an_event(
    app: Flask, clinic: Clinic, tmp_path: Path
) -> None:
    key = clinic.enrol(date(2026, 1, 5))
    clinic.record(key, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    page = open_page(app, clinic, tmp_path, answered=0)
    of_event = sign_in(app, 0).post(
        f"/clinic/participants/{key}/events/new",
        kind="treatment_ended",
        occurred_on="2026-03-01",
        step="save",
    )
    words = [
        re.findall(r"<td class=\"nowrap\"><strong>([^<]+)</strong>", text) for text in (page, of_event.text)
    ]
    assert words[0]
    assert "Suppression" in set(words[0]) & set(words[1])


def test_a_site_is_named_with_its_number_and_town(app: Flask, clinic: Clinic, tmp_path: Path) -> None:
    page = open_page(app, clinic, tmp_path, answered=1)
    named = re.findall(r'<label for="site-\d+">([^<]+)</label>', page)
    assert len(named) >= 2
    assert all(re.fullmatch(r"\d\d – .+, .+", name) for name in named)
    assert named[0] in sign_in(app, 2).get("/clinic/tasks").text
