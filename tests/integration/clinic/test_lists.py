from datetime import date

import pytest
from clinic_world import Clinic, noon

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.services.clinic_scope import load_scope
from pro_app.services.completion import Only, count_completion, list_people
from pro_app.services.participant_list import ListWanted, ParticipantLine, load_participant_page
from pro_app.services.read_log import list_reads, record_read

ENOUGH = 5
"""Answers that make one scale scorable; a single one does not."""


def lines(clinic: Clinic, on: date, actor: Actor | None = None) -> dict[str, ParticipantLine]:
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=actor or clinic.nurse)
        found = load_participant_page(session, scope, ListWanted(), language="fr", now=noon(on)).lines
    return {line.participant_code: line for line in found}


def enrol(clinic: Clinic, code: str, arm: str | None = "LUTATHERA") -> int:
    participant_id = clinic.enrol(date(2026, 1, 5), participant_code=code)
    if arm:
        clinic.record(participant_id, "randomised", date(2026, 1, 12), arm=arm)
    return participant_id


def test_the_list_says_what_matters_now_and_what_comes_next(clinic: Clinic) -> None:
    enrol(clinic, "15-001", arm=None)
    started = enrol(clinic, "15-002")
    missed = enrol(clinic, "15-003")
    left = enrol(clinic, "15-004")
    clinic.answer(started, "W08", date(2026, 3, 9), submit=False)
    clinic.answer(missed, "W08", date(2026, 3, 9), items=ENOUGH)
    clinic.record(left, "left", date(2026, 2, 1))
    found = lines(clinic, date(2026, 3, 10))
    said = {
        code: (line.visit_label, line.state, line.closes_on, line.next_on) for code, line in found.items()
    }
    assert said == {
        "15-001": ("Questionnaire initial", "open", None, None),
        "15-002": ("Semaine 8", "started", date(2026, 3, 16), date(2026, 4, 27)),
        "15-003": ("Semaine 8", "submitted", date(2026, 3, 16), date(2026, 4, 27)),
        "15-004": ("Questionnaire initial", "missed", date(2026, 1, 12), None),
    }
    assert found["15-004"].situation == "Sortie de l’étude"
    assert (found["15-003"].received, found["15-003"].due) == (1, 2)


def test_a_nurse_sees_the_own_site_and_the_coordinator_all(clinic: Clinic) -> None:
    enrol(clinic, "15-001", arm=None)
    today = date(2026, 1, 6)
    assert set(lines(clinic, today)) == {"15-001"}
    assert set(lines(clinic, today, clinic.other_nurse)) == set()
    assert set(lines(clinic, today, clinic.coordinator)) == {"15-001"}


def test_a_site_out_of_reach_cannot_be_chosen(clinic: Clinic) -> None:
    with clinic.database.reading() as session, pytest.raises(NotFound):
        load_scope(session, actor=clinic.nurse, site_id=clinic.other_site_id)


def test_completion_counts_each_form_once_where_it_belongs(clinic: Clinic) -> None:
    on_time, late, half, missed, left = (enrol(clinic, f"15-00{n}") for n in range(1, 6))
    clinic.answer(on_time, "W08", date(2026, 3, 9), items=ENOUGH)
    clinic.answer(half, "W08", date(2026, 3, 9), submit=False)
    clinic.answer(late, "W08", date(2026, 3, 9))
    clinic.record(left, "left", date(2026, 2, 1))
    now = noon(date(2026, 3, 20))
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=clinic.nurse)
        table = count_completion(session, scope, language="fr", now=now)
        w08 = {row.code: row for row in table.rows}["W08"]
        people = {
            figure: [
                p.participant_id
                for p in list_people(
                    session, scope, figure=figure, only=Only(visit_code="W08"), language="fr", now=now
                ).lines
            ]
            for figure in ("expected", "received", "valid", "incomplete", "missed", "randomised")
        }
    assert people == {
        "expected": [on_time, late, half, missed],
        "received": [on_time, late],
        "valid": [on_time],
        "incomplete": [half],
        "missed": [missed],
        "randomised": [on_time, late, half, missed, left],
    }
    assert (w08.tally.completion_rate, w08.available_data_rate) == (1 / 4, 1 / 5)
    assert [row.label for row in table.rows] == ["Questionnaire initial", "Semaine 8"]
    assert (table.total.completed, table.total.expected) == (1, 9)


def test_an_unknown_figure_is_an_error_and_an_unknown_visit_has_nobody(clinic: Clinic) -> None:
    enrol(clinic, "15-001")
    now = noon(date(2026, 3, 20))
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=clinic.nurse)
        with pytest.raises(ValueError, match="no such figure"):
            list_people(session, scope, figure="answers", language="fr", now=now)
        found = list_people(session, scope, figure="valid", only=Only(visit_code="X"), language="fr", now=now)
        assert (found.lines, found.total, found.page_count) == ([], 0, 1)


def test_a_look_at_a_record_is_written_down(clinic: Clinic) -> None:
    participant_id = enrol(clinic, "15-001")
    record_read(
        clinic.database,
        participant_id=participant_id,
        what="contact",
        actor=clinic.nurse,
        now=noon(date(2026, 3, 20)),
    )
    with clinic.database.reading() as session:
        reads = list_reads(session, participant_id=participant_id)
    assert [(read.by, read.what) for read in reads] == [("Member 0", "contact")]
