from datetime import UTC, date, datetime, timedelta

from clinic_world import Clinic, noon

from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.submission import submit_assessment
from pro_app.storage.queries.assessments import AssessmentRecord

REUNION = "Indian/Reunion"
"""Three hours ahead of Paris in winter, two in summer."""


def enrol(clinic: Clinic) -> int:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    return participant_id


def move(clinic: Clinic, participant_id: int, *, at: datetime, zone: str = REUNION) -> None:
    with clinic.writing() as session:
        change = ContactChange("a.dupont@example.fr", None, "fr", zone, 10)
        change_contact(session, participant_id, change, vault=clinic.vault, actor=clinic.nurse, now=at)


def last_hour(visit: AssessmentRecord) -> datetime:
    """Give a moment of the last day in Paris that is the next day already in La Réunion."""
    assert visit.closes_on is not None
    return datetime(visit.closes_on.year, visit.closes_on.month, visit.closes_on.day, 21, 30, tzinfo=UTC)


def test_a_form_sent_in_time_stays_in_time_when_its_person_moves(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    visit = clinic.assessments(participant_id)["W08"]
    clinic.answer(participant_id, "W08", visit.opens_on, submit=False)
    with clinic.writing() as session:
        submit_assessment(
            session,
            assessment_id=visit.assessment_id,
            respondent="self",
            actor=clinic.nurse,
            now=last_hour(visit),
        )
    move(clinic, participant_id, at=last_hour(visit) + timedelta(days=20))
    moved = clinic.assessments(participant_id)["W08"]
    assert (moved.state(last_hour(visit)), moved.zone, moved.window) == (
        "submitted",
        "Europe/Paris",
        visit.window,
    )


def test_what_was_begun_and_what_is_past_keep_their_windows_and_what_comes_follows(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    before = clinic.assessments(participant_id)
    on = before["W16"].opens_on
    clinic.answer(participant_id, "W16", on, submit=False)
    move(clinic, participant_id, at=noon(on))
    after = clinic.assessments(participant_id)
    assert [after[code].window == before[code].window for code in ("BASELINE", "W08", "W16")] == [True] * 3
    assert after["M03"].zone == REUNION
    assert after["M03"].window.opens_at < before["M03"].window.opens_at
    assert after["M03"].opens_on == before["M03"].opens_on


def test_moving_twice_on_a_day_plans_once_for_each_move(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    for zone in (REUNION, REUNION, "Europe/Paris"):
        move(clinic, participant_id, at=noon(date(2026, 1, 13)), zone=zone)
    visit = clinic.assessments(participant_id)["M03"]
    assert (visit.zone, visit.revision) == ("Europe/Paris", 3)


def test_what_was_begun_keeps_its_zone_also_when_its_plan_changes_later(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    on = clinic.assessments(participant_id)["W08"].opens_on
    clinic.answer(participant_id, "W08", on, submit=False)
    move(clinic, participant_id, at=noon(on))
    clinic.record(participant_id, "died", on + timedelta(days=1))
    visit = clinic.assessments(participant_id)["W08"]
    assert (visit.expected, visit.zone) == (False, "Europe/Paris")
