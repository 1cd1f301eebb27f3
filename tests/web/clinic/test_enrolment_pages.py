import re
from datetime import date

from clinic_browser import StaffBrowser
from clinic_world import Clinic
from conftest import NOW, TEST_SECRET
from sqlalchemy import func, select

from pro_app.services.participant_sign_in import activate_card
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.participants import Participant

NEW = "/clinic/participants/new"
SAID = {
    "participant_code": "15-001",
    "consented_on": "2026-03-02",
    "notice_version": "2.1",
    "email": "a.dupont@example.fr",
    "telephone": "0612345678",
    "language": "fr",
    "zone": "Europe/Paris",
    "reminder_hour": "10",
}


def count_participants(clinic: Clinic) -> int:
    with clinic.database.reading() as session:
        return session.scalar(select(func.count(Participant.id))) or 0


def test_enrolling_leads_to_the_first_steps(clinic: Clinic, nurse: StaffBrowser) -> None:
    page = nurse.post(NEW, **SAID)
    assert (page.status_code, page.request.path) == (200, "/clinic/participants/1/first-steps")
    assert clinic.assessments(1)["BASELINE"].opens_on == NOW.date()


def test_the_form_sent_twice_leads_to_the_same_participant(clinic: Clinic, nurse: StaffBrowser) -> None:
    first, second = nurse.post(NEW, **SAID), nurse.post(NEW, **SAID)
    assert first.request.path == second.request.path
    assert count_participants(clinic) == 1


def test_every_bad_field_is_marked_at_once_and_what_was_typed_stays(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    bad = SAID | {"consented_on": "2026-02-31", "notice_version": "", "email": "dupont", "telephone": "12"}
    page = nurse.post(NEW, **bad)
    marked = set(re.findall(r'id="(\w+)-error"', page.text))
    assert (page.status_code, marked) == (400, {"consented_on", "notice_version", "email", "telephone"})
    assert 'value="15-001"' in page.text
    assert count_participants(clinic) == 0


def test_a_code_used_before_is_marked_at_its_field(clinic: Clinic, nurse: StaffBrowser) -> None:
    nurse.post(NEW, **SAID)
    page = nurse.post(NEW, **(SAID | {"notice_version": "3", "email": "", "telephone": ""}))
    assert (page.status_code, re.findall(r'id="(\w+)-error"', page.text)) == (400, ["participant_code"])
    assert count_participants(clinic) == 1


def test_a_shared_contact_is_asked_about_once_and_not_refused(clinic: Clinic, nurse: StaffBrowser) -> None:
    nurse.post(NEW, **SAID)
    second = SAID | {"participant_code": "15-002", "telephone": ""}
    asked = nurse.post(NEW, **second)
    assert (asked.status_code, "15-001" in asked.text, count_participants(clinic)) == (200, True, 1)
    done = nurse.post(NEW, **second, shared_confirmed="y")
    assert (done.request.path, count_participants(clinic)) == ("/clinic/participants/2/first-steps", 2)


def test_the_card_shows_its_codes_once_and_they_work(clinic: Clinic, nurse: StaffBrowser) -> None:
    nurse.post(NEW, **SAID)
    card = nurse.post("/clinic/participants/1/card")
    codes = re.findall(r'<dd class="code">([0-9A-Z-]{12})</dd>', card.text)
    assert (card.status_code, card.headers["Cache-Control"], len(codes)) == (200, "no-store", 2)
    assert "<svg" in card.text
    assert "style=" not in card.text
    assert not any(code in nurse.get("/clinic/participants/1/card").text for code in codes)
    with clinic.writing() as session:
        device = activate_card(
            session, token_or_code=codes[0], pin="482915", device_label="", secret_key=TEST_SECRET, now=NOW
        )
    assert device.participant_id == 1


def test_the_test_message_is_enqueued_only_where_there_is_an_address(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    nurse.post(NEW, **SAID)
    nurse.post(NEW, **(SAID | {"participant_code": "15-002", "email": "", "telephone": ""}))
    for participant_id in (1, 2):
        nurse.post(f"/clinic/participants/{participant_id}/test-message", page="/clinic/")
    with clinic.database.reading() as session:
        sent = [
            [row.template_code for row, visit in list_messages_with_visits(session, key) if visit is None]
            for key in (1, 2)
        ]
    assert sent == [["test"], []]


def test_the_contact_is_changed_on_its_own_page(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 3, 2))
    address = f"/clinic/participants/{participant_id}/contact"
    assert "a.dupont@example.fr" in nurse.get(address).text
    wanted = {"email": "b@example.fr", "language": "fr", "zone": "Indian/Reunion", "reminder_hour": "18"}
    assert nurse.post(address, **wanted).status_code == 200
    with clinic.database.reading() as session:
        participant = session.get_one(Participant, participant_id)
    assert (participant.zone, participant.reminder_hour) == ("Indian/Reunion", 18)
    assert clinic.vault.find(participant.contact_ref).email == "b@example.fr"
    assert nurse.post(address, **(wanted | {"email": "b@"})).status_code == 400


def test_a_contact_of_another_patient_is_asked_about_before_it_is_saved(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    clinic.enrol(date(2026, 3, 2), telephone="")
    own = {"participant_code": "15-002", "email": "b@example.fr", "telephone": ""}
    participant_id = clinic.enrol(date(2026, 3, 2), **own)
    with clinic.database.reading() as session:
        contact_ref = session.get_one(Participant, participant_id).contact_ref
    address = f"/clinic/participants/{participant_id}/contact"
    wanted = {"email": "A.Dupont@example.fr", "language": "fr", "zone": "Europe/Paris", "reminder_hour": "10"}
    asked = nurse.post(address, **wanted)
    assert (asked.status_code, "15-001" in asked.text) == (200, True)
    assert clinic.vault.find(contact_ref).email == "b@example.fr"
    nurse.post(address, **wanted, shared_confirmed="y")
    assert clinic.vault.find(contact_ref).email == "A.Dupont@example.fr"


def test_zones_have_the_names_that_people_write(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 3, 2), zone="Indian/Reunion")
    choices = dict(re.findall(r'<option[^>]*value="(\w+/\w+)"[^>]*>([^<]+)</option>', nurse.get(NEW).text))
    assert choices["Pacific/Noumea"] == "Nouméa"
    assert choices["Indian/Reunion"] == "La Réunion"
    assert "La Réunion" in nurse.get(f"/clinic/participants/{participant_id}").text
