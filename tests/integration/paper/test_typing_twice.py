"""A sheet that two people type in: the second is another one, differences are decided, then it is filed."""

import pytest
from paper_world import LATER, TYPED_AT, PaperWorld
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from pro_app.errors import InputRejected
from pro_app.services.paper.decisions import Decision, decide, list_open_differences
from pro_app.services.paper.desk import Stage
from pro_app.services.paper.entries import save_marks
from pro_app.services.paper.matters import list_matters
from pro_app.services.paper.sheet import print_sheet
from pro_app.storage.queries.site_tasks import TaskScope
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.base import plain_table
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm


@pytest.fixture
def typed_once(world: PaperWorld) -> PaperWorld:
    """Have the nurse type the sheet, which is to be typed twice."""
    world.open(wants_second=True)
    assert world.type().outcome == "second_due"
    return world


def test_a_first_entry_waits_for_the_second(typed_once: PaperWorld) -> None:
    desk = typed_once.desk()

    assert desk.assessment.submitted_at is None
    assert desk.stage(typed_once.clinic.nurse.account_id) is Stage.SECOND_DUE
    assert desk.stage(typed_once.colleague.account_id) is Stage.TYPE
    assert desk.own_marks(typed_once.colleague.account_id) == {}


def test_two_entries_that_say_the_same_are_filed_as_the_first_ones(typed_once: PaperWorld) -> None:
    finished = typed_once.type(actor=typed_once.colleague)

    assert finished.outcome == "filed"
    assert {a.entered_by for a in typed_once.answers().values()} == {
        f"account:{typed_once.clinic.nurse.account_id}"
    }
    assert typed_once.desk().assessment.entered_by_id == typed_once.colleague.account_id


def test_the_same_person_is_refused_the_second_entry(typed_once: PaperWorld) -> None:
    with pytest.raises(InputRejected) as refused, typed_once.clinic.writing() as session:
        save_marks(session, typed_once.assessment_id, {}, actor=typed_once.clinic.nurse, now=TYPED_AT + LATER)

    assert "another person" in refused.value.problems[0].message


def test_the_database_has_no_second_entry_of_the_same_person(typed_once: PaperWorld) -> None:
    form = typed_once.desk().form
    assert form is not None
    again = {"paper_form_id": form.id, "ordinal": 2, "account_id": typed_once.clinic.nurse.account_id}
    with pytest.raises(IntegrityError), typed_once.clinic.writing() as session:
        session.execute(insert(plain_table(PaperEntry)), again | {"marks": {}, "saved_at": TYPED_AT})


def test_while_one_person_types_the_other_is_told_who(world: PaperWorld) -> None:
    world.open()
    with pytest.raises(InputRejected) as refused, world.clinic.writing() as session:
        save_marks(session, world.assessment_id, {}, actor=world.colleague, now=TYPED_AT)

    assert refused.value.problems[0].values == {"name": "Member 0"}


def test_differences_are_decided_with_a_reason_each_and_then_filed(typed_once: PaperWorld) -> None:
    second = typed_once.marks("2", c30_5="3", ginet21_40="9")
    assert typed_once.type(second, actor=typed_once.colleague).outcome == "differences"
    desk = typed_once.desk()
    assert [cell.key for cell in list_open_differences(desk)] == ["qlq-c30:5", "qlq-ginet21:40"]
    assert desk.assessment.submitted_at is None
    good = {
        "qlq-c30:5": Decision("3", "The 3 is circled twice."),
        "qlq-ginet21:40": Decision("9", "A stain."),
    }

    for missing in ({"qlq-c30:5": good["qlq-c30:5"]}, good | {"qlq-c30:5": Decision("3", " ")}, {}):
        with pytest.raises(InputRejected), typed_once.clinic.writing() as session:
            decide(session, typed_once.assessment_id, missing, actor=typed_once.colleague, now=TYPED_AT)
    with typed_once.clinic.writing() as session:
        decide(session, typed_once.assessment_id, good, actor=typed_once.clinic.nurse, now=TYPED_AT)

    answers = typed_once.answers()
    assert answers["qlq-c30:5"].value == 3
    assert answers["qlq-ginet21:40"].remark == "illegible"
    assert typed_once.desk().assessment.mode == "paper"
    with typed_once.clinic.database.reading() as session:
        form = session.scalars(select(PaperForm)).one()
        entry = select(AuditPayload.items).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        decided = session.scalars(entry.where(AuditEntry.action == "paper.decide")).one()
    assert form.decisions == {
        "qlq-c30:5": {"mark": "3", "reason": "The 3 is circled twice."},
        "qlq-ginet21:40": {"mark": "9", "reason": "A stain."},
    }
    assert (form.closed_how, form.decided_by_id) == ("filed", typed_once.clinic.nurse.account_id)
    assert decided[0] == {
        "field": "qlq-c30:5",
        "before": "2 | 3",
        "after": "3",
        "reason": "The 3 is circled twice.",
    }


def test_nothing_is_decided_before_both_have_finished(typed_once: PaperWorld) -> None:
    with pytest.raises(InputRejected), typed_once.clinic.writing() as session:
        decide(session, typed_once.assessment_id, {}, actor=typed_once.colleague, now=TYPED_AT)


def test_the_site_is_asked_for_what_is_next_and_for_nothing_once_it_is_filed(world: PaperWorld) -> None:
    def why() -> list[str]:
        scope = TaskScope(world.clinic.study_id, frozenset({world.clinic.site_id}))
        elsewhere = TaskScope(world.clinic.study_id, frozenset({world.clinic.other_site_id}))
        with world.clinic.database.reading() as session:
            assert list_matters(session, elsewhere, now=TYPED_AT) == []
            found = list_matters(session, scope, now=TYPED_AT)
        assert {matter.participant_id for matter in found} <= {world.participant_id}
        return [matter.why for matter in found]

    assert why() == []
    world.open(wants_second=True)
    assert why() == ["not_finished"]
    world.type()
    assert why() == ["entered_once"]
    world.type(world.marks("2", c30_5="3"), actor=world.colleague)
    assert why() == ["differs"]
    made = {"qlq-c30:5": Decision("3", "The 3 is circled.")}
    with world.clinic.writing() as session:
        decide(session, world.assessment_id, made, actor=world.colleague, now=TYPED_AT)
    assert why() == []


def test_the_code_of_a_printed_sheet_opens_it_and_no_other(world: PaperWorld) -> None:
    with world.clinic.writing() as session:
        sheet = print_sheet(session, world.assessment_id, actor=world.clinic.nurse, now=TYPED_AT)
    assert [part.code.split("|")[5] for part in sheet.parts] == ["qlq-c30", "qlq-ginet21"]
    other = sheet.parts[0].code.replace(sheet.assessment.participant_code, "15-999")
    with pytest.raises(InputRejected):
        world.open(sheet_code=other)

    world.open(sheet_code=sheet.parts[1].code)

    assert world.desk().stage(world.clinic.nurse.account_id) is Stage.TYPE
