"""Whatever was recorded, corrected or taken back can be undone: each kind of event, visits and messages."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from clinic_world import Clinic, noon
from reminders_world import list_rows

from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.find import load_protocol
from pro_app.services.event_undo import find_undo
from pro_app.services.events import Correction, NewEvent, correct_event, record_event
from pro_app.storage.queries.events import find_event, list_events, read_events

ENROLLED, RANDOMISED, TODAY = date(2026, 1, 5), date(2026, 1, 12), date(2026, 5, 11)
ON, CORRECTED_ON = date(2026, 5, 4), date(2026, 5, 8)


@dataclass(frozen=True)
class Case:
    """One kind, what is said with it, and what it is corrected to."""

    kind: str
    details: dict[str, str]
    corrected: dict[str, str]


CASES = (
    *(
        Case(kind, {}, {})
        for kind in (
            *("infusion", "treatment_ended", "progressed", "new_treatment", "messages_stopped"),
            *("questionnaires_stopped", "lost", "data_objection", "left", "died"),
        )
    ),
    Case("paused", {"until": "2026-06-01"}, {"until": "2026-07-01"}),
    Case("resumed", {"of": "messages_stopped"}, {"of": "lost"}),
)


def test_every_kind_but_those_of_the_beginning_is_among_them() -> None:
    kinds = {kind.code for kind in load_protocol("reluth").event_kinds}
    assert {case.kind for case in CASES} == kinds - {"enrolled", "randomised"}


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody who has answered all that was asked up to now."""
    key = clinic.enrol(ENROLLED)
    clinic.answer(key, "BASELINE", ENROLLED)
    clinic.record(key, "randomised", RANDOMISED, arm="LUTATHERA")
    clinic.answer(key, "W08", date(2026, 3, 9))
    clinic.answer(key, "W16", date(2026, 5, 2))
    return key


def look(clinic: Clinic, participant_id: int) -> dict[str, Any]:
    """Give everything that an undoing has to bring back: facts, visits, and the messages still to go."""
    with clinic.database.reading() as session:
        facts: Facts = fold_events(read_events(list_events(session, participant_id)))
    return {
        "facts": facts,
        "visits": {
            code: (
                *(record.opens_on, record.target_on, record.closes_on, record.provisional, record.expected),
                *(record.facts, record.submitted_at),
            )
            for code, record in clinic.assessments(participant_id).items()
            if record.expected or record.submitted_at
        },
        "messages": sorted(
            (row.message_key.split(":")[1], row.rule_code, row.channel, row.due_at, row.expires_at)
            for row in list_rows(clinic.database)
            if row.state == "planned"
        ),
    }


def record(clinic: Clinic, participant_id: int, new: NewEvent) -> int:
    with clinic.writing() as session:
        return record_event(
            session,
            participant_id=participant_id,
            kind=new.kind,
            occurred_on=new.occurred_on,
            details=new.details,
            actor=clinic.nurse,
            now=noon(TODAY),
        ).id


def correct(clinic: Clinic, event_id: int, correction: Correction) -> int:
    with clinic.writing() as session:
        said = Correction("put right", correction.occurred_on, correction.details)
        return correct_event(session, event_id, said, actor=clinic.nurse, now=noon(TODAY)).id


def undo(clinic: Clinic, participant_id: int, event_id: int) -> int:
    """Undo an entry as its page does."""
    with clinic.database.reading() as session:
        row = find_event(session, event_id)
        assert row is not None
        act = find_undo(session, row)
    if isinstance(act, NewEvent):
        return record(clinic, participant_id, act)
    return correct(clinic, event_id, act)


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_recording_correcting_and_taking_back_are_each_undone(
    clinic: Clinic, participant_id: int, case: Case
) -> None:
    if case.kind == "resumed":
        for kind in ("messages_stopped", "lost"):
            record(clinic, participant_id, NewEvent(kind, date(2026, 5, 3), {}))
    before = look(clinic, participant_id)
    new = NewEvent(case.kind, ON, case.details)

    first = record(clinic, participant_id, new)
    recorded = look(clinic, participant_id)
    assert recorded != before
    undo(clinic, participant_id, first)
    assert look(clinic, participant_id) == before

    second = record(clinic, participant_id, new)
    assert look(clinic, participant_id) == recorded
    corrected = correct(clinic, second, Correction("", CORRECTED_ON, case.corrected))
    assert look(clinic, participant_id) != recorded
    undone = undo(clinic, participant_id, corrected)
    assert look(clinic, participant_id) == recorded

    taken_back = correct(clinic, undone, Correction(""))
    assert look(clinic, participant_id) == before
    undo(clinic, participant_id, taken_back)
    assert look(clinic, participant_id) == recorded


def test_a_corrected_randomisation_and_enrolment_are_put_right_again(
    clinic: Clinic, participant_id: int
) -> None:
    before = look(clinic, participant_id)
    with clinic.database.reading() as session:
        known = {row.kind: row.id for row in list_events(session, participant_id)}
    corrections = {
        "randomised": Correction("", date(2026, 1, 14), {"arm": "SURVEILLANCE"}),
        "enrolled": Correction("", date(2026, 1, 2)),
    }
    for kind, correction in corrections.items():
        corrected = correct(clinic, known[kind], correction)
        assert look(clinic, participant_id) != before
        undo(clinic, participant_id, corrected)
        assert look(clinic, participant_id) == before
