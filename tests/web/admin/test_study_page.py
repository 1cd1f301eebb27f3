import re

from flask import Flask
from flask.testing import FlaskClient
from staff_world import EARLIER, StaffWorld, sign_in

from pro_app.services.second_factors.setting_up import add_second_factor
from pro_app.storage.database import Database

PAGES = {
    "/admin/study/production",
    "/admin/amendments",
    "/admin/wording",
    "/clinic/message-texts",
    "/admin/",
    "/admin/accounts",
}


def open_page(app: Flask, role: str) -> tuple[int, str]:
    client: FlaskClient = app.test_client()
    sign_in(client, role)
    answer = client.get("/admin/study")
    return answer.status_code, answer.text.split("<main")[-1].split("</main>")[0]


def links(text: str) -> set[str]:
    return {link for link in re.findall(r'href="([^"]+)"', text) if link in PAGES}


def test_those_who_run_the_study_come_from_here_to_each_of_its_parts(app: Flask, world: StaffWorld) -> None:
    assert world
    for role in ("administrator", "coordinator"):
        status, text = open_page(app, role)
        assert status == 200
        assert links(text) == PAGES


def test_monitors_and_inspectors_see_how_it_stands_and_open_what_is_theirs(
    app: Flask, world: StaffWorld
) -> None:
    assert world
    for role in ("monitor", "inspector"):
        status, text = open_page(app, role)
        assert status == 200
        assert links(text) == {"/admin/amendments", "/admin/wording", "/clinic/message-texts"}
        assert "<form" not in text


def test_nobody_else_finds_the_page(app: Flask, world: StaffWorld) -> None:
    assert world
    for role in ("nurse", "investigator", "statistician"):
        assert open_page(app, role)[0] == 404


def test_the_page_counts_and_names_no_person(app: Flask, database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        add_second_factor(session, world.account_ids["nurse"], sealed=b"x", last_step=0, now=EARLIER)
    text = open_page(app, "coordinator")[1]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert re.search(rf"\b{len(world.account_ids)} ", said)
    assert re.search(rf"\b{len(world.account_ids) - 1} ", said)
    for name in ("Nurse", "Investigator", "Statistician"):
        assert name not in text
