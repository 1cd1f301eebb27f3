"""What a statistician sees of forms that came on paper: their day, who typed them, what nobody could read."""

import polars as pl
import pytest
from clinic_world import Clinic
from export_world import export, open_dataset, tidy_tables
from paper_world import LATER, SHEET_DAY, TYPED_AT, PaperWorld, build_paper_world
from sqlalchemy import update

from pro_app.services.paper.decisions import Decision, decide
from pro_app.services.paper.entries import save_marks
from pro_app.storage.queries.beside_forms import list_beside_forms
from pro_app.storage.queries.paper_forms import list_double_entered
from pro_app.storage.tables.assessments import Assessment

NOW = TYPED_AT + LATER


@pytest.fixture
def world(clinic: Clinic) -> PaperWorld:
    """Enrol a patient whose questionnaire came back on paper."""
    return build_paper_world(clinic)


def test_a_sheet_typed_twice_has_its_day_and_its_remarks_in_the_tables(world: PaperWorld) -> None:
    world.open(wants_second=True)
    world.type(world.marks("2", c30_3="9", c30_4="/"))
    world.type(world.marks("2", c30_3="9", c30_4="/", c30_5="3"), actor=world.colleague)
    made = {"qlq-c30:5": Decision("3", "The 3 is circled.")}
    with world.clinic.writing() as session:
        decide(session, world.assessment_id, made, actor=world.colleague, now=TYPED_AT)

    tables = tidy_tables(world.clinic, now=NOW)

    [form] = tables.frames["assessments"].filter(pl.col("received")).to_dicts()
    assert (form["mode"], form["source_on"], form["observed_on"]) == ("paper", SHEET_DAY, SHEET_DAY)
    assert (form["double_entered"], form["valid"]) == (True, True)
    items = tables.frames["items"].filter(pl.col("instrument") == "qlq-c30").sort("item").to_dicts()
    assert [(row["state"], row["value"], row["remark"]) for row in items[2:5]] == [
        ("left_blank", None, "illegible"),
        ("left_blank", None, "two_marks"),
        ("answered", 3, None),
    ]
    assert {row["entered_by"] for row in items} == {"staff"}
    assert tables.differences == []


def test_a_sheet_typed_once_is_said_to_be_so_and_its_audit_entry_has_the_values(world: PaperWorld) -> None:
    world.open()
    world.type()

    files = open_dataset(export(world.clinic, now=NOW))

    [form] = [row for row in files.table("assessments") if row["received"] == "1"]
    assert (form["double_entered"], form["source_on"]) == ("0", SHEET_DAY.isoformat())
    filed = [row for row in files.table("audit_trail") if row["action"] == "paper.file"]
    assert ("qlq-c30:1", "2") in {(row["field"], row["after"]) for row in filed}
    saved = [row for row in files.table("audit_trail") if row["action"] == "paper.save"]
    assert {row["after"] for row in saved} == {""}


def test_what_a_sheet_says_about_an_item_answered_before_is_counted_and_never_as_too_late(
    world: PaperWorld,
) -> None:
    world.open()
    with world.clinic.writing() as session:
        save_marks(session, world.assessment_id, world.marks("4"), actor=world.clinic.nurse, now=TYPED_AT)
    visit_code = world.desk().assessment.visit_code
    world.clinic.answer(world.participant_id, visit_code, TYPED_AT.date(), submit=False, items=2)
    desk = world.desk()
    world.type({key: "4" for key in world.marks() if key not in desk.locked}, now=NOW)

    with world.clinic.database.reading() as session:
        beside = list_beside_forms(session, [world.participant_id])[world.assessment_id]
    assert (beside.answered_before, beside.set_aside, beside.last_received_at) == (2, 0, None)
    tables = tidy_tables(world.clinic, now=NOW)
    [form] = tables.frames["assessments"].filter(pl.col("received")).to_dicts()
    assert form["set_aside"] == 2
    [remark] = [remark for remark in tables.remarks if remark.code == "set_aside"]
    assert "paper.file" in remark.en


def test_only_a_form_on_paper_was_typed_in_twice(world: PaperWorld) -> None:
    world.open(wants_second=True)
    world.type()
    world.type(actor=world.colleague)

    def listed() -> frozenset[int]:
        with world.clinic.database.reading() as session:
            return list_double_entered(session, [world.participant_id])

    assert listed() == {world.assessment_id}
    with world.clinic.writing() as session:
        session.execute(update(Assessment).values(submitted_mode="own_device"))
    assert listed() == frozenset()
