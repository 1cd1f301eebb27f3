"""Sheets that can no longer be filed as they were opened: nothing is half done, and the head is corrected."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from clinic_world import noon
from paper_world import CONSENTED, LATER, SHEET_DAY, TYPED_AT, PaperWorld
from sqlalchemy import func, select

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotPermitted
from pro_app.services.events import record_event
from pro_app.services.paper.decisions import Decision, decide
from pro_app.services.paper.desk import Stage
from pro_app.services.paper.entries import discard, finish_entry, open_form, save_marks
from pro_app.services.paper.heads import correct_head
from pro_app.services.paper.sheet import print_sheet
from pro_app.services.visits import reopen_visit
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload

DECIDED = {"qlq-c30:5": Decision("3", "The 3 is circled.")}


def test_a_filing_that_is_refused_leaves_the_entry_as_it_was(world: PaperWorld) -> None:
    world.open()
    with world.clinic.writing() as session:
        save_marks(session, world.assessment_id, world.marks(), actor=world.clinic.nurse, now=TYPED_AT)
    _die(world)
    before = _count_entries(world)

    # A page catches the refusal and answers: what was written until then is kept.
    with world.clinic.writing() as session, suppress(InputRejected):
        finish_entry(session, world.assessment_id, actor=world.clinic.nurse, now=TYPED_AT)

    desk = world.desk()
    assert desk.form is not None
    assert (desk.form.closed_how, desk.typed[0].finished_at) == (None, None)
    assert desk.stage(world.clinic.nurse.account_id) is Stage.TYPE
    assert _count_entries(world) == before


def test_a_decision_that_is_refused_leaves_the_two_entries_as_they_were(world: PaperWorld) -> None:
    world.open(wants_second=True)
    world.type()
    world.type(world.marks("2", c30_5="3"), actor=world.colleague)
    _die(world)
    before = _count_entries(world)

    with world.clinic.writing() as session, suppress(InputRejected):
        decide(session, world.assessment_id, DECIDED, actor=world.colleague, now=TYPED_AT)

    desk = world.desk()
    assert desk.form is not None
    assert (desk.form.closed_how, desk.form.decisions, desk.form.decided_at) == (None, None, None)
    assert desk.stage(world.colleague.account_id) is Stage.DIFFERENCES
    assert _count_entries(world) == before


def test_an_open_sheet_gets_another_day_and_is_filed_under_it(world: PaperWorld) -> None:
    world.open()
    _die(world)
    with pytest.raises(InputRejected), world.clinic.writing() as session:
        correct_head(session, world.assessment_id, world.head(), actor=world.clinic.nurse, now=TYPED_AT)

    head = world.head(source_on=CONSENTED)
    for _ in range(2):
        with world.clinic.writing() as session:
            correct_head(session, world.assessment_id, head, actor=world.colleague, now=TYPED_AT)
    world.type()

    assert world.desk().assessment.source_on == CONSENTED
    with world.clinic.database.reading() as session:
        items = select(AuditPayload.items).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        [corrected] = session.scalars(items.where(AuditEntry.action == "paper.correct"))
    assert corrected == [
        {"field": "source_on", "before": SHEET_DAY.isoformat(), "after": CONSENTED.isoformat()}
    ]


def test_a_sheet_that_is_not_open_has_nothing_to_correct(world: PaperWorld) -> None:
    with pytest.raises(InputRejected), world.clinic.writing() as session:
        correct_head(session, world.assessment_id, world.head(), actor=world.clinic.nurse, now=TYPED_AT)


def test_a_sheet_of_the_day_of_a_reopening_needs_no_reason_and_one_of_the_day_before_does(
    world: PaperWorld,
) -> None:
    world.clinic.record(world.participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    visits = world.clinic.assessments(world.participant_id).values()
    later = [visit for visit in visits if visit.opens_on > date(2026, 2, 1)]
    visit = min(later, key=lambda visit: visit.opens_on)
    world.assessment_id = visit.assessment_id
    assert visit.closes_on is not None
    reopened_on = visit.closes_on + timedelta(days=2)
    afternoon = noon(reopened_on) + timedelta(hours=4)
    with world.clinic.writing() as session:
        reopen_visit(
            session, world.assessment_id, reason="The post.", actor=world.clinic.nurse, now=afternoon
        )
    evening = afternoon + LATER
    with pytest.raises(InputRejected) as refused:
        world.open(source_on=reopened_on - timedelta(days=1), now=evening)
    assert refused.value.problems[0].place == "late_reason"

    world.open(source_on=reopened_on, now=evening)

    assert world.desk().stage(world.clinic.nurse.account_id) is Stage.TYPE


@pytest.mark.parametrize("who", ["coordinator", "monitor", "person"])
def test_nobody_but_nurses_and_investigators_has_to_do_with_a_sheet(world: PaperWorld, who: str) -> None:
    clinic, here = world.clinic, world.assessment_id
    people = {
        "coordinator": clinic.coordinator,
        "monitor": clinic.monitor,
        "person": clinic.person(world.participant_id),
    }
    actor: Actor = people[who]
    with pytest.raises(NotPermitted), clinic.writing() as session:
        open_form(session, here, world.head(), actor=actor, now=TYPED_AT)
    with pytest.raises(NotPermitted), clinic.writing() as session:
        print_sheet(session, here, actor=actor, now=TYPED_AT)
    world.open()
    with pytest.raises(NotPermitted), clinic.writing() as session:
        save_marks(session, here, {}, actor=actor, now=TYPED_AT)
    with pytest.raises(NotPermitted), clinic.writing() as session:
        discard(session, here, reason="No.", actor=actor, now=TYPED_AT)


def _die(world: PaperWorld) -> None:
    """Record a death of before the day on the sheet."""
    with world.clinic.writing() as session:
        record_event(
            session,
            participant_id=world.participant_id,
            kind="died",
            occurred_on=SHEET_DAY - timedelta(days=1),
            details={},
            actor=world.clinic.nurse,
            now=TYPED_AT,
        )


def _count_entries(world: PaperWorld) -> int:
    """Count the steps about sheets of paper that are in the audit trail."""
    with world.clinic.database.reading() as session:
        steps = select(func.count()).select_from(AuditEntry).where(AuditEntry.action.startswith("paper."))
        return session.scalar(steps) or 0
