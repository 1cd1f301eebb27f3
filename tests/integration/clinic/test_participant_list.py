"""The list of participants says the same as their forms one by one, whatever the hour, and reads little."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import event

from pro_app.clock import civil_date
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.state import AssessmentState
from pro_app.services.clinic_scope import load_scope
from pro_app.services.participant_list import PAGE_SIZE, ListWanted, ParticipantPage, load_participant_page
from pro_app.services.visits import reopen_visit
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments

ENROLLED = date(2026, 1, 5)
ZONES = ("Europe/Paris", "Pacific/Noumea", "America/Cayenne")
TO_COME = {AssessmentState.PLANNED, AssessmentState.NOT_REQUIRED}
ANSWERABLE = {AssessmentState.OPEN, AssessmentState.STARTED}
RECEIVED = {AssessmentState.SUBMITTED, AssessmentState.LATE}
MOMENTS = (
    noon(date(2026, 1, 2)),
    *(noon(date(2026, 1, 5)) + timedelta(days=9 * step, hours=5 * step) for step in range(40)),
    *(datetime.fromisoformat(f"2026-03-{day}T{hour}:00+00:00") for day in (16, 17) for hour in (10, 12, 14)),
    *(datetime.fromisoformat(f"2026-03-{day}T{hour}:30+00:00") for day in (16, 17) for hour in (22, 23)),
)


def page(clinic: Clinic, now: datetime, **wanted: str | int) -> ParticipantPage:
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=clinic.nurse)
        return load_participant_page(session, scope, replace(ListWanted(), **wanted), language="fr", now=now)


def people(clinic: Clinic) -> list[int]:
    """Enrol people in three zones, to whom everything happens that makes a difference to the list."""
    keys = [
        clinic.enrol(ENROLLED, participant_code=f"15-00{number}", zone=ZONES[number % 3])
        for number in range(9)
    ]
    for key in keys[1:]:
        clinic.record(key, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    clinic.answer(keys[1], "BASELINE", date(2026, 1, 8))
    clinic.answer(keys[2], "W08", date(2026, 3, 9))
    clinic.answer(keys[3], "W08", date(2026, 3, 9), submit=False)
    clinic.record(keys[4], "left", date(2026, 3, 1))
    clinic.answer(keys[5], "W08", date(2026, 3, 9), submit=False)
    clinic.record(keys[5], "left", date(2026, 3, 10))
    clinic.record(keys[6], "died", date(2026, 3, 1))
    form = clinic.assessments(keys[7])["W08"].assessment_id
    with clinic.writing() as session:
        reopen_visit(session, form, reason="was away", actor=clinic.nurse, now=noon(date(2026, 3, 20)))
    clinic.answer(keys[7], "W08", date(2026, 3, 25))
    return keys


def what_matters(records: Sequence[AssessmentRecord], now: datetime) -> tuple[object, ...]:
    """Say it once more from the whole records, each with the state that the pure rules give."""
    known = [(r, r.state(now)) for r in records if r.visit_code != UNSCHEDULED]
    answerable = [pair for pair in known if pair[1] in ANSWERABLE]
    asked = [pair for pair in known if pair[1] not in TO_COME]
    planned = [pair for pair in known if pair[1] is AssessmentState.PLANNED]
    record, state = None, AssessmentState.NOT_REQUIRED
    if answerable:
        record, state = min(answerable, key=lambda pair: pair[0].closes_on or date.max)
    elif asked:
        record, state = max(asked, key=lambda pair: pair[0].opens_on)
    elif planned:
        record, state = planned[0]
    due = [s for r, s in known if r.expected and s not in TO_COME | ANSWERABLE]
    opening = [r.opens_on for r, _ in planned if not r.facts.closed and r.opens_on > civil_date(now, r.zone)]
    label = record.protocol.visit_label(record.visit_code, "fr") if record else ""
    days = (record.opens_on, record.closes_on) if record else (None, None)
    return (label, state, *days, min(opening, default=None), sum(s in RECEIVED for s in due), len(due))


def test_each_line_says_what_the_forms_say_one_by_one_at_any_hour(clinic: Clinic) -> None:
    keys = people(clinic)
    with clinic.database.reading() as session:
        records = {key: list_assessments(session, participant_id=key) for key in keys}
    states = set()
    for now in MOMENTS:
        found = page(clinic, now)
        said = {
            line.participant_id: (
                line.visit_label,
                line.state,
                line.opens_on,
                line.closes_on,
                line.next_on,
                line.received,
                line.due,
            )
            for line in found.lines
        }
        assert said == {key: what_matters(records[key], now) for key in keys}, now
        assert sum(found.states.values()) == len(keys)
        states |= {line.state for line in found.lines}
    assert {"open", "started", "submitted", "late", "missed", "incomplete", "planned"} <= states


@pytest.mark.parametrize("sort", ["code", "closes", "next", "state"])
def test_every_order_can_be_turned_round_and_loses_nobody(clinic: Clinic, sort: str) -> None:
    keys = people(clinic)
    now = noon(date(2026, 3, 26))
    forth, back = (page(clinic, now, sort=f"{turned}{sort}") for turned in ("", "-"))
    codes = [[line.participant_code for line in found.lines] for found in (forth, back)]
    assert codes[0] == codes[1][::-1]
    assert len(set(codes[0])) == len(keys)


def test_a_page_holds_fifty_and_what_is_asked_of_the_database_does_not_grow(clinic: Clinic) -> None:
    now, counts = noon(date(2026, 1, 20)), []
    for size in (3, PAGE_SIZE + 1):
        enrolled = page(clinic, now).total
        for number in range(enrolled, size):
            clinic.enrol(ENROLLED, participant_code=f"15-{number:03}")
        asked: list[str] = []
        with clinic.database.reading() as session:
            listened = session.connection()
            event.listen(listened, "before_cursor_execute", lambda *said: asked.append(said[2]))  # noqa: B023 -- asked at once
            scope = load_scope(session, actor=clinic.nurse)
            found = load_participant_page(session, scope, ListWanted(page=2), language="fr", now=now)
        counts.append(len(asked))
    assert (found.page, found.page_count, len(found.lines), found.total) == (2, 2, 1, PAGE_SIZE + 1)
    assert counts[0] == counts[1]


def test_nobody_enrolled_is_an_empty_page(clinic: Clinic) -> None:
    found = page(clinic, noon(ENROLLED), page=7, typed="x")
    assert (found.lines, found.total, found.page, found.page_count) == ((), 0, 1, 1)
