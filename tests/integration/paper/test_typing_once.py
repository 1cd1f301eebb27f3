"""A sheet that one person types in: what is kept, under which day, and what it never touches."""

from datetime import date, timedelta

import pytest
from clinic_world import noon
from paper_world import CONSENTED, LATER, SHEET_DAY, TYPED_AT, PaperWorld
from sqlalchemy import select

from pro_app.errors import AlreadySubmitted, InputRejected, NotFound
from pro_app.protocol.state import AssessmentState
from pro_app.services.answers import Operation, save_operations
from pro_app.services.events import record_event
from pro_app.services.paper.desk import Stage
from pro_app.services.paper.entries import discard, finish_entry, save_marks
from pro_app.services.submission import submit_assessment
from pro_app.services.visits import NotDone, record_not_done
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.paper_forms import PaperForm
from pro_app.storage.tables.scores import Score
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer


def test_a_sheet_that_was_typed_in_is_the_form_of_its_visit(world: PaperWorld) -> None:
    world.open()
    finished = world.type(world.marks(c30_3="9", c30_4="/", c30_5="-", c30_6="0"))

    assert finished.outcome == "filed"
    assert finished.receipt is not None
    record = world.desk().assessment
    assert record.state(TYPED_AT) is AssessmentState.SUBMITTED
    assert (record.mode, record.source_on, record.respondent) == ("paper", SHEET_DAY, "self")
    assert record.completed_at == noon(SHEET_DAY)
    assert record.submitted_at == TYPED_AT
    assert record.entered_by_id == world.clinic.nurse.account_id
    said = {key: (a.state, a.value, a.remark) for key, a in world.answers().items()}
    assert said["qlq-c30:1"] == ("answered", 2, None)
    assert said["qlq-c30:3"] == ("left_blank", None, "illegible")
    assert said["qlq-c30:4"] == ("left_blank", None, "two_marks")
    assert said["qlq-c30:5"] == ("declined", None, None)
    assert said["qlq-c30:6"] == ("left_blank", None, None)
    kept = world.answers().values()
    assert {answer.entered_by for answer in kept} == {f"account:{world.clinic.nurse.account_id}"}
    assert {answer.mode for answer in kept} == {"paper"}
    assert {answer.answered_at for answer in kept} == {noon(SHEET_DAY)}


def test_a_filed_sheet_is_scored_and_withdraws_the_reminders(world: PaperWorld) -> None:
    world.open()
    world.type()

    with world.clinic.database.reading() as session:
        scores = dict(session.execute(select(Score.scale_code, Score.value)).all())
        states = session.scalars(
            select(OutboxMessage.state).where(OutboxMessage.assessment_id == world.assessment_id)
        ).all()
    assert len(scores) == sum(len(part.instrument.scoring().scale_codes) for part in world.desk().asked)
    assert scores["QL2"] == pytest.approx(100 / 6)
    assert set(states) == {"cancelled"}


def test_what_was_said_about_its_absence_goes_when_the_sheet_is_of_the_window(world: PaperWorld) -> None:
    closes_on = _randomise(world)
    after = noon(closes_on + timedelta(days=2))
    with world.clinic.writing() as session:
        said = NotDone("FORGOT", world.desk().assessment.protocol.said_by[0].code, "")
        record_not_done(session, world.assessment_id, said, actor=world.clinic.nurse, now=after)

    world.open(now=after)
    world.type(now=after)

    record = world.desk().assessment
    assert record.not_done_reason is None
    assert record.state(after) is AssessmentState.SUBMITTED
    assert record.is_received_late


def test_a_sheet_of_a_later_day_needs_a_reason_and_is_late(world: PaperWorld) -> None:
    closes_on = _randomise(world)
    late_on, now = closes_on + timedelta(days=1), noon(closes_on + timedelta(days=3))
    with pytest.raises(InputRejected) as refused:
        world.open(source_on=late_on, now=now)
    assert [problem.place for problem in refused.value.problems] == ["late_reason"]

    world.open(source_on=late_on, late_reason="The post was on strike.", now=now)
    world.type(now=now)

    assert world.desk().assessment.state(now) is AssessmentState.LATE


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (TYPED_AT.date() + timedelta(days=1), "still to come"),
        (CONSENTED - timedelta(days=1), "before the consent"),
    ],
)
def test_a_day_that_cannot_be_is_refused(world: PaperWorld, day: date, says: str) -> None:
    with pytest.raises(InputRejected) as refused:
        world.open(source_on=day)
    assert says in refused.value.problems[0].message
    assert refused.value.problems[0].place == "source_on"
    assert world.desk().stage(None) is Stage.NEW


def test_a_sheet_of_another_visit_is_named(world: PaperWorld) -> None:
    _randomise(world)
    visits = world.clinic.assessments(world.participant_id)
    later = next(
        visit
        for visit in visits.values()
        if visit.opens_on > date(2026, 2, 1) and visit.closes_on is not None
    )
    first = world.desk().assessment
    world.assessment_id = later.assessment_id

    with pytest.raises(InputRejected) as refused:
        world.open(source_on=SHEET_DAY, now=noon(later.opens_on))

    problem = refused.value.problems[0]
    assert "wrong visit" in problem.message
    assert (problem.values or {})["visit"] == first.protocol.visit_label(first.visit_code)


@pytest.mark.parametrize(
    "code", ["15-002 {visit}", "15-001 W99", "PRO2|reluth|15|15-001|W99|qlq-c30|3.0|abc"]
)
def test_the_code_of_another_sheet_is_refused(world: PaperWorld, code: str) -> None:
    visit = world.desk().assessment.visit_code
    with pytest.raises(InputRejected) as refused:
        world.open(sheet_code=code.format(visit=visit))
    assert refused.value.problems[0].place == "sheet_code"
    assert "wrong visit" in refused.value.problems[0].message


@pytest.mark.parametrize(
    "code", ["15-001 {visit}", "15001{visit}", "PRO2|reluth|15|15-001|{visit}|qlq-c30|3.0|a"]
)
def test_the_code_of_the_own_sheet_opens_it(world: PaperWorld, code: str) -> None:
    world.open(sheet_code=code.format(visit=world.desk().assessment.visit_code))
    assert world.desk().stage(world.clinic.nurse.account_id) is Stage.TYPE


def test_after_a_death_a_sheet_of_an_earlier_day_still_counts(world: PaperWorld) -> None:
    died_on = SHEET_DAY + timedelta(days=1)
    with world.clinic.writing() as session:
        record_event(
            session,
            participant_id=world.participant_id,
            kind="died",
            occurred_on=died_on,
            details={},
            actor=world.clinic.nurse,
            now=TYPED_AT,
        )
    with pytest.raises(InputRejected):
        world.open(source_on=died_on + timedelta(days=1))

    world.open()
    world.type()

    record = world.desk().assessment
    assert not record.expected or record.facts.closed
    assert record.state(TYPED_AT) is AssessmentState.SUBMITTED


def test_the_site_never_writes_over_what_the_person_said(world: PaperWorld) -> None:
    world.open()
    marks = world.marks("4")
    with world.clinic.writing() as session:
        save_marks(session, world.assessment_id, marks, actor=world.clinic.nurse, now=TYPED_AT)
    _tap(world, 1, 1)
    _tap(world, 2, None)

    desk = world.desk()
    assert desk.locked == {"qlq-c30:1"}
    world.type({key: mark for key, mark in marks.items() if key not in desk.locked}, now=TYPED_AT + LATER)

    answers = world.answers()
    assert (answers["qlq-c30:1"].value, answers["qlq-c30:1"].mode) == (1, "own_device")
    assert (answers["qlq-c30:2"].value, answers["qlq-c30:2"].mode) == (4, "paper")
    with world.clinic.database.reading() as session:
        aside = session.scalars(select(SetAsideAnswer)).one()
    assert (aside.item_number, aside.value, aside.reason) == (1, 4, "already_answered")


def test_a_form_sent_on_the_phone_meanwhile_stands_and_the_sheet_is_overtaken(world: PaperWorld) -> None:
    world.open()
    _tap(world, 1, 1)
    person = world.clinic.person(world.participant_id)
    with world.clinic.writing() as session:
        submit_assessment(
            session, assessment_id=world.assessment_id, respondent="self", actor=person, now=TYPED_AT
        )

    with pytest.raises(AlreadySubmitted):
        world.type(dict.fromkeys(world.marks(), "2"), now=TYPED_AT + LATER)

    assert world.desk().assessment.mode == "own_device"
    with world.clinic.database.reading() as session:
        assert session.scalars(select(PaperForm.closed_how)).all() == ["overtaken"]


def test_what_was_not_typed_is_named_and_nothing_is_filed(world: PaperWorld) -> None:
    world.open()
    marks = world.marks()
    del marks["qlq-ginet21:33"]
    with pytest.raises(InputRejected) as refused:
        world.type(marks)

    assert [problem.place for problem in refused.value.problems] == ["qlq-ginet21:33"]
    assert world.desk().assessment.submitted_at is None


def test_a_code_that_its_question_does_not_offer_is_named_and_the_rest_is_saved(world: PaperWorld) -> None:
    world.open()
    with world.clinic.writing() as session:
        marks = world.marks("2", c30_4="5", c30_7="8", c30_29="7")
        problems = save_marks(session, world.assessment_id, marks, actor=world.clinic.nurse, now=TYPED_AT)

    assert [problem.place for problem in problems] == ["qlq-c30:4", "qlq-c30:7"]
    kept = world.desk().own_marks(world.clinic.nurse.account_id)
    assert len(kept) == 49
    assert kept["qlq-c30:29"] == "7"


def test_a_code_that_its_question_does_not_offer_leaves_what_was_saved_before(world: PaperWorld) -> None:
    world.open()
    with world.clinic.writing() as session:
        save_marks(session, world.assessment_id, world.marks(), actor=world.clinic.nurse, now=TYPED_AT)
        marks = world.marks("2", c30_4="5")
        save_marks(session, world.assessment_id, marks, actor=world.clinic.nurse, now=TYPED_AT + LATER)

    assert world.desk().own_marks(world.clinic.nurse.account_id) == world.marks()


def test_a_sheet_that_was_put_aside_counts_nowhere_and_can_be_opened_anew(world: PaperWorld) -> None:
    world.open()
    with world.clinic.writing() as session:
        discard(session, world.assessment_id, reason="Wrong sheet.", actor=world.clinic.nurse, now=TYPED_AT)
    assert world.desk().stage(world.clinic.nurse.account_id) is Stage.NEW

    world.open(now=TYPED_AT + LATER)
    world.type(now=TYPED_AT + LATER)

    with world.clinic.database.reading() as session:
        assert session.scalars(select(PaperForm.closed_how).order_by(PaperForm.id)).all() == [
            "discarded",
            "filed",
        ]


def test_nobody_of_another_site_knows_of_the_sheet(world: PaperWorld) -> None:
    world.open()
    stranger = world.clinic.other_nurse
    with pytest.raises(NotFound), world.clinic.writing() as session:
        save_marks(session, world.assessment_id, {}, actor=stranger, now=TYPED_AT)
    with pytest.raises(NotFound), world.clinic.writing() as session:
        finish_entry(session, world.assessment_id, actor=stranger, now=TYPED_AT)
    with pytest.raises(NotFound):
        world.desk(stranger)


def test_every_step_is_in_the_audit_trail_and_a_draft_saved_twice_only_once(world: PaperWorld) -> None:
    world.open()
    for _ in range(2):
        with world.clinic.writing() as session:
            save_marks(session, world.assessment_id, world.marks(), actor=world.clinic.nurse, now=TYPED_AT)
    with world.clinic.writing() as session:
        finish_entry(session, world.assessment_id, actor=world.clinic.nurse, now=TYPED_AT)

    with world.clinic.database.reading() as session:
        written = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.subject_ref == f"assessment:{world.assessment_id}")
            .order_by(AuditEntry.id)
        ).all()
    assert written == ["paper.open", "paper.save", "paper.file"]


def _randomise(world: PaperWorld) -> date:
    """Give the window of the first visit its end."""
    world.clinic.record(world.participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    closes_on = world.desk().assessment.closes_on
    assert closes_on is not None
    return closes_on


def _tap(world: PaperWorld, item: int, value: int | None) -> None:
    state = "answered" if value else "left_blank"
    operation = Operation(f"tap-{item}", "qlq-c30", item, state, value)
    with world.clinic.writing() as session:
        save_operations(
            session,
            assessment_id=world.assessment_id,
            operations=[operation],
            actor=world.clinic.person(world.participant_id),
            now=TYPED_AT,
        )
