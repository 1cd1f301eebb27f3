"""Form, preview, confirmation: nothing is recorded unseen, and everything can be undone."""

import re
from datetime import date

import pytest
from clinic_browser import StaffBrowser, seen_on
from clinic_world import Clinic
from database_copies import read_rows
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.storage.tables.events import ParticipantEvent

TODAY = date(2026, 3, 2)
ENDED = {"kind": "treatment_ended", "occurred_on": "2026-03-01"}


def start(clinic: Clinic) -> int:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.answer(participant_id, "BASELINE", date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    return participant_id


def address(participant_id: int) -> str:
    return f"/clinic/participants/{participant_id}/events/new"


def entries(clinic: Clinic) -> list[tuple[str, date, str | None]]:
    """Give what is recorded after the randomisation: kind, day, and why it was corrected."""
    with clinic.database.reading() as session:
        rows = session.scalars(select(ParticipantEvent).order_by(ParticipantEvent.id)).all()
    return [(row.kind, row.occurred_on, row.correction_reason) for row in rows[2:]]


def undo_link(page: str) -> str:
    link = re.search(r'href="(/clinic/participants/\d+/events/\d+/undo)"', page)
    assert link is not None
    return link[1]


def fields_on(page: str) -> dict[str, str]:
    """Give the hidden fields of the form on a page."""
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: value for name, value in pairs if name != "csrf_token"}


def test_the_preview_shows_calendar_messages_and_rates_and_records_nothing(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = start(clinic)
    page = nurse.post(address(participant_id), **ENDED, step="save")
    assert page.status_code == 200
    assert entries(clinic) == []
    assert "18 mai – 15 juin 2026" in re.sub(r"\s", " ", page.text)
    assert '<td class="nowrap">12</td><td class="nowrap"><strong>9</strong></td>' in page.text
    assert page.text.count("<table") == 3


def test_only_what_was_seen_is_recorded(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = start(clinic)
    page = nurse.post(address(participant_id), **ENDED, step="save")
    other_day = ENDED | {"occurred_on": "2026-02-28"}
    for said, seen in ((other_day, seen_on(page)), (ENDED, "made-up"), (ENDED, "")):
        shown = nurse.post(address(participant_id), **said, step="confirm", seen=seen)
        assert shown.status_code == 409
        assert "notice-attention" in shown.text
    assert entries(clinic) == []
    nurse.post(
        address(participant_id),
        **other_day,
        step="confirm",
        seen=seen_on(shown_for(nurse, participant_id, other_day)),
    )
    assert entries(clinic) == [("treatment_ended", date(2026, 2, 28), None)]


def shown_for(nurse: StaffBrowser, participant_id: int, said: dict[str, str]) -> TestResponse:
    return nurse.post(address(participant_id), **said, step="save")


def test_what_changed_between_preview_and_confirmation_is_shown_anew(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = start(clinic)
    page = nurse.post(address(participant_id), **ENDED, step="save")
    clinic.answer(participant_id, "W08", TODAY, submit=False)
    before = read_rows(clinic.database).tables
    shown = nurse.post(address(participant_id), **ENDED, step="confirm", seen=seen_on(page))
    assert shown.status_code == 409
    assert "notice-attention" in shown.text
    after = read_rows(clinic.database).tables
    # Nothing but the sign of life of the session may differ.
    kept = [(table.name, rows) for table, rows in before if "session" not in table.name]
    assert [(table.name, rows) for table, rows in after if "session" not in table.name] == kept
    done = nurse.post(address(participant_id), **ENDED, step="confirm", seen=seen_on(shown))
    assert done.request.path == f"/clinic/participants/{participant_id}"
    assert len(entries(clinic)) == 1


def test_the_way_back_to_the_form_keeps_what_was_said(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = start(clinic)
    form = nurse.post(address(participant_id), **ENDED, step="edit")
    assert 'value="2026-03-01"' in form.text
    assert 'name="seen"' not in form.text
    assert entries(clinic) == []


def test_what_was_recorded_is_undone_and_that_is_undone_again(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = start(clinic)
    before = clinic.assessments(participant_id)["M03"].target_on
    page = nurse.post(address(participant_id), **ENDED, step="save")
    done = nurse.post(address(participant_id), **ENDED, step="confirm", seen=seen_on(page))
    moved = clinic.assessments(participant_id)["M03"].target_on
    assert moved != before

    undo = nurse.get(undo_link(done.text))
    prefilled = re.search(r"<textarea[^>]*>\s*([^<]+)</textarea>", undo.text)
    assert prefilled is not None
    assert prefilled[1].strip()
    assert len(entries(clinic)) == 1
    action = re.search(r'<form class="stack" method="post" action="([^"]+)"', undo.text)
    assert action is not None
    nothing_said = nurse.post(action[1], **fields_on(undo.text), step="confirm", reason=" ")
    assert nothing_said.status_code == 400
    assert 'id="reason-error"' in nothing_said.text
    assert len(entries(clinic)) == 1
    taken_back = nurse.post(action[1], **fields_on(nothing_said.text), step="confirm", reason="autre dossier")
    assert entries(clinic)[1] == ("treatment_ended", date(2026, 3, 1), "autre dossier")
    assert clinic.assessments(participant_id)["M03"].target_on == before

    again = nurse.get(undo_link(taken_back.text))
    action = re.search(r'<form class="stack" method="post" action="([^"]+)"', again.text)
    assert action is not None
    nurse.post(
        action[1],
        **fields_on(again.text),
        step="confirm",
        page=f"/clinic/participants/{participant_id}/events/new",
    )
    assert len(entries(clinic)) == 3
    assert clinic.assessments(participant_id)["M03"].target_on == moved


def test_a_correction_is_undone_by_the_earlier_words(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = start(clinic)
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 2, 27))
    form = f"/clinic/participants/{participant_id}/events/{event_id}"
    said = {"occurred_on": "2026-03-01", "reason": "mal lu"}
    done = nurse.post(form, **said, step="confirm", seen=seen_on(nurse.post(form, **said)))
    undo = nurse.get(undo_link(done.text))
    assert fields_on(undo.text)["occurred_on"] == "2026-02-27"
    action = re.search(r'<form class="stack" method="post" action="([^"]+)"', undo.text)
    assert action is not None
    nurse.post(action[1], **fields_on(undo.text), step="confirm", reason="la première date était juste")
    assert [entry[1] for entry in entries(clinic)] == [date(2026, 2, 27), date(2026, 3, 1), date(2026, 2, 27)]


def test_undoing_what_something_else_rests_on_is_explained(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    event_id = clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    clinic.record(participant_id, "treatment_ended", date(2026, 2, 27))
    page = nurse.get(f"/clinic/participants/{participant_id}/events/{event_id}/undo")
    assert page.request.path == f"/clinic/participants/{participant_id}"
    assert "notice-attention" in page.text


def test_what_another_person_saw_is_not_what_i_saw(
    clinic: Clinic, nurse: StaffBrowser, other_nurse: StaffBrowser
) -> None:
    participant_id = start(clinic)
    page = nurse.post(address(participant_id), **ENDED, step="save")
    assert (
        other_nurse.post(
            address(participant_id), page="/clinic/", **ENDED, step="confirm", seen=seen_on(page)
        ).status_code
        == 404
    )
    assert entries(clinic) == []


@pytest.mark.parametrize("step", ["save", "confirm"])
def test_no_address_of_a_preview_says_what_happened(clinic: Clinic, nurse: StaffBrowser, step: str) -> None:
    participant_id = start(clinic)
    page = nurse.post(address(participant_id), kind="died", occurred_on="2026-03-01", step=step, seen="")
    links = re.findall(r'(?:href|action)="([^"]+)"', page.text)
    words = {word for link in links for word in re.split(r"[/?&=#]", link)}
    assert "clinic" in words
    assert not words & {"died", "treatment_ended", "seen", "2026-03-01"}
