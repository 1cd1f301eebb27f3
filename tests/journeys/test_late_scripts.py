"""A script that comes late: what was tapped before it is taken up, and nothing is promised meanwhile."""

import re
import threading

from journey_world import Installation
from journeys.offline_phone import RECEIVED, open_phone
from playwright.sync_api import Route, expect
from sqlalchemy import select

from pro_app.storage.tables.answers import Answer

SCRIPTS = re.compile(r"/static/js/")


def test_an_answer_tapped_before_the_script_came_is_kept_by_it(installation: Installation) -> None:
    late = threading.Event()
    held: list[Route] = []
    with open_phone(installation, ready=False, service_workers="block") as phone:
        page, patient = phone.page, phone.patient
        page.wait_for_load_state("networkidle")
        page.route(SCRIPTS, lambda route: route.continue_() if late.is_set() else held.append(route))
        page.goto(page.url, wait_until="commit")
        patient.option("3").check()
        expect(page.get_by_text(RECEIVED)).to_be_hidden()
        late.set()
        for route in held:
            route.continue_()
        expect(page.get_by_text(RECEIVED)).to_be_visible()
        patient.tap("Suivant")
        patient.find_item(2)
        assert phone.stored() == {1: [3]}


def test_an_answer_that_a_plain_form_takes_as_the_script_comes_is_one(installation: Installation) -> None:
    with open_phone(installation, ready=False) as phone:
        page = phone.page
        page.wait_for_load_state("networkidle")
        page_id = page.locator("[name=page_id]").input_value()
        named = page.evaluate(
            "async (page) => (await import(document.querySelector('[rel=modulepreload]').href))"
            ".nameWithin(page, '1:answered:3')",
            page_id,
        )
        page.evaluate(
            """() => fetch(location.pathname, {
              method: "POST",
              redirect: "manual",
              body: new URLSearchParams([...new FormData(document.forms["answer-form"]), ["answer", "3"]]),
            })"""
        )
        assert phone.stored() == {1: [3]}
        with installation.database.reading() as session:
            assert session.scalar(select(Answer.operation_id).where(Answer.operation_id == named)) == named
