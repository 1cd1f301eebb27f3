from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import func, select

from pro_app.protocol.events import fold_events
from pro_app.protocol.replan import PLAN_REPLACED
from pro_app.protocol.schedule import plan_visits
from pro_app.services.planning import plan_participant
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
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
        [("randomised", 7, {"arm": "LUTATHERA"}), ("infusion", 14, {}), ("infusion", 75, {}), ("treatment_ended", 131, {})],
        [("randomised", 7, {"arm": "SURVEILLANCE"}), ("progressed", 60, {}), ("treatment_ended", 60, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("paused", 10, {"until": "2026-03-01"})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("messages_stopped", 10, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("questionnaires_stopped", 10, {})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("lost", 10, {}), ("resumed", 20, {"of": "lost"})],
        [("randomised", 7, {"arm": "LUTATHERA"}), ("left", 30, {})],
        [("randomised", 7, {"arm": "SURVEILLANCE"}), ("left", 30, {}), ("died", 40, {})],
    ],
)  # fmt: skip
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
