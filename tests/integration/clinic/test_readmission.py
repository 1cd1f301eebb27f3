"""A wrong date displaces answers; taking it back brings them back, and the trail tells the story."""

from datetime import date

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.services.events import Correction, correct_event
from pro_app.services.planning import PlanOutcome, plan_participant, preview_plan
from pro_app.services.visits import reopen_visit
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

ANSWERED_ON = date(2026, 10, 12)
NOTICED_ON = date(2026, 11, 3)


def start_with_an_answered_provisional_visit(clinic: Clinic) -> tuple[int, int]:
    """Enrol, randomise, and answer M03 before any end is recorded; gives participant and assessment."""
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    return participant_id, clinic.answer(participant_id, "M03", ANSWERED_ON)


def record_wrong_end(clinic: Clinic, participant_id: int) -> int:
    return clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=date(2026, 10, 20))


def correct(clinic: Clinic, event_id: int, to: date | None, *, on: date = NOTICED_ON) -> None:
    with clinic.writing() as session:
        correct_event(session, event_id, Correction("misread", to, {}), actor=clinic.nurse, now=noon(on))


def told(clinic: Clinic, participant_id: int, on: date) -> dict[str, tuple[object, ...]]:
    """Give what people and rates see of each visit: everything but the number of its revision."""
    return {
        code: (
            *(r.assessment_id, r.state(noon(on)), r.is_answerable(noon(on))),
            *(r.target_on, r.opens_on, r.closes_on, r.zone, r.provisional, r.expected, r.reason_code),
            *(r.started_at, r.completed_at, r.submitted_at, r.receipt_code),
        )
        for code, r in clinic.assessments(participant_id).items()
    }


def test_taking_back_a_wrong_end_of_treatment_leaves_everything_as_before(clinic: Clinic) -> None:
    participant_id, answered = start_with_an_answered_provisional_visit(clinic)
    before = told(clinic, participant_id, NOTICED_ON)
    event_id = record_wrong_end(clinic, participant_id)
    assert clinic.assessments(participant_id)["UNSCHEDULED 1"].assessment_id == answered
    correct(clinic, event_id, None)
    assert told(clinic, participant_id, NOTICED_ON) == before
    assert clinic.assessments(participant_id)["M03"].state(noon(NOTICED_ON)) == "submitted"


def test_a_date_corrected_to_one_around_the_answers_brings_them_back_too(clinic: Clinic) -> None:
    participant_id, answered = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    correct(clinic, event_id, date(2026, 7, 6))
    records = clinic.assessments(participant_id)
    assert "UNSCHEDULED 1" not in records
    assert (records["M03"].assessment_id, records["M06"].target_on) == (answered, date(2027, 1, 6))


def test_answers_given_to_the_new_visit_keep_its_place(clinic: Clinic) -> None:
    participant_id, answered = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    again = clinic.answer(participant_id, "M03", date(2026, 12, 1))
    correct(clinic, event_id, date(2026, 7, 6), on=date(2026, 12, 10))
    records = clinic.assessments(participant_id)
    assert (records["M03"].assessment_id, records["UNSCHEDULED 1"].assessment_id) == (again, answered)


def test_the_empty_form_between_can_be_neither_seen_nor_answered(clinic: Clinic) -> None:
    participant_id, _ = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    empty = clinic.assessments(participant_id)["M03"].assessment_id
    correct(clinic, event_id, None)
    assert empty not in {r.assessment_id for r in clinic.assessments(participant_id).values()}
    with clinic.database.reading() as session:
        form = session.get_one(Assessment, empty)
        row = session.get_one(PlannedVisit, form.planned_visit_id)
        assert (form.visit_code, form.ordinal, form.submitted_at) == ("M03", 1, None)
        assert (row.expected, row.reason_code, row.replaced_at) == (False, PLAN_REPLACED, noon(NOTICED_ON))


def test_there_and_back_several_times_keeps_every_answer_in_its_place(clinic: Clinic) -> None:
    participant_id, answered = start_with_an_answered_provisional_visit(clinic)
    before = told(clinic, participant_id, NOTICED_ON)
    for _ in range(3):
        event_id = record_wrong_end(clinic, participant_id)
        assert clinic.assessments(participant_id)["UNSCHEDULED 1"].assessment_id == answered
        correct(clinic, event_id, None)
        assert told(clinic, participant_id, NOTICED_ON) == before


def test_planning_again_changes_nothing_while_answers_are_away_and_when_they_are_back(clinic: Clinic) -> None:
    participant_id, _ = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    for _ in range(2):
        with clinic.writing() as session:
            participant = find_participant(session, participant_id)
            assert plan_participant(session, participant, now=noon(NOTICED_ON)).changed == ()
        correct(clinic, event_id, date(2026, 7, 6))


def test_a_form_sent_late_comes_back_late(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    visit = clinic.assessments(participant_id)["M03"]
    reopened_on = date(2026, 10, 28)
    with clinic.writing() as session:
        reopen_visit(session, visit.assessment_id, reason="away", actor=clinic.nurse, now=noon(reopened_on))
    clinic.answer(participant_id, "M03", reopened_on)
    before = told(clinic, participant_id, NOTICED_ON)
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=date(2026, 10, 30))
    assert "UNSCHEDULED 1" in clinic.assessments(participant_id)
    correct(clinic, event_id, None)
    assert told(clinic, participant_id, NOTICED_ON) == before
    assert clinic.assessments(participant_id)["M03"].state(noon(NOTICED_ON)) == "late"


def test_the_trail_says_that_answers_left_their_visit_and_came_back(clinic: Clinic) -> None:
    participant_id, _ = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    correct(clinic, event_id, None)
    with clinic.database.reading() as session:
        entries = session.scalars(
            select(AuditPayload.items)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action.startswith("event."))
            .order_by(AuditEntry.id)
        ).all()
    items = [item for entry in entries for item in entry if item["field"] == "visit:M03"]
    stories = [(item["action"], item.get("unscheduled")) for item in items]
    assert stories == [("add", None), ("unschedule", None), ("add", None), ("readmit", 1)]


def preview(clinic: Clinic, participant_id: int, *, without: int) -> PlanOutcome:
    """Say what taking an event back would change."""
    with clinic.database.reading() as session:
        participant = find_participant(session, participant_id)
        events = [e for e in read_events(list_events(session, participant_id)) if e.id != without]
        protocol = load_protocol(session, participant.protocol_sha256)
        return preview_plan(session, participant, events=events, protocol=protocol, now=noon(NOTICED_ON))


def test_the_preview_says_what_then_happens_and_changes_nothing(clinic: Clinic) -> None:
    participant_id, _ = start_with_an_answered_provisional_visit(clinic)
    event_id = record_wrong_end(clinic, participant_id)
    before = told(clinic, participant_id, NOTICED_ON)
    said = preview(clinic, participant_id, without=event_id)
    assert told(clinic, participant_id, NOTICED_ON) == before
    correct(clinic, event_id, None)
    with clinic.database.reading() as session:
        rows = session.execute(
            select(PlannedVisit.visit_code, PlannedVisit.opens_on, PlannedVisit.closes_on)
            .where(PlannedVisit.participant_id == participant_id, PlannedVisit.replaced_at.is_(None))
            .order_by(PlannedVisit.visit_code)
        ).all()
    promised = sorted(
        (change.visit_code, change.after.opens_on, change.after.closes_on)
        for change in said.changes
        if change.after is not None
    )
    assert [tuple(row) for row in rows] == promised
    assert ("M03", "readmit") in {(change.visit_code, change.action) for change in said.changes}


def test_a_visit_that_was_missed_is_not_blamed_on_late_recording_after_there_and_back(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    before = told(clinic, participant_id, NOTICED_ON)
    assert before["M03"][1] == "missed"
    # A wrong end that puts M03 into the future, and another one that puts it where it was past at once.
    for wrong in (date(2026, 10, 1), date(2026, 2, 2)):
        event_id = clinic.record(participant_id, "treatment_ended", wrong, at=NOTICED_ON)
        assert told(clinic, participant_id, NOTICED_ON) != before
        correct(clinic, event_id, None)
        assert told(clinic, participant_id, NOTICED_ON) == before


def test_a_wrong_date_that_asked_again_leaves_no_missed_visit_when_it_is_put_right(clinic: Clinic) -> None:
    participant_id, answered = start_with_an_answered_provisional_visit(clinic)
    # By the right end M03 is past: the answers stand for it, without a visit.
    right = date(2026, 4, 13)
    event_id = clinic.record(participant_id, "treatment_ended", right, at=date(2026, 10, 20))
    before = told(clinic, participant_id, NOTICED_ON)
    assert before["UNSCHEDULED 1"][0] == answered
    assert "M03" not in before
    correct(clinic, event_id, date(2026, 10, 5))
    assert clinic.assessments(participant_id)["M03"].opens_on > NOTICED_ON
    correct(clinic, last_event(clinic, participant_id), right)
    after = told(clinic, participant_id, NOTICED_ON)
    again = clinic.assessments(participant_id)["M03"]
    assert (again.state(noon(NOTICED_ON)), again.expected) == ("not_required", False)
    assert again.reason_code == PLAN_REPLACED
    assert after == {**before, "M03": after["M03"]}


def last_event(clinic: Clinic, participant_id: int) -> int:
    with clinic.database.reading() as session:
        return max(event.id for event in list_events(session, participant_id))


@pytest.mark.parametrize(
    ("ended_on", "died_on", "counts_as"),
    [
        (date(2026, 5, 20), date(2026, 6, 1), (True, None)),
        (date(2026, 5, 4), date(2026, 5, 12), (False, "DIED")),
    ],
    ids=["closed before the death", "open on the day of the death"],
)
def test_what_was_begun_in_a_window_that_is_over_counts_by_it_wherever_the_visit_is_wanted_now(
    clinic: Clinic, *, ended_on: date, died_on: date, counts_as: tuple[bool, str | None]
) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 2, 2))
    clinic.answer(participant_id, "M03", date(2026, 5, 4), submit=False)
    own = clinic.assessments(participant_id)["M03"]
    assert (own.opens_on, own.closes_on) == (date(2026, 4, 18), date(2026, 5, 16))

    correct(clinic, event_id, ended_on, on=date(2026, 6, 20))
    clinic.record(participant_id, "died", died_on, at=date(2026, 6, 20))

    now = clinic.assessments(participant_id)["M03"]
    assert (now.opens_on, now.closes_on) == (own.opens_on, own.closes_on)
    assert (now.expected, now.reason_code) == counts_as
