"""The trail of one participant: everything about the person, in order, and never an answer or a contact."""

from datetime import UTC, date, datetime

import pytest
from clarification_world import build_correction, wants
from clinic_world import Clinic
from sqlalchemy import event
from trail_world import ANSWERED, ENROLLED, INSTRUMENT, QUESTIONS, correct_day, enrol_and_answer

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.services.clarifications.rules import WantedItem
from pro_app.services.participant_trail import ParticipantTrail, load_trail
from pro_app.services.trail_changes import TrailChange
from pro_app.storage.queries import audit_trail
from pro_app.storage.queries.audit_trail import list_entries_about

FEWEST, MOST = "1", "4"


def trail(clinic: Clinic, participant_id: int, *, by: Actor | None = None, **asked: date) -> ParticipantTrail:
    with clinic.database.reading() as session:
        return load_trail(session, participant_id, actor=by or clinic.nurse, language="fr", **asked)


def test_it_tells_everything_about_the_person_with_the_newest_first(clinic: Clinic) -> None:
    participant_id = enrol_and_answer(clinic, "15-001", FEWEST)
    enrol_and_answer(clinic, "15-002", FEWEST)
    entries = trail(clinic, participant_id).entries
    assert [entry.action for entry in entries] == ["assessment.submit", "answers.save", "participant.enrol"]
    sent, saved, enrolled = entries
    assert (saved.answers, saved.actor_kind, saved.visit) == (len(QUESTIONS), "participant", sent.visit)
    assert (enrolled.by, enrolled.role, enrolled.site_code) == ("Member 0", "nurse", "15")
    assert TrailChange("consented_on", after="2026-01-05") in enrolled.changes
    assert TrailChange("email", after="given") in enrolled.changes


def test_an_event_that_is_corrected_says_from_which_day_to_which_and_why(clinic: Clinic) -> None:
    participant_id = clinic.enrol(ENROLLED)
    event_id = clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    correct_day(clinic, event_id, date(2026, 1, 13), reason="Read on the form")
    corrected = trail(clinic, participant_id).entries[0]
    assert (corrected.action, corrected.reason) == ("event.correct", "Read on the form")
    first = corrected.changes[0]
    assert (first.field, first.before, first.after) == ("event", "2026-01-12", "2026-01-13")
    assert corrected.changes[1].field == "visits", "so many periods move that they are counted"


def test_two_people_who_answered_differently_have_the_same_trail(clinic: Clinic) -> None:
    trails = [
        trail(clinic, enrol_and_answer(clinic, code, answers)).entries
        for code, answers in (("15-001", FEWEST), ("15-001-B", MOST))
    ]
    told = [
        [
            (e.action, e.answers, e.reason, [c for c in e.changes if c.field != "participant_code"])
            for e in entries
        ]
        for entries in trails
    ]
    assert told[0] == told[1]


def test_what_is_said_of_a_correction_holds_neither_the_answer_nor_the_patient_s_words(
    clinic: Clinic,
) -> None:
    correction = build_correction(clinic)
    asked = correction.request(
        wants(WantedItem(INSTRUMENT, 5, "answered", 4), request="Quatre", evidence_ref="Dr X")
    )
    correction.decide(asked, reason="Il a bien dit quatre")
    entries = {entry.action: entry for entry in trail(clinic, correction.participant_id).entries}
    for action in ("clarification.request", "clarification.accept"):
        entry = entries[action]
        assert (entry.answers, entry.reason) == (1, None)
        assert not {"4", "Quatre", "Dr X"} & {part for c in entry.changes for part in (c.before, c.after)}


def test_a_period_counts_both_of_its_days_in_the_zone_of_the_person(clinic: Clinic) -> None:
    participant_id = enrol_and_answer(clinic, "15-001", FEWEST)
    found = trail(clinic, participant_id, from_on=ANSWERED, until_on=ANSWERED).entries
    assert [entry.action for entry in found] == ["assessment.submit", "answers.save"]
    assert trail(clinic, participant_id, until_on=date(2026, 1, 4)).entries == ()


def test_another_site_s_person_is_as_absent_as_one_who_never_was(clinic: Clinic) -> None:
    participant_id = clinic.enrol(ENROLLED)
    for key in (participant_id, 999_999):
        with pytest.raises(NotFound):
            trail(clinic, key, by=clinic.other_nurse)
    assert trail(clinic, participant_id, by=clinic.monitor).entries


def test_many_subjects_are_asked_about_some_hundreds_at_a_time(clinic: Clinic) -> None:
    participant_id = clinic.enrol(ENROLLED)
    refs = [f"assessment:{number}" for number in range(10**6, 10**6 + 1200)] + [
        f"participant:{participant_id}"
    ]
    asked: list[str] = []
    with clinic.database.reading() as session:
        listen = session.connection()
        event.listen(listen, "before_cursor_execute", lambda *said: asked.append(said[2]))
        found = list_entries_about(
            session,
            refs,
            since=datetime(2025, 1, 1, tzinfo=UTC),
            until=datetime(2027, 1, 1, tzinfo=UTC),
        )
    assert [record.action for record in found] == ["participant.enrol"]
    assert len(asked) == -(-len(refs) // audit_trail.SUBJECTS_AT_A_TIME)
