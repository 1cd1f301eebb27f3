from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import func, select

from pro_app.protocol.events import fold_events
from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.protocol.schedule import plan_visits
from pro_app.services.contact_changes import ContactChange, change_contact
from pro_app.services.events import Correction, correct_event
from pro_app.services.planning import plan_participant
from pro_app.services.visits import reopen_visit
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.assessments import PlannedVisit

Row = tuple[date | None, date, date | None, bool, bool, str | None]


def stored_plan(clinic: Clinic, participant_id: int) -> dict[str, Row]:
    """Give the visits that stand in the stored plan, those that left it aside."""
    return {
        code: (r.target_on, r.opens_on, r.closes_on, r.provisional, r.expected, r.reason_code)
        for code, r in clinic.assessments(participant_id).items()
        if r.reason_code != PLAN_REPLACED
    }


def protocol_plan(clinic: Clinic, participant_id: int) -> dict[str, Row]:
    """Give what the protocol itself plans for the recorded events."""
    with clinic.database.reading() as session:
        participant = find_participant(session, participant_id)
        facts = fold_events(read_events(list_events(session, participant_id)))
        protocol = load_protocol(session, participant.protocol_sha256)
    return {
        v.visit_code: (v.target_on, v.opens_on, v.closes_on, v.provisional, v.expected, v.reason)
        for v in plan_visits(protocol, facts)
    }


def test_only_the_baseline_is_planned_at_enrolment(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    assert stored_plan(clinic, participant_id) == {
        "BASELINE": (None, date(2026, 1, 5), None, False, True, None)
    }


@pytest.mark.parametrize(
    "events",
    [
        [("randomised", 7, {"arm": "LUTATHERA"})],
        [("randomised", 7, {"arm": "SURVEILLANCE"})],
        [
            ("randomised", 7, {"arm": "LUTATHERA"}),
            ("infusion", 14, {}),
            ("infusion", 75, {}),
            ("treatment_ended", 131, {}),
        ],
        [("randomised", 7, {"arm": "SURVEILLANCE"}), ("progressed", 60, {}), ("treatment_ended", 60, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("paused", 10, {"until": "2026-03-01"})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("messages_stopped", 10, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("questionnaires_stopped", 10, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("lost", 10, {}), ("resumed", 20, {"of": "lost"})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("left", 30, {})],
        [("randomised", 7, {"arm": "SURVEILLANCE"}), ("left", 30, {}), ("died", 40, {})],
    ],
)
def test_the_stored_plan_is_the_protocols_plan(
    clinic: Clinic, events: list[tuple[str, int, dict[str, str]]]
) -> None:
    start = date(2026, 1, 5)
    participant_id = clinic.enrol(start)
    for kind, day, details in events:
        clinic.record(participant_id, kind, start + timedelta(days=day), **details)
    assert stored_plan(clinic, participant_id) == protocol_plan(clinic, participant_id)


def test_planning_twice_changes_nothing_the_second_time(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    with clinic.writing() as session:
        before = session.scalar(select(func.count(PlannedVisit.id)))
        outcome = plan_participant(
            session, find_participant(session, participant_id), now=noon(date(2026, 1, 13))
        )
        assert outcome.changed == ()
        assert session.scalar(select(func.count(PlannedVisit.id))) == before


def plan_codes(clinic: Clinic, participant_id: int, state: str, *, on: date) -> set[str]:
    return {code for code, r in clinic.assessments(participant_id).items() if r.state(noon(on)) == state}


def test_a_visit_that_was_past_when_planned_is_missed_and_nobody_was_written_to(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    late = date(2026, 4, 20)
    clinic.record(participant_id, "randomised", date(2026, 1, 12), at=late, arm="LUTATHERA")
    visit = clinic.assessments(participant_id)["W08"]
    assert (visit.expected, visit.reason_code, visit.state(noon(late))) == (
        True,
        "SITE_LATE_RECORDING",
        "missed",
    )
    with clinic.database.reading() as session:
        about = {code for _row, code in list_messages_with_visits(session, participant_id)}
    assert "W08" not in about
    assert "W24" in about


def test_a_visit_no_longer_planned_is_not_required_and_comes_back_with_the_correction(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    on = date(2026, 5, 4)
    event_id = clinic.record(participant_id, "treatment_ended", on)
    gone = clinic.assessments(participant_id)["W24"]
    with clinic.writing() as session:
        correction = Correction("misread", date(2026, 6, 25), {})
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(date(2026, 6, 26)))
    back = clinic.assessments(participant_id)["W24"]
    assert (gone.state(noon(on)), gone.reason_code) == ("not_required", PLAN_REPLACED)
    assert (back.assessment_id, back.expected, back.reason_code) == (gone.assessment_id, True, None)
    assert back.revision == gone.revision + 1


def test_sent_answers_of_a_firm_visit_never_move(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    event_id = clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    clinic.answer(participant_id, "W08", date(2026, 3, 9))
    before = clinic.assessments(participant_id)["W08"]
    with clinic.writing() as session:
        correction = Correction("misread", date(2026, 1, 8), {"arm": "LUTATHERA"})
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(date(2026, 3, 20)))
    records = clinic.assessments(participant_id)
    assert records["W08"] == before
    assert records["W16"].target_on == date(2026, 1, 8) + timedelta(weeks=16)


def test_answers_of_a_provisional_visit_that_no_longer_fits_are_kept_and_it_is_planned_again(
    clinic: Clinic,
) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    provisional = clinic.assessments(participant_id)["M03"]
    answered_on = date(2026, 10, 12)
    assert provisional.provisional
    answered = clinic.answer(participant_id, "M03", answered_on)
    clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=date(2026, 10, 20))
    records = clinic.assessments(participant_id)
    unscheduled = records["UNSCHEDULED 1"]
    assert unscheduled.assessment_id == answered
    assert (unscheduled.planned_code, unscheduled.opens_on) == ("M03", provisional.opens_on)
    assert unscheduled.state(noon(date(2026, 10, 21))) == "submitted"
    assert records["M03"].assessment_id != answered
    assert records["M03"].target_on == date(2026, 12, 1)
    assert plan_codes(clinic, participant_id, "submitted", on=date(2026, 10, 21)) == {"UNSCHEDULED 1"}


def test_half_given_answers_that_no_longer_fit_cannot_be_gone_on_with(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    on = date(2026, 10, 12)
    clinic.answer(participant_id, "M03", on, submit=False)
    clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=on)
    unscheduled = clinic.assessments(participant_id)["UNSCHEDULED 1"]
    assert unscheduled.started_at is not None
    assert not unscheduled.is_answerable(noon(on))


def test_every_revision_of_the_plan_is_kept(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    with clinic.database.reading() as session:
        rows = session.execute(
            select(PlannedVisit.revision, PlannedVisit.closes_on, PlannedVisit.replaced_at)
            .where(PlannedVisit.visit_code == "BASELINE")
            .order_by(PlannedVisit.revision)
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, None, noon(date(2026, 1, 12))),
        (2, date(2026, 1, 12), None),
    ]


def test_a_late_form_of_a_provisional_visit_stays_when_only_the_address_changes(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    visit = clinic.assessments(participant_id)["M03"]
    reopened = visit.closes_on + timedelta(days=3)
    with clinic.writing() as session:
        reopen_visit(session, visit.assessment_id, reason="away", actor=clinic.nurse, now=noon(reopened))
    clinic.answer(participant_id, "M03", reopened + timedelta(days=1))
    change = ContactChange("new@example.fr", None, "fr", "Europe/Paris", 10)
    now = noon(reopened + timedelta(days=2))
    with clinic.writing() as session:
        change_contact(session, participant_id, change, vault=clinic.vault, actor=clinic.nurse, now=now)
    records = clinic.assessments(participant_id)
    assert "UNSCHEDULED 1" not in records
    assert (records["M03"].assessment_id, records["M03"].state(now)) == (visit.assessment_id, "late")


def test_a_begun_form_is_not_required_also_where_the_death_is_recorded_late(clinic: Clinic) -> None:
    outcomes = []
    for number, days_later in enumerate((0, 30)):
        participant_id = clinic.enrol(
            date(2026, 1, 5), participant_code=f"15-10{number}", email=None, telephone=None
        )
        clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
        clinic.answer(participant_id, "W08", date(2026, 3, 2), submit=False)
        died = date(2026, 3, 4)
        clinic.record(participant_id, "died", died, at=died + timedelta(days=days_later))
        visit = clinic.assessments(participant_id)["W08"]
        outcomes.append((visit.expected, visit.reason_code, visit.state(noon(date(2026, 6, 1)))))
    assert outcomes == [(False, "DIED", "not_required")] * 2


def test_a_sent_baseline_is_late_or_in_time_by_the_corrected_date_of_randomisation(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    sent = clinic.answer(participant_id, "BASELINE", date(2026, 1, 20))
    wrong, right = date(2026, 1, 12), date(2026, 1, 22)
    event_id = clinic.record(participant_id, "randomised", wrong, at=date(2026, 1, 25), arm="LUTATHERA")
    states = [clinic.assessments(participant_id)["BASELINE"].state(noon(right))]
    with clinic.writing() as session:
        correction = Correction("misread", right, {"arm": "LUTATHERA"})
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(date(2026, 1, 26)))
    baseline = clinic.assessments(participant_id)["BASELINE"]
    assert [*states, baseline.state(noon(right))] == ["late", "submitted"]
    assert (baseline.assessment_id, baseline.target_on) == (sent, right)
