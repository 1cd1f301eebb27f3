"""Every page of the staff leads to the help about it, and that is there for every role."""

import re

import pytest
from flask import Flask
from staff_world import StaffWorld, sign_in

from pro_app.services.account_rules import ROLES
from pro_app.web.access import allowed_roles
from pro_app.web.auth.help_topics import TOPICS, find_topic

FACES = ("clinic.", "admin.", "statistician.", "auth.")
OWN = {
    "clinic.tasks": "tasks",
    "clinic.task": "tasks",
    "clinic.participants": "participants",
    "clinic.participant": "record",
    "clinic.trail": "record",
    "clinic.completion": "rates",
    "clinic.new_participant": "enrolment",
    "clinic.paper_entry": "paper",
    "clinic.new_clarification": "corrections",
    "clinic.answers": "corrections",
    "clinic.missing_reason": "missing",
    "clinic.lost_phone": "messages",
    "clinic.choose_event": "events",
    "clinic.confirm_shutting_out": "enrolment",
    "clinic.phones": "enrolment",
    "clinic.new_transfer": "enrolment",
    "clinic.visit_map": "rates",
    "clinic.imports": "paper",
    "admin.sites": "administration",
    "statistician.releases": "data",
    "auth.account": "account",
}


def test_each_page_leads_to_a_subject_that_there_is(app: Flask) -> None:
    pages = [rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith(FACES)]
    assert {find_topic(page) for page in pages} <= set(TOPICS)
    assert {find_topic(page) for page in pages} == set(TOPICS), "a subject that no page leads to"
    assert {page: find_topic(page) for page in OWN} == OWN
    assert set(OWN) <= set(pages)


def test_every_page_of_the_clinic_has_a_subject_of_its_own(app: Flask) -> None:
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("clinic.") and "GET" in (rule.methods or ())
    }
    assert {page for page in pages if find_topic(page) == "start"} == set()


def test_the_pages_that_a_text_leads_to_exist(app: Flask) -> None:
    linked = {endpoint for topic in TOPICS.values() for endpoint, _label in topic.links}
    assert {endpoint for endpoint in linked if allowed_roles(app, endpoint) is None} == set()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_one_click_to_the_help_and_no_link_that_it_may_not_follow(
    app: Flask, world: StaffWorld, role: str
) -> None:
    client = app.test_client()
    assert world.account_ids[role]
    assert sign_in(client, role) == 302
    first = client.get("/staff/account")
    found = re.search(r'href="(/staff/help/\w+)" target="_blank"', first.text)
    assert found is not None
    for topic in TOPICS:
        page = client.get(f"/staff/help/{topic}")
        assert page.status_code == 200
        links = re.search(r'<ul class="help-links">(.*?)</ul>', page.text, re.DOTALL)
        for link in re.findall(r'href="([^"]+)"', links[1] if links else ""):
            assert client.get(link).status_code == 200, (topic, link)
    assert client.get("/staff/help/nothing").status_code == 404
