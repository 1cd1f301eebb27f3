import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from amendment_world import drop_visit, move_visit, write_version
from builders import enrol, randomise, staff_actor
from conftest import NOW, TEST_SECRET
from flask import Flask
from flask.testing import FlaskClient
from staff_world import SYSTEM, StaffWorld, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.audit.actor import Actor
from pro_app.contacts.vault import ContactVault
from pro_app.services.amendments.overview import describe_versions
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.services.studies import load_study
from pro_app.storage.database import Database

PAGE = "/admin/amendments/1.1"


@pytest.fixture
def nurse(world: StaffWorld) -> Actor:
    return staff_actor(
        "nurse", study_id=world.study_id, site_id=world.site_id, account_id=world.account_ids["nurse"]
    )


@pytest.fixture
def participant_id(app: Flask, database: Database, *, world: StaffWorld, nurse: Actor) -> int:
    """Enrol and randomise a participant, whose code is 15-77."""
    vault: ContactVault = app.extensions["pro_app"].vault
    assert TEST_SECRET
    changes = {"site_id": world.site_id, "participant_code": "15-77"}
    key = enrol(database, vault, actor=nurse, now=NOW, **changes)  # type: ignore[arg-type]  # a test's own keywords
    randomise(database, key, on=NOW.date(), actor=nurse, now=NOW)
    return key


@pytest.fixture
def amended(database: Database, participant_id: int, tmp_path: Path) -> int:
    """Load a further version, in which the visit of month 3 is a month later; gives the participant."""
    path = write_version(tmp_path, "1.1", move_visit("M03", months=4), drop_visit("Y5"))
    with database.writing() as session:
        load_study(session, protocol_path=path, actor=SYSTEM, now=NOW + timedelta(minutes=5))
    return participant_id


@pytest.fixture
def coordinator(app: Flask, world: StaffWorld) -> FlaskClient:
    assert world
    client = app.test_client()
    sign_in(client, "coordinator")
    return client


def fingerprint(page: str) -> str:
    found = re.search(r'name="fingerprint" type="hidden" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def confirm(client: FlaskClient, **changes: str) -> TestResponse:
    """Send the form of the page as it stands, with `changes`."""
    data = {
        "csrf_token": csrf_token(client, "/staff/account"),
        "fingerprint": fingerprint(client.get(PAGE).text),
        "reason": "Amendement 2, avis favorable",
        "typed": "1.1",
    }
    return client.post(PAGE, data=data | changes)


def versions(database: Database, world: StaffWorld) -> dict[str, int]:
    with database.reading() as session:
        overview = describe_versions(session, study_id=world.study_id)
    return {line.adopted.version: line.participants for line in overview.versions}


@pytest.mark.parametrize(
    ("username", "reads", "applies"),
    [
        ("administrator", True, True),
        ("coordinator", True, True),
        ("monitor", True, False),
        ("nurse", False, False),
        ("investigator", False, False),
        ("statistician", False, False),
    ],
)
def test_who_reads_and_who_applies(
    app: Flask, amended: int, *, username: str, reads: bool, applies: bool
) -> None:
    assert amended
    client = app.test_client()
    sign_in(client, username)

    seen = [client.get(path).status_code for path in ("/admin/amendments", PAGE)]
    token = csrf_token(client, "/staff/account")
    sent = client.post(PAGE, data={"csrf_token": token}).status_code

    assert seen == [200 if reads else 404] * 2
    assert sent == (400 if applies else 404)
    assert ('name="reason"' in client.get(PAGE).text) == applies


def test_the_page_says_what_a_version_changes_for_whom(coordinator: FlaskClient, amended: int) -> None:
    assert amended
    page = coordinator.get(PAGE).text

    assert "15-77" in page
    assert "person-" not in page  # no contact
    assert page.count("<details") == 2  # the site, and the participant
    # Three months after 2 September, give or take 14 days, and four months.
    words = re.sub(r"[\u2009\u202f\xa0 ]+", " ", page)
    assert "18 nov. – 16 déc. 2026" in words
    assert "19 déc. 2026 – 16 janv. 2027" in words


def test_a_version_is_applied_after_typing_it_and_saying_why(
    coordinator: FlaskClient, amended: int, database: Database, *, world: StaffWorld
) -> None:
    assert amended

    answer = confirm(coordinator)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/amendments")
    assert versions(database, world) == {"1.0": 0, "1.1": 1}
    assert "Amendement 2, avis favorable" in coordinator.get("/admin/amendments").text
    assert 'name="reason"' not in coordinator.get(PAGE).text


@pytest.mark.parametrize(
    "changes", [{"typed": "1.0"}, {"typed": ""}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 501}]
)
def test_nothing_is_applied_without_a_reason_and_the_version(
    coordinator: FlaskClient, amended: int, database: Database, *, world: StaffWorld, changes: dict[str, str]
) -> None:
    assert amended

    answer = confirm(coordinator, **changes)

    assert answer.status_code == 400
    assert f'id="{next(iter(changes))}-error"' in answer.text
    assert versions(database, world) == {"1.0": 1, "1.1": 0}


def test_what_was_recorded_since_is_shown_and_nothing_applied(
    coordinator: FlaskClient, amended: int, database: Database, *, world: StaffWorld, nurse: Actor
) -> None:
    seen = fingerprint(coordinator.get(PAGE).text)
    with database.writing() as session:
        record_event(
            session,
            participant_id=amended,
            kind="treatment_ended",
            occurred_on=NOW.date(),
            details={},
            actor=nurse,
            now=NOW,
        )

    answer = confirm(coordinator, fingerprint=seen)

    assert answer.status_code == 409
    assert fingerprint(answer.text) != seen
    assert "Amendement 2, avis favorable" in answer.text  # what was typed is not lost
    assert versions(database, world) == {"1.0": 1, "1.1": 0}


def test_only_the_sites_chosen_are_looked_at_and_changed(
    coordinator: FlaskClient, amended: int, database: Database, *, world: StaffWorld
) -> None:
    assert amended
    chosen = coordinator.get(f"{PAGE}?site={world.site_id}").text

    answer = confirm(coordinator, fingerprint=fingerprint(chosen), site=str(world.site_id))

    assert answer.status_code == 303
    assert versions(database, world) == {"1.0": 0, "1.1": 1}


@pytest.mark.parametrize(
    "path",
    [
        "/admin/amendments/9.9",
        f"{PAGE}?site=999999",
        f"{PAGE}?site=x",
        f"{PAGE}?site=-1",
        f"{PAGE}?site=99999999999999999999",
    ],
)
def test_an_unknown_version_or_site_is_no_page(coordinator: FlaskClient, amended: int, path: str) -> None:
    assert amended
    assert coordinator.get(path).status_code == 404


def test_the_only_version_has_nothing_to_change(coordinator: FlaskClient, participant_id: int) -> None:
    assert participant_id
    assert coordinator.get("/admin/amendments").status_code == 200
    assert 'name="reason"' not in coordinator.get("/admin/amendments/1.0").text


def test_the_moments_are_written_in_the_zone_of_the_study_without_seconds(
    coordinator: FlaskClient, amended: int
) -> None:
    assert amended
    confirm(coordinator)
    page = coordinator.get("/admin/amendments").text
    local = NOW.astimezone(ZoneInfo("Europe/Paris"))
    assert page.count(f"{local:%H:%M}") >= 2  # loaded, and applied
    assert f"{local:%H:%M:}" not in page
    assert "UTC" not in page


def test_who_is_not_under_the_version_of_the_site_is_named_with_a_way_to_apply_it(
    app: Flask, coordinator: FlaskClient, amended: int, *, database: Database, world: StaffWorld, nurse: Actor
) -> None:
    later = NOW + timedelta(minutes=7)
    with database.writing() as session:
        died = record_event(
            session,
            participant_id=amended,
            kind="died",
            occurred_on=NOW.date(),
            details={},
            actor=nurse,
            now=later,
        )
        died_id = died.id
    confirm(coordinator)
    assert versions(database, world) == {"1.0": 1, "1.1": 0}
    assert "15-77" not in coordinator.get("/admin/amendments").text
    with database.writing() as session:
        correct_event(session, died_id, Correction("a mix-up"), actor=nurse, now=later)

    address = f"/admin/amendments/1.1?site={world.site_id}"
    nurses = app.test_client()
    sign_in(nurses, "nurse")
    record = f"/clinic/participants/{amended}"
    assert "15-77" in coordinator.get("/admin/amendments").text
    assert address in coordinator.get("/admin/amendments").text
    assert address in coordinator.get(record).text
    assert "notice-attention" in nurses.get(record).text
    assert address not in nurses.get(record).text

    assert 'name="reason"' in coordinator.get(address).text
    confirm(coordinator)
    assert versions(database, world) == {"1.0": 0, "1.1": 1}
    assert "15-77" not in coordinator.get("/admin/amendments").text
    assert "notice-attention" not in nurses.get(record).text
