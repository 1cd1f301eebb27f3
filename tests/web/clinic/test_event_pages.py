import re
from datetime import date

from clinic_browser import StaffBrowser, seen_on
from clinic_world import Clinic, noon
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_app.reminders.outbox import enqueue_test_message
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.read_log import RecordRead


def recorded(clinic: Clinic) -> list[str]:
    with clinic.database.reading() as session:
        return list(session.scalars(select(ParticipantEvent.kind).order_by(ParticipantEvent.id)))


def address(participant_id: int) -> str:
    return f"/clinic/participants/{participant_id}/events/new"


def confirm(nurse: StaffBrowser, path: str, **said: str) -> TestResponse:
    """Look at what an act would do, then do it."""
    return nurse.post(path, **said, step="confirm", seen=seen_on(nurse.post(path, **said, step="save")))


def test_randomisation_is_seen_first_and_warns_while_the_baseline_is_not_sent(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    new = address(clinic.enrol(date(2026, 3, 2)))
    form = nurse.post(new, kind="randomised")
    assert 'value="LUTATHERA"' in form.text
    said = {"kind": "randomised", "arm": "LUTATHERA", "occurred_on": "2026-03-02"}
    seen = nurse.post(new, **said, step="save")
    assert seen.status_code == 200
    assert "notice-attention" in seen.text
    assert recorded(clinic) == ["enrolled"]
    confirm(nurse, new, **said)
    assert recorded(clinic) == ["enrolled", "randomised"]


def test_randomisation_warns_of_nothing_once_the_baseline_is_sent(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(date(2026, 2, 27))
    clinic.answer(participant_id, "BASELINE", date(2026, 2, 28))
    said = {"kind": "randomised", "arm": "LUTATHERA", "occurred_on": "2026-03-02"}
    seen = nurse.post(address(participant_id), **said, step="save")
    assert "notice-attention" not in seen.text
    for _ in range(2):
        again = nurse.post(address(participant_id), **said, step="confirm", seen=seen_on(seen))
    assert recorded(clinic) == ["enrolled", "randomised"]
    assert (again.status_code, again.request.path) == (200, f"/clinic/participants/{participant_id}")


def test_a_death_is_recorded_only_after_the_question(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 27))
    clinic.record(participant_id, "randomised", date(2026, 2, 28), arm="SURVEILLANCE")
    said = {"kind": "died", "occurred_on": "2026-03-01"}
    question = nurse.post(address(participant_id), **said, step="save")
    assert 'class="button button-danger"' in question.text
    assert "died" not in recorded(clinic)
    for _ in range(2):
        done = nurse.post(address(participant_id), **said, step="confirm", seen=seen_on(question))
        assert (done.status_code, done.request.path) == (200, f"/clinic/participants/{participant_id}")
    assert recorded(clinic) == ["enrolled", "randomised", "died"]
    assert [c for c, r in clinic.assessments(participant_id).items() if r.expected] == ["BASELINE"]


def test_what_speaks_against_an_event_stands_at_its_field(clinic: Clinic, nurse: StaffBrowser) -> None:
    new = address(clinic.enrol(date(2026, 2, 27)))
    future = nurse.post(new, kind="died", step="save", occurred_on="2026-03-03")
    no_date = nurse.post(new, kind="died", step="save", occurred_on="")
    no_arm = nurse.post(new, kind="randomised", step="save", occurred_on="2026-03-01")
    too_soon = nurse.post(new, kind="treatment_ended", step="save", occurred_on="2026-03-01")
    assert [page.status_code for page in (future, no_date, no_arm, too_soon)] == [400] * 4
    assert 'id="occurred_on-error"' in future.text
    assert 'id="occurred_on-error"' in no_date.text
    assert 'id="arm-error"' in no_arm.text
    assert "error-summary" in too_soon.text
    assert recorded(clinic) == ["enrolled"]


def test_an_unknown_kind_of_event_is_a_missing_page(clinic: Clinic, nurse: StaffBrowser) -> None:
    assert nurse.post(address(clinic.enrol(date(2026, 2, 27))), kind="abducted").status_code == 404


def test_no_address_says_what_happened_to_the_patient(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 27))
    pages = [
        nurse.get(path).text for path in (address(participant_id), f"/clinic/participants/{participant_id}")
    ]
    links = [part.split('"')[0] for page in pages for part in page.split('href="')[1:]]
    words = {word for link in links for word in re.split(r"[/?&=#]", link)}
    assert "clinic" in words
    assert not words & {"died", "left", "lost", "randomised", "reluth"}


def test_a_correction_needs_a_reason_and_moves_the_plan(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 20))
    event_id = clinic.record(participant_id, "randomised", date(2026, 2, 27), arm="LUTATHERA")
    form = f"/clinic/participants/{participant_id}/events/{event_id}"
    said = {"occurred_on": "2026-02-26", "arm": "SURVEILLANCE"}
    assert 'id="reason-error"' in nurse.post(form, **said).text
    seen = seen_on(nurse.post(form, **said, reason="misread"))
    assert clinic.assessments(participant_id)["BASELINE"].closes_on == date(2026, 2, 27)
    for _ in range(2):
        done = nurse.post(form, **said, reason="misread", step="confirm", seen=seen)
        assert done.request.path == f"/clinic/participants/{participant_id}"
    assert clinic.assessments(participant_id)["BASELINE"].closes_on == date(2026, 2, 26)
    assert recorded(clinic) == ["enrolled", "randomised", "randomised"]


def test_an_event_is_taken_back(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 20))
    event_id = clinic.record(participant_id, "left", date(2026, 2, 27))
    assert not clinic.assessments(participant_id)["BASELINE"].expected
    form = f"/clinic/participants/{participant_id}/events/{event_id}"
    confirm(nurse, form, occurred_on="2026-02-27", never_happened="y", reason="another patient")
    assert clinic.assessments(participant_id)["BASELINE"].expected


def test_looks_at_a_record_and_a_contact_are_logged_and_the_list_is_not(
    clinic: Clinic, nurse: StaffBrowser, monitor: StaffBrowser
) -> None:
    participant_id = clinic.enrol(date(2026, 2, 27))
    nurse.get("/clinic/")
    nurse.get(f"/clinic/participants/{participant_id}")
    nurse.get(f"/clinic/participants/{participant_id}/contact")
    monitor.get(f"/clinic/participants/{participant_id}")
    with clinic.database.reading() as session:
        reads = session.execute(select(RecordRead.account_id, RecordRead.what).order_by(RecordRead.id)).all()
    nurse_id, monitor_id = clinic.nurse.account_id, clinic.monitor.account_id
    assert [tuple(read) for read in reads] == [
        (nurse_id, "record"),
        (nurse_id, "contact"),
        (monitor_id, "record"),
    ]


def test_after_a_death_the_page_says_why_and_only_earlier_events_are_left(
    clinic: Clinic, nurse: StaffBrowser
) -> None:
    participant_id = clinic.enrol(date(2026, 2, 20))
    before = nurse.get(address(participant_id)).text
    clinic.record(participant_id, "left", date(2026, 2, 27))
    after_leaving = nurse.get(address(participant_id)).text
    clinic.record(participant_id, "died", date(2026, 3, 1))
    after_death = nurse.get(address(participant_id)).text

    def offered(page: str) -> tuple[set[str], set[str]]:
        now, _, earlier = page.partition('<details class="panel stack">')
        return tuple(set(re.findall(r'name="kind" value="(\w+)"', part)) for part in (now, earlier))

    assert offered(before)[1] == set()
    assert "randomised" in offered(before)[0]
    assert offered(after_leaving)[0] == {"data_objection", "died"}
    assert "lost" in offered(after_leaving)[1]
    assert offered(after_death)[0] == set()
    assert ("notice-info" in before, "notice-info" in after_death) == (False, True)


def test_a_refusal_names_other_events_in_the_nurses_language(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 20), language="en")
    clinic.record(participant_id, "randomised", date(2026, 2, 27), arm="LUTATHERA")
    said = {"kind": "infusion", "step": "save", "occurred_on": "2026-02-26"}
    page = nurse.post(address(participant_id), **said)
    assert page.status_code == 400
    assert "«\N{NO-BREAK SPACE}Tirage au sort\N{NO-BREAK SPACE}»" in page.text


def test_why_a_message_did_not_go_out_is_said_in_words(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 2, 20))
    with clinic.writing() as session:
        participant = session.get_one(Participant, participant_id)
        enqueue_test_message(session, participant=participant, now=noon(date(2026, 3, 1)))
        row = session.scalars(select(OutboxMessage).where(OutboxMessage.template_code == "test")).one()
        row.state, row.outcome_reason = "failed", "smtp_unreachable"
    page = nurse.get(f"/clinic/participants/{participant_id}").text
    assert "smtp_unreachable" not in page
    assert "le serveur" in page


def test_a_resumption_says_what_it_opens_again(clinic: Clinic, nurse: StaffBrowser) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "lost", date(2026, 1, 20))
    path = f"/clinic/participants/{participant_id}/events/new"
    for page in (nurse.get(path), nurse.post(path, kind="resumed")):
        assert "repartent" in page.text or "messages go out again" in page.text
