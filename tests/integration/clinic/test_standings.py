"""The narrow rows that numbers are counted from are what the facts say, whatever was done by whom."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest
from clarification_world import INSTRUMENT, build_correction, wants
from clinic_world import Clinic, noon
from sqlalchemy import delete, select, update

from pro_app.compliance.rates import list_visit_completions
from pro_app.services.clarifications.rules import WantedItem
from pro_app.services.clinic_scope import ClinicScope, load_scope
from pro_app.services.completion import (
    NOBODY_SAID,
    Only,
    PersonLine,
    count_completion,
    count_reasons,
    count_standings,
    list_outcomes,
    list_people,
)
from pro_app.services.completion.sites import compare_sites, sort_sites
from pro_app.services.events import Correction, correct_event
from pro_app.services.standings import list_differences, write_standings, write_standings_of
from pro_app.services.visits import NotDone, record_not_done, reopen_visit
from pro_app.storage.database import Session
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.form_standings import FormStanding

ENOUGH = 5
"""Answers that make one scale scorable."""
CONSENT, RANDOMISED = date(2026, 1, 5), date(2026, 1, 12)
AFTER_W08 = date(2026, 3, 20)


@pytest.fixture
def checked(clinic: Clinic) -> Iterator[Clinic]:
    """Give a clinic that is looked at in the end: every row is what its facts say."""
    yield clinic
    with clinic.database.reading() as session:
        assert list(list_differences(session)) == []
        assert session.scalars(select(FormStanding)).first() is not None


def enrol(clinic: Clinic, code: str = "15-001", arm: str = "LUTATHERA") -> int:
    participant_id = clinic.enrol(CONSENT, participant_code=code)
    clinic.record(participant_id, "randomised", RANDOMISED, arm=arm)
    return participant_id


def find_standing(clinic: Clinic, participant_id: int, visit_code: str) -> FormStanding:
    with clinic.database.reading() as session:
        return session.scalars(
            select(FormStanding).where(
                FormStanding.participant_id == participant_id, FormStanding.visit_code == visit_code
            )
        ).one()


def test_enrolling_and_planning_write_a_row_for_every_form(checked: Clinic) -> None:
    participant_id = checked.enrol(CONSENT)
    assert find_standing(checked, participant_id, "BASELINE").expected
    checked.record(participant_id, "randomised", RANDOMISED, arm="LUTATHERA")
    row = find_standing(checked, participant_id, "W08")
    assert (row.closing_month, row.begun, row.received_at, row.scorable_instruments) == (
        "2026-03",
        False,
        None,
        None,
    )


def test_beginning_and_sending_a_form_are_in_its_row(checked: Clinic) -> None:
    participant_id = enrol(checked)
    checked.answer(participant_id, "W08", date(2026, 3, 9), submit=False)
    assert find_standing(checked, participant_id, "W08").begun
    checked.answer(participant_id, "W08", date(2026, 3, 10), items=ENOUGH)
    row = find_standing(checked, participant_id, "W08")
    assert (row.received_at.date(), row.mode, row.respondent) == (date(2026, 3, 10), "own_device", "self")
    assert row.scorable_instruments == "|qlq-c30|"


def test_events_and_their_corrections_are_in_the_rows(checked: Clinic) -> None:
    participant_id = enrol(checked)
    checked.answer(participant_id, "W08", date(2026, 3, 9))
    event_id = checked.record(participant_id, "left", date(2026, 4, 1))
    assert not find_standing(checked, participant_id, "M03").expected
    with checked.writing() as session:
        correct_event(
            session, event_id, Correction("a mistake"), actor=checked.nurse, now=noon(date(2026, 4, 2))
        )
    assert find_standing(checked, participant_id, "M03").expected
    # Answers that fit no visit any more have no row, until they come back to theirs.
    checked.record(participant_id, "treatment_ended", date(2026, 2, 1), at=date(2026, 4, 3))


def test_reopening_and_a_reason_are_in_the_row(checked: Clinic) -> None:
    participant_id = enrol(checked)
    form = checked.assessments(participant_id)["W08"].assessment_id
    with checked.writing() as session:
        said = NotDone("FORGOT", "patient", "")
        record_not_done(session, form, said, actor=checked.nurse, now=noon(AFTER_W08))
        reopen_visit(session, form, reason="was away", actor=checked.nurse, now=noon(AFTER_W08))
    row = find_standing(checked, participant_id, "W08")
    assert (row.missing_reason, row.missing_said_by) == ("FORGOT", "patient")
    assert row.reopened_until_at is not None
    checked.answer(participant_id, "W08", date(2026, 3, 21))
    received_at, closes_at = (
        getattr(find_standing(checked, participant_id, "W08"), name) for name in ("received_at", "closes_at")
    )
    assert received_at > closes_at


def test_an_accepted_correction_decides_whether_a_form_is_valid(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    with clinic.database.reading() as session:
        before = session.get_one(FormStanding, correction.assessment_id).scorable_instruments
    gone = [WantedItem(INSTRUMENT, number, "declined") for number in range(1, 29)]
    correction.decide(correction.request(wants(*gone)))
    with clinic.database.reading() as session:
        after = session.get_one(FormStanding, correction.assessment_id).scorable_instruments
        assert list(list_differences(session)) == []
    assert (INSTRUMENT in (before or ""), INSTRUMENT in (after or "")) == (True, False)


def test_a_row_that_is_not_what_the_facts_say_is_named_and_mended(checked: Clinic) -> None:
    participant_id = enrol(checked)
    forms = {code: record.assessment_id for code, record in checked.assessments(participant_id).items()}
    with checked.writing() as session:
        session.execute(delete(FormStanding).where(FormStanding.assessment_id == forms["W16"]))
        own = FormStanding.assessment_id == forms["W08"]
        session.execute(update(FormStanding).where(own).values(begun=True))
    with checked.database.reading() as session:
        found = {difference.assessment_id: difference for difference in list_differences(session)}
    assert found.keys() == {forms["W08"], forms["W16"]}
    assert (found[forms["W08"]].stored, found[forms["W08"]].due) == ({"begun": True}, {"begun": False})
    assert found[forms["W16"]].stored is None
    with checked.writing() as session:
        write_standings(session, [forms["W08"]])
        write_standings_of(session, participant_id)


def test_a_form_that_leaves_its_visit_loses_its_row(checked: Clinic) -> None:
    participant_id = enrol(checked)
    form = checked.assessments(participant_id)["W08"].assessment_id
    with checked.writing() as session:
        # A number of its own is what an empty form has that stood in for a visit.
        session.execute(update(Assessment).where(Assessment.id == form).values(ordinal=3))
        write_standings(session, [form])
        assert session.get(FormStanding, form) is None
        session.execute(update(Assessment).where(Assessment.id == form).values(ordinal=0))
        write_standings(session, [form])


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """Give a clinic of which people sent, began, missed, left, and were explained, at two sites."""
    on_time, late, half, missed, left, explained = (enrol(clinic, f"15-00{n}") for n in range(1, 7))
    early = clinic.enrol(CONSENT, participant_code="15-007")
    clinic.answer(early, "BASELINE", date(2026, 1, 6), items=ENOUGH)
    clinic.answer(on_time, "W08", date(2026, 3, 9), items=ENOUGH)
    clinic.answer(half, "W08", date(2026, 3, 9), submit=False)
    clinic.record(left, "left", date(2026, 2, 1))
    with clinic.writing() as session:
        for person in (late, explained):
            form = clinic.assessments(person)["W08"].assessment_id
            said = NotDone("FORGOT", "patient", "")
            record_not_done(session, form, said, actor=clinic.nurse, now=noon(AFTER_W08))
            if person == late:
                reopen_visit(session, form, reason="was away", actor=clinic.nurse, now=noon(AFTER_W08))
    clinic.answer(late, "W08", date(2026, 3, 21), items=ENOUGH)
    assert missed
    return clinic


@pytest.mark.parametrize("on", [date(2026, 3, 10), AFTER_W08, date(2026, 3, 25), date(2026, 9, 1)])
def test_the_counts_are_those_of_a_count_over_every_record(busy: Clinic, on: date) -> None:
    now = noon(on)
    with busy.database.reading() as session:
        scope = load_scope(session, actor=busy.nurse)
        table = count_completion(session, scope, language="en", now=now)
        outcomes = list_outcomes(session, scope, now=now)
        randomised = [
            line.participant_id for line in _list(session, scope, "randomised", only=Only(), now=now)
        ]
        counted = {
            visit.visit_code: visit
            for visit in list_visit_completions(outcomes, visit_codes=(), randomised_ids=randomised)
            if visit.expected or visit.received
        }
        assert {row.code for row in table.rows} == counted.keys()
        for row in table.rows:
            visit, tally = counted[row.code], row.tally
            for name in ("expected", "received", "valid", "in_window", "late", "incomplete", "missed"):
                ids = getattr(visit, f"{name}_ids")
                assert getattr(tally, name) == len(ids), (row.code, name)
                listed = _list(session, scope, name, only=Only(visit_code=row.code), now=now)
                assert {line.participant_id for line in listed} == ids
            assert (tally.completed, tally.available) == (len(visit.completed_ids), len(visit.available_ids))
            assert row.randomised == visit.randomised == 6
            assert row.available_data_rate == visit.available_data_rate
            assert tally.still_open == tally.expected - len(
                (visit.received_ids & visit.expected_ids) | visit.incomplete_ids | visit.missed_ids
            )


def _list(
    session: Session, scope: ClinicScope, figure: str, *, only: Only, now: datetime
) -> Sequence[PersonLine]:
    return list_people(session, scope, figure=figure, only=only, language="en", now=now).lines


def test_every_group_adds_up_to_the_same_and_its_list_is_as_long(busy: Clinic) -> None:
    now = noon(date(2026, 4, 1))
    scope = ClinicScope(busy.study_id, None, ())
    with busy.database.reading() as session:
        [whole] = count_standings(session, scope, now=now).values()
        for dimension in ("site", "visit", "mode", "respondent", "month", "reason", "said_by"):
            parts = count_standings(session, scope, by=(dimension,), now=now)
            assert sum(parts.values(), type(whole)()) == whole, dimension
        for visit, name in (("W08", "missed"), ("W08", "own_device"), ("BASELINE", "missing")):
            only = Only(visit_code=visit)
            found = list_people(session, scope, figure=name, only=only, language="en", now=now)
            assert len(found.lines) == found.total > 0


def test_an_instrument_counts_by_its_own_scales(busy: Clinic) -> None:
    now = noon(date(2026, 4, 1))
    scope = ClinicScope(busy.study_id, None, ())
    with busy.database.reading() as session:
        [first] = count_standings(session, scope, only=Only(instrument_code="qlq-c30"), now=now).values()
        [second] = count_standings(session, scope, only=Only(instrument_code="qlq-ginet21"), now=now).values()
        assert (first.received, second.received) == (2, 2)
        assert (first.valid, second.valid) == (2, 0)
        assert count_standings(session, scope, only=Only(instrument_code="unknown"), now=now) == {
            (): type(first)()
        }


def test_a_period_counts_the_windows_that_closed_in_it(busy: Clinic) -> None:
    now = noon(date(2026, 9, 1))
    scope = ClinicScope(busy.study_id, None, ())
    with busy.database.reading() as session:
        quarters = count_completion(session, scope, by="quarter", language="en", now=now)
        march = Only(first_month="2026-03", last_month="2026-03")
        table = count_completion(session, scope, only=march, language="en", now=now)
    assert [row.code for row in quarters.rows] == ["2026-Q1", "2026-Q2", "2026-Q3"]
    assert [row.code for row in table.rows] == ["W08"]
    assert (table.randomised, table.available_data_rate) == (None, None)


def test_reasons_are_counted_with_who_said_them(busy: Clinic) -> None:
    now = noon(date(2026, 4, 1))
    scope = ClinicScope(busy.study_id, None, ())
    with busy.database.reading() as session:
        table = count_reasons(session, scope, language="en", now=now)
        cells = {(row.reason, row.said_by): dict(row.by_visit) for row in table.rows}
        assert cells["FORGOT", "patient"] == {"W08": 1}
        assert cells[NOBODY_SAID, NOBODY_SAID] == {"BASELINE": 6, "W08": 2}
        assert [row.reason for row in table.rows][-1] == NOBODY_SAID
        only = Only(visit_code="W08", reason="FORGOT", said_by="patient")
        [line] = _list(session, scope, "missing", only=only, now=now)
        unexplained = Only(visit_code="W08", reason=NOBODY_SAID, said_by=NOBODY_SAID)
        assert len(_list(session, scope, "missing", only=unexplained, now=now)) == 2
    assert (line.participant_code, line.said_by) == ("15-006", "Patient")


def test_a_list_is_shown_a_hundred_lines_a_page(busy: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pro_app.services.completion.people.PAGE_SIZE", 2)
    now = noon(date(2026, 4, 1))
    scope = ClinicScope(busy.study_id, None, ())
    only = Only(visit_code="W08")
    with busy.database.reading() as session:
        pages = [
            list_people(session, scope, figure="expected", only=only, page=page, language="en", now=now)
            for page in (1, 2, 3, 99)
        ]
    assert [[line.participant_code for line in page.lines] for page in pages] == [
        ["15-001", "15-002"],
        ["15-003", "15-004"],
        ["15-006"],
        ["15-006"],
    ]
    assert (pages[0].total, pages[0].page_count, pages[3].page) == (5, 3, 3)


def test_a_change_is_in_the_next_look(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    scope = ClinicScope(clinic.study_id, None, ())
    now = noon(AFTER_W08)

    def look() -> tuple[int, int]:
        with clinic.database.reading() as session:
            tally = count_standings(session, scope, by=("visit",), now=now)["W08",]
        return tally.received, tally.missed

    assert look() == (0, 1)
    clinic.answer(participant_id, "W08", date(2026, 3, 9))
    assert look() == (1, 0)


def test_who_is_outside_of_the_fixed_denominator_is_valid_and_not_available(clinic: Clinic) -> None:
    participant_id = enrol(clinic)
    clinic.answer(participant_id, "W08", date(2026, 3, 9), items=ENOUGH)
    scope = ClinicScope(clinic.study_id, None, ())
    now = noon(AFTER_W08)

    def look() -> tuple[int, int, int]:
        with clinic.database.reading() as session:
            tally = count_standings(session, scope, by=("visit",), now=now)["W08",]
            listed = _list(session, scope, "available", only=Only(visit_code="W08"), now=now)
        return tally.valid, tally.available, len(listed)

    assert look() == (1, 1, 1)
    with clinic.writing() as session:
        known = session.scalars(select(ParticipantEvent).where(ParticipantEvent.kind == "randomised")).one()
        # Beside the services, which would take the visit away with the randomisation.
        session.add(
            ParticipantEvent(
                participant_id=participant_id,
                kind="randomised",
                occurred_on=known.occurred_on,
                details={},
                recorded_at=now,
                supersedes_id=known.id,
                retracts=True,
            )
        )
    assert look() == (1, 0, 0)


def test_sites_are_compared_and_what_is_open_is_listed(busy: Clinic) -> None:
    now = noon(date(2026, 5, 1))
    with busy.database.reading() as session:
        scope = load_scope(session, actor=busy.coordinator)
        table = compare_sites(session, scope, now=now)
        own, other = table.rows
        visits = count_completion(session, scope, language="en", now=now)
        opened = list_people(session, scope, figure="open_now", language="en", now=now)
    assert (own.tally.expected, own.tally.completed) == (visits.total.expected, visits.total.completed)
    assert (own.randomised, own.available_data_rate) == (visits.randomised, visits.available_data_rate)
    assert table.target == visits.total.completion_rate
    assert (other.tally.expected, other.place, own.place) == (0, None, "within")
    # The reopened form of W08 was sent; W16 is open for the five randomised who take part.
    assert own.open_forms == opened.total == len(opened.lines) == 5
    assert {line.state for line in opened.lines} == {"open"}
    assert own.tally.unexplained == visits.total.unexplained
    assert sort_sites(table.rows, "-expected") == [own, other]


def test_the_fixed_denominator_of_all_together_is_the_same_however_forms_are_grouped(clinic: Clinic) -> None:
    enrol(clinic)
    later = replace(clinic, nurse=clinic.other_nurse, site_id=clinic.other_site_id)
    person = later.enrol(date(2026, 3, 1), participant_code="16-001")
    # There only the first visit has closed, which at the first site two more have.
    later.record(person, "randomised", date(2026, 3, 2), arm="LUTATHERA")
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=clinic.coordinator)
        tables = [
            count_completion(session, scope, by=by, language="en", now=noon(AFTER_W08))
            for by in ("visit", "site")
        ]
    visits, sites = tables
    assert [row.randomised for row in visits.rows] == [2] * len(visits.rows)
    assert len({row.randomised for row in sites.rows}) == 2
    assert visits.randomised == sites.randomised == 2 * len(visits.rows)
    assert visits.available_data_rate == sites.available_data_rate
