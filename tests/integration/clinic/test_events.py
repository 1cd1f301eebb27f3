from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import func, select

from pro_app.errors import InputRejected, NotFound
from pro_app.services.event_offers import find_end, list_event_offers, load_situation
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

START = date(2026, 1, 5)
RANDOMISED = date(2026, 1, 12)


def enrol_and_randomise(clinic: Clinic, arm: str = "LUTATHERA") -> int:
    participant_id = clinic.enrol(START)
    clinic.record(participant_id, "randomised", RANDOMISED, arm=arm)
    return participant_id


def count_events(clinic: Clinic) -> int:
    with clinic.database.reading() as session:
        return session.scalar(select(func.count(ParticipantEvent.id))) or 0


def correct(clinic: Clinic, event_id: int, correction: Correction, *, on: date) -> int:
    with clinic.writing() as session:
        return correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(on)).id


@pytest.mark.parametrize(
    ("kind", "on", "details", "place"),
    [
        ("treatment_ended", date(2026, 1, 11), {}, "occurred_on"),
        ("infusion", date(2026, 1, 11), {}, "occurred_on"),
        ("died", date(2021, 1, 1), {}, "occurred_on"),
        ("died", date(2026, 1, 4), {}, "occurred_on"),
        ("died", date(2026, 2, 21), {}, "occurred_on"),
        ("randomised", date(2026, 1, 13), {"arm": "SURVEILLANCE"}, "kind"),
        ("enrolled", date(2026, 1, 6), {}, "kind"),
        ("paused", date(2026, 2, 1), {"until": "2026-02-01"}, "until"),
        ("paused", date(2026, 2, 1), {"until": "soon"}, "until"),
        ("resumed", date(2026, 2, 1), {"of": "lost"}, "of"),
        ("moved_house", date(2026, 2, 1), {}, "kind"),
    ],
)
def test_an_event_that_cannot_be_is_refused_at_its_field_and_changes_nothing(
    clinic: Clinic, *, kind: str, on: date, details: dict[str, str], place: str
) -> None:
    participant_id = enrol_and_randomise(clinic)
    with pytest.raises(InputRejected) as rejected:
        clinic.record(participant_id, kind, on, at=date(2026, 2, 20), **details)
    assert place in {problem.place for problem in rejected.value.problems}
    assert count_events(clinic) == 2


def test_an_unknown_arm_is_refused(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    with pytest.raises(InputRejected) as rejected:
        clinic.record(participant_id, "randomised", RANDOMISED, arm="PLACEBO")
    assert [problem.place for problem in rejected.value.problems] == ["arm"]


def test_a_second_death_is_refused(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    clinic.record(participant_id, "died", date(2026, 2, 1))
    with pytest.raises(InputRejected):
        clinic.record(participant_id, "died", date(2026, 2, 2))


def test_the_same_form_sent_twice_records_the_event_once(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    first = clinic.record(participant_id, "infusion", date(2026, 1, 20))
    assert clinic.record(participant_id, "infusion", date(2026, 1, 20)) == first
    with clinic.database.reading() as session:
        entries = session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.action == "event.record"))
    assert entries == 2


def test_two_nurses_recording_different_deaths_at_once_leave_one(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)

    def record(day: int) -> bool:
        try:
            clinic.record(participant_id, "died", date(2026, 2, day), at=date(2026, 2, 20))
        except InputRejected:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(record, range(1, 7)))
    assert outcomes.count(True) == 1


def test_another_site_cannot_record_or_correct_an_event(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    with pytest.raises(NotFound), clinic.writing() as session:
        record_event(
            session,
            participant_id=participant_id,
            kind="died",
            occurred_on=RANDOMISED,
            details={},
            actor=clinic.other_nurse,
            now=noon(RANDOMISED),
        )
    with pytest.raises(NotFound), clinic.writing() as session:
        correct_event(session, event_id, Correction("wrong"), actor=clinic.other_nurse, now=noon(RANDOMISED))


@pytest.mark.parametrize("kind", ["left", "died"])
def test_leaving_and_death_withdraw_every_message_in_the_same_commit(clinic: Clinic, kind: str) -> None:
    participant_id = enrol_and_randomise(clinic)
    with clinic.database.reading() as session:
        states = {row.state for row, _visit in list_messages_with_visits(session, participant_id)}
    assert "planned" in states
    clinic.record(participant_id, kind, date(2026, 2, 1))
    with clinic.database.reading() as session:
        states = {row.state for row, _visit in list_messages_with_visits(session, participant_id)}
    assert states == {"cancelled"}
    assert not any(
        r.expected for r in clinic.assessments(participant_id).values() if r.visit_code != "BASELINE"
    )


def test_a_corrected_date_plans_anew_and_keeps_the_first_entry(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    correction = Correction("misread", date(2026, 1, 9), {"arm": "LUTATHERA"})
    replacing = correct(clinic, event_id, correction, on=date(2026, 1, 13))
    assert clinic.assessments(participant_id)["W08"].target_on == date(2026, 1, 9) + timedelta(weeks=8)
    with clinic.database.reading() as session:
        kept = session.get_one(ParticipantEvent, event_id)
        row = session.get_one(ParticipantEvent, replacing)
    assert (kept.occurred_on, row.supersedes_id, row.correction_reason) == (RANDOMISED, event_id, "misread")


def test_the_same_correction_sent_twice_is_made_once(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    correction = Correction("misread", date(2026, 1, 9), {"arm": "LUTATHERA"})
    on = date(2026, 1, 13)
    assert correct(clinic, event_id, correction, on=on) == correct(clinic, event_id, correction, on=on)


def test_an_entry_corrected_in_the_meantime_cannot_be_corrected_again(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    correct(clinic, event_id, Correction("misread", date(2026, 1, 9)), on=date(2026, 1, 13))
    with pytest.raises(InputRejected):
        correct(clinic, event_id, Correction("misread", date(2026, 1, 8)), on=date(2026, 1, 14))


def test_an_event_taken_back_leaves_the_plan_as_if_it_had_never_been(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    before = {code: (r.opens_on, r.expected) for code, r in clinic.assessments(participant_id).items()}
    event_id = clinic.record(participant_id, "left", date(2026, 1, 20))
    correct(clinic, event_id, Correction("another patient"), on=date(2026, 1, 21))
    after = {code: (r.opens_on, r.expected) for code, r in clinic.assessments(participant_id).items()}
    assert after == before


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_correction_needs_a_reason(clinic: Clinic, reason: str) -> None:
    participant_id = clinic.enrol(START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    with pytest.raises(InputRejected) as rejected:
        correct(clinic, event_id, Correction(reason, date(2026, 1, 9)), on=date(2026, 1, 13))
    assert [problem.place for problem in rejected.value.problems] == ["reason"]


def test_correcting_the_enrolment_moves_the_consent_date_and_it_cannot_be_taken_back(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    with clinic.database.reading() as session:
        event_id = session.scalars(select(ParticipantEvent.id)).one()
    with pytest.raises(InputRejected):
        correct(clinic, event_id, Correction("never"), on=START)
    correct(clinic, event_id, Correction("misread", date(2026, 1, 3)), on=START)
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).consented_on == date(2026, 1, 3)
    assert clinic.assessments(participant_id)["BASELINE"].opens_on == date(2026, 1, 3)


def test_only_what_nothing_rules_out_is_offered(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    now = noon(date(2026, 1, 20))

    def offered() -> set[str]:
        with clinic.database.reading() as session:
            situation = load_situation(session, participant_id, actor=clinic.nurse, language="fr", now=now)
            return {offer.kind for offer in list_event_offers(situation, now=now)}

    before = offered()
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    after = offered()
    assert {"randomised", "died", "left"} <= before
    assert not before & {"enrolled", "infusion", "treatment_ended", "resumed"}
    assert {"treatment_ended", "progressed"} <= after
    assert not after & {"randomised", "infusion"}


def test_the_end_of_treatment_is_proposed_56_days_after_the_last_infusion(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    clinic.record(participant_id, "infusion", date(2026, 1, 20))
    clinic.record(participant_id, "infusion", date(2026, 3, 17))
    now = noon(date(2026, 5, 12))
    with clinic.database.reading() as session:
        situation = load_situation(session, participant_id, actor=clinic.nurse, language="fr", now=now)
        offers = {offer.kind: offer for offer in list_event_offers(situation, now=now)}
    assert offers["treatment_ended"].proposed_on == date(2026, 5, 12)


def last_items(clinic: Clinic, action: str) -> dict[str, dict[str, object]]:
    """Give the items of the newest audit entry about an action, by field."""
    with clinic.database.reading() as session:
        items = session.scalars(
            select(AuditPayload.items)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action == action)
            .order_by(AuditEntry.id.desc())
        ).first()
    assert items is not None
    return {str(item["field"]): item for item in items}


def test_the_audit_entry_of_an_event_lists_what_it_did_to_each_visit(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    enrolled = last_items(clinic, "participant.enrol")["visit:BASELINE"]
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(participant_id, "M03", date(2026, 10, 12))
    clinic.record(participant_id, "treatment_ended", date(2026, 5, 4), at=date(2026, 10, 20))
    items = last_items(clinic, "event.record")
    assert enrolled["action"] == "add"
    assert items["treatment_ended"]["after"] == {"occurred_on": "2026-05-04"}
    assert {name: item["action"] for name, item in items.items() if "action" in item} == {
        "visit:W24": "cancel",
        "visit:M03": "unschedule",
        **dict.fromkeys(("visit:M06", "visit:M09", "visit:M12"), "move"),
        **dict.fromkeys(("visit:Y2", "visit:Y3", "visit:Y4", "visit:Y5"), "move"),
    }
    before, after = items["visit:M06"]["before"], items["visit:M06"]["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["target_on"], after["target_on"]) == ("2027-01-12", "2026-11-04")
    assert items["visit:M03"]["after"] is None


def test_what_speaks_against_an_event_names_others_in_the_readers_language(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START, language="en")
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    clinic.record(participant_id, "infusion", date(2026, 1, 20))
    named = []
    for language in ("fr", "en"):
        with pytest.raises(InputRejected) as rejected, clinic.writing() as session:
            correct_event(
                session,
                event_id,
                Correction("misread", date(2026, 1, 21), {"arm": "LUTATHERA"}),
                actor=clinic.nurse,
                now=noon(date(2026, 1, 25)),
                language=language,
            )
        named.append(rejected.value.problems[0].values["event"])
    assert named == ["Perfusion", "Infusion"]


def test_after_a_death_the_end_is_named_and_nothing_may_follow(clinic: Clinic) -> None:
    participant_id = enrol_and_randomise(clinic)
    now = noon(date(2026, 2, 20))

    def find() -> tuple[str, date, frozenset[str]] | None:
        with clinic.database.reading() as session:
            situation = load_situation(session, participant_id, actor=clinic.nurse, language="fr", now=now)
            end = find_end(situation)
            return None if end is None else (end.label, end.on, end.followed_by)

    assert find() is None
    clinic.record(participant_id, "left", date(2026, 2, 1))
    left = find()
    assert left is not None
    assert left[1:] == (date(2026, 2, 1), {"data_objection", "died"})
    clinic.record(participant_id, "died", date(2026, 2, 10))
    died = find()
    assert died is not None
    assert died[1:] == (date(2026, 2, 10), frozenset())
