from collections import Counter
from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from missing_data_world import LOOKED_ON, fill_two_sites
from sqlalchemy import select
from transfer_world import Moving

from pro_app.audit.actor import Actor
from pro_app.compliance.rates import VisitCompletion, list_visit_completions
from pro_app.compliance.tallies import FormTally
from pro_app.compliance.trend import first_of_month
from pro_app.errors import NotFound
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.state import AssessmentState
from pro_app.services.clinic_scope import load_scope
from pro_app.services.completion import list_outcomes
from pro_app.services.missing_data.coming import HORIZONS, Coming, load_coming
from pro_app.services.missing_data.outlook import Outlook, load_outlook, load_trend
from pro_app.services.missing_data.site_report import (
    SiteReport,
    list_report_months,
    list_sites_of_month,
    load_site_report,
)
from pro_app.services.missing_data.visit_map import VisitMap, load_visit_map
from pro_app.services.site_tasks import list_tasks_of_sites
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.services.timeline import load_record
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.completion import list_valid_assessment_ids
from pro_app.storage.tables.outbox import OutboxMessage

NOW = noon(LOOKED_ON)


@pytest.fixture
def people(clinic: Clinic) -> tuple[list[int], list[int]]:
    return fill_two_sites(clinic)


def look_at_map(clinic: Clinic, actor: Actor, *, page: int = 1, state: str = "") -> VisitMap:
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=actor)
        return load_visit_map(session, scope, page=page, state=state, language="fr", now=NOW)


def look_ahead(clinic: Clinic, actor: Actor, *, weeks: int = HORIZONS[0]) -> Coming:
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=actor)
        return load_coming(session, scope, weeks=weeks, language="fr", now=NOW)


def forecast(clinic: Clinic, actor: Actor) -> Outlook:
    with clinic.database.reading() as session:
        return load_outlook(session, load_scope(session, actor=actor), language="fr", now=NOW)


def report(clinic: Clinic, actor: Actor, month_on: date, *, site_id: int | None = None) -> SiteReport:
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=actor, site_id=site_id or clinic.site_id)
        return load_site_report(session, scope, month_on, language="fr", now=NOW)


def list_months(clinic: Clinic, actor: Actor) -> tuple[tuple[date, FormTally], ...]:
    with clinic.database.reading() as session:
        return list_report_months(session, load_scope(session, actor=actor), now=NOW)


def read_forms(clinic: Clinic, actor: Actor) -> list[tuple[AssessmentRecord, bool]]:
    """Read every form of the plan from the tables of facts, each with whether it can be scored."""
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=actor)
        valid = list_valid_assessment_ids(session, study_id=scope.study_id, site_ids=scope.site_ids)
        records = list_assessments(session, study_id=scope.study_id, site_ids=scope.site_ids)
    return [
        (record, record.assessment_id in valid and record.submitted_at is not None)
        for record in records
        if record.visit_code != UNSCHEDULED
    ]


def count_rates(clinic: Clinic, actor: Actor) -> dict[str, VisitCompletion]:
    """Count both rates form by form, as the rates page did before there were narrow rows."""
    with clinic.database.reading() as session:
        outcomes = list_outcomes(session, load_scope(session, actor=actor), now=NOW)
    randomised = {outcome.participant_id for outcome in outcomes if outcome.visit_code == "W08"}
    counted = list_visit_completions(outcomes, visit_codes=["BASELINE"], randomised_ids=randomised)
    return {row.visit_code: row for row in counted if row.expected or row.received}


@pytest.mark.usefixtures("people")
def test_the_map_shows_what_the_record_of_each_patient_shows(clinic: Clinic) -> None:
    shown = look_at_map(clinic, clinic.coordinator)
    labels = [label for _, label in shown.visits]
    assert shown.people == shown.page_people == len(shown.rows) == 10
    for row in shown.rows:
        with clinic.database.reading() as session:
            record = load_record(session, row.person.id, actor=clinic.coordinator, language="fr", now=NOW)
        own = {visit.label: visit.state for visit in record.visits}
        assert {
            label: cell.state for label, cell in zip(labels, row.cells, strict=True) if cell is not None
        } == own
    states = set(shown.counts)
    assert states >= {"submitted", "missed", "incomplete", "open", "planned", "not_required"}


@pytest.mark.usefixtures("people")
def test_a_nurse_sees_the_map_of_the_own_site_and_the_legend_narrows_it(clinic: Clinic) -> None:
    own = look_at_map(clinic, clinic.nurse)
    assert {row.person.site_id for row in own.rows} == {clinic.site_id}
    assert look_at_map(clinic, clinic.other_nurse).people == 2
    narrowed = look_at_map(clinic, clinic.nurse, state="incomplete")
    having = [row.person.id for row in own.rows if "incomplete" in {c.state for c in row.cells if c}]
    assert [row.person.id for row in narrowed.rows] == having
    assert 0 < len(having) < len(own.rows)
    assert narrowed.counts == own.counts
    assert look_at_map(clinic, clinic.nurse, page=99).page == 1


@pytest.mark.usefixtures("people")
def test_the_trend_is_what_the_forms_say_month_by_month(clinic: Clinic) -> None:
    for actor in (clinic.nurse, clinic.other_nurse, clinic.coordinator):
        expected, completed = Counter[date](), Counter[date]()
        for record, valid in read_forms(clinic, actor):
            if record.expected and record.closes_on and record.window.has_closed(NOW):
                expected[first_of_month(record.closes_on)] += 1
                completed[first_of_month(record.closes_on)] += valid
        with clinic.database.reading() as session:
            months = load_trend(session, load_scope(session, actor=actor), now=NOW)
        assert {m.own.month_on: m.own.expected for m in months if m.own.expected} == expected
        assert {m.own.month_on: m.own.completed for m in months if m.own.completed} == +completed
        last_six = [m.own for m in months[-6:]]
        assert months[-1].rolled_expected == sum(own.expected for own in last_six)


@pytest.mark.usefixtures("people")
def test_the_forecast_counts_each_expected_form_once(clinic: Clinic) -> None:
    outlook = forecast(clinic, clinic.coordinator)
    forms = [(record, valid) for record, valid in read_forms(clinic, clinic.coordinator) if record.expected]
    assert outlook.expected == len(forms)
    can_come = [record for record, _ in forms if record.submitted_at is None and not record.facts.closed]
    still = [r for r in can_come if r.is_answerable(NOW) or r.state(NOW) is AssessmentState.PLANNED]
    assert outlook.to_come == len(still)
    closed = sum(row.forecast.counts.closed for row in outlook.rows)
    assert outlook.missing_now < outlook.missing < outlook.expected
    assert closed == sum(record.window.has_closed(NOW) and record not in still for record, _ in forms)


@pytest.mark.usefixtures("people")
def test_a_window_that_was_opened_again_is_open_now_until_the_last_day_of_that(clinic: Clinic) -> None:
    (reopened,) = [record for record, _ in read_forms(clinic, clinic.nurse) if record.reopened_at is not None]
    assert reopened.window.has_closed(NOW)
    (form,) = [
        form
        for form in look_ahead(clinic, clinic.nurse).forms
        if (form.participant_id, form.visit_code) == (reopened.participant_id, reopened.visit_code)
    ]
    assert form.closes_on == reopened.reopened_until


@pytest.mark.usefixtures("people")
def test_what_is_coming_is_what_can_be_answered_now_or_opens_in_the_weeks_ahead(clinic: Clinic) -> None:
    monday = LOOKED_ON - timedelta(days=LOOKED_ON.weekday())
    for weeks in HORIZONS:
        last_on = monday + timedelta(weeks=weeks, days=-1)
        due = {
            (record.participant_id, record.visit_code)
            for record, _ in read_forms(clinic, clinic.coordinator)
            if record.is_answerable(NOW)
            or (
                record.state(NOW) is AssessmentState.PLANNED
                and not record.facts.closed
                and record.opens_on <= last_on
            )
        }
        ahead = look_ahead(clinic, clinic.coordinator, weeks=weeks)
        assert {(form.participant_id, form.visit_code) for form in ahead.forms} == due
        assert len(ahead.weeks) == weeks
        for week in ahead.weeks:
            assert len(ahead.list_forms(week.begins_on, "opens")) == week.opening
            assert len(ahead.list_forms(week.begins_on, "closes")) == week.closing
        to_open = [form for form in ahead.forms if form.opens_on >= monday]
        assert sum(week.opening for week in ahead.weeks) == len(to_open) > 0
    assert ahead.open_count > 0


@pytest.mark.usefixtures("people")
def test_the_report_of_the_present_month_ends_with_the_numbers_of_the_rates(clinic: Clinic) -> None:
    shown = report(clinic, clinic.coordinator, first_of_month(LOOKED_ON))
    rates = count_rates(clinic, clinic.nurse)
    assert not shown.is_over
    assert {row.visit_code for row in shown.so_far} == set(rates)
    for row in shown.so_far:
        own, tally = rates[row.visit_code], row.tally
        assert (tally.expected, tally.received, tally.valid) == (own.expected, own.received, own.valid)
        assert (tally.in_window, tally.late) == (own.in_window, own.late)
        assert (tally.incomplete, tally.missed) == (own.incomplete, own.missed)
        assert tally.completion_rate == own.completion_rate
        assert shown.available_rate(row) == own.available_data_rate


@pytest.mark.usefixtures("people")
def test_the_months_of_the_reports_add_up_to_all_of_them(clinic: Clinic) -> None:
    months = list_months(clinic, clinic.nurse)
    reports = [report(clinic, clinic.nurse, month_on) for month_on, _ in months]
    for (_, tally), shown in zip(months, reports, strict=True):
        own = shown.month_total
        assert (own.expected, own.completed) == (tally.expected, tally.completed)
        gone = own.missed + own.incomplete
        assert sum(reason.forms for reason in shown.reasons) == gone
    assert sum(shown.month_total.expected for shown in reports) == reports[0].total.expected
    said = {(reason.reason_code, reason.said_by_code) for shown in reports for reason in shown.reasons}
    assert {("FORGOT", "patient"), (None, None)} <= said
    assert months[0][0] == first_of_month(LOOKED_ON)


@pytest.mark.usefixtures("people")
def test_the_sites_of_a_month_are_those_of_their_reports(clinic: Clinic) -> None:
    month_on = date(2026, 3, 1)
    with clinic.database.reading() as session:
        sites = list_sites_of_month(session, load_scope(session, actor=clinic.coordinator), month_on, now=NOW)
    for site, tally in sites:
        own = report(clinic, clinic.coordinator, month_on, site_id=site.site_id).month_total
        assert (own.expected, own.completed) == (tally.expected, tally.completed)
    assert len(sites) == 2
    assert sum(tally.expected for _, tally in sites) > 0


@pytest.mark.usefixtures("people")
def test_a_month_that_has_not_begun_has_no_report(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        report(clinic, clinic.nurse, date(2026, 7, 1))
    empty = report(clinic, clinic.nurse, date(2024, 7, 1))
    assert (empty.in_month, empty.so_far, empty.reasons) == ((), (), ())


@pytest.mark.usefixtures("people")
def test_a_nurse_has_no_report_of_another_site(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        report(clinic, clinic.nurse, date(2026, 3, 1), site_id=clinic.other_site_id)


@pytest.mark.usefixtures("people")
def test_what_a_site_did_stays_in_its_report_when_the_patient_moves_and_the_forms_go_along(
    clinic: Clinic,
) -> None:
    month_on = first_of_month(LOOKED_ON)
    with clinic.writing() as session:
        tasks = list_tasks_of_sites(session, site_ids=None, actor=clinic.nurse, language="fr", now=NOW)
        asked = next(line.task for line in tasks if line.task.kind == "missing_reason")
        record_task(session, asked.task_key, said=TaskSaid("not_known_yet"), actor=clinic.nurse, now=NOW)
    forms_before = report(clinic, clinic.nurse, month_on).total.expected
    moving = Moving(clinic, asked.participant_id)
    moving.accept(moving.ask(at=NOW, moves_on=LOOKED_ON), at=NOW)
    own = report(clinic, clinic.nurse, month_on)
    theirs = report(clinic, clinic.other_nurse, month_on, site_id=clinic.other_site_id)
    assert (own.acts, theirs.acts) == (Counter({("missing_reason", "not_known_yet"): 1}), Counter())
    assert own.total.expected < forms_before
    assert own.total.expected + theirs.total.expected == sum(
        tally.expected for _, tally in list_months(clinic, clinic.coordinator)
    )


@pytest.mark.usefixtures("people")
def test_the_messages_of_a_report_are_those_that_ended_in_its_month(clinic: Clinic) -> None:
    ends = {"sent": date(2026, 5, 31), "failed": date(2026, 5, 1), "unknown": date(2026, 6, 1)}
    with clinic.writing() as session:
        rows = session.scalars(
            select(OutboxMessage).where(OutboxMessage.site_id == clinic.site_id).limit(len(ends))
        ).all()
        for row, (state, ended_on) in zip(rows, ends.items(), strict=True):
            row.state, row.finished_at, row.channel = state, noon(ended_on), "email"
    may, june = (report(clinic, clinic.nurse, date(2026, month, 1)).messages for month in (5, 6))
    assert may == Counter({("email", "sent"): 1, ("email", "failed"): 1})
    assert june == Counter({("email", "unknown"): 1})


@pytest.mark.usefixtures("people")
def test_the_report_counts_what_opens_in_the_month_after_and_can_still_come(clinic: Clinic) -> None:
    shown = report(clinic, clinic.nurse, date(2026, 6, 1))
    opening = Counter(
        record.visit_code
        for record, _ in read_forms(clinic, clinic.nurse)
        if record.expected
        and not record.facts.closed
        and date(2026, 7, 1) <= record.opens_on <= date(2026, 7, 31)
    )
    assert {code: number for code, _, number in shown.opening} == opening
    assert opening
