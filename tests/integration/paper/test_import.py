"""Earlier paper forms from a table: each row a form or a reject, and the same table twice changes nothing."""

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
import xlsxwriter
from clinic_world import noon
from command_world import make_environment, make_runner
from paper_world import CONSENTED, SHEET_DAY, TYPED_AT, PaperWorld, make_row, make_table
from sqlalchemy import func, select

from pro_app.audit.actor import Actor, system_actor
from pro_app.errors import InputRejected, Problem
from pro_app.protocol.state import AssessmentState
from pro_app.services.answer_import.importing import ImportReport, import_rows, read_import
from pro_app.services.answer_import.records import (
    ImportSource,
    begin_import,
    finish_import,
    list_imports,
    name_import,
)
from pro_app.services.answer_import.rows import ImportTask
from pro_app.services.answer_import.tables import write_rejects, write_template
from pro_app.services.answers import Operation, save_operations
from pro_app.services.clarifications.rules import list_kinds, list_modes
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.scores import Score
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

COMMAND = system_actor("command", "import-answers")
MOST = 1_000


def run_import(
    world: PaperWorld, content: bytes, *, actor: Actor = COMMAND, keeps: bool = True
) -> ImportReport:
    """Import a table as the command does, each row in a transaction of its own."""
    task = ImportTask(world.clinic.study_id, "import:1", actor, TYPED_AT)
    table = read_import(content, most_rows=MOST)
    return import_rows(table, task, open_row=world.clinic.database.writing, keeps=keeps)


def say(report: ImportReport) -> list[tuple[int, str, str]]:
    """Give line, column and message of everything that was rejected."""
    return [
        (one.row.line, problem.place, problem.message) for one in report.rejected for problem in one.problems
    ]


def count(world: PaperWorld, table: type) -> int:
    """Count the rows of a table."""
    with world.clinic.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_row_becomes_the_form_of_its_visit_scored_and_without_reminders(world: PaperWorld) -> None:
    row = make_row(world, c30_3="9", c30_4="/", c30_5="-", c30_6="", c30_7="2.0")
    report = run_import(world, make_table(row))

    assert (report.filed, report.unchanged, report.rejected) == (1, 0, [])
    record = world.desk().assessment
    assert record.state(TYPED_AT) is AssessmentState.SUBMITTED
    assert (record.mode, record.source_on, record.completed_at) == ("paper", SHEET_DAY, noon(SHEET_DAY))
    said = {key: (a.state, a.value, a.remark) for key, a in world.answers().items()}
    assert said["qlq-c30:1"] == ("answered", 2, None)
    assert said["qlq-c30:3"] == ("left_blank", None, "illegible")
    assert said["qlq-c30:4"] == ("left_blank", None, "two_marks")
    assert said["qlq-c30:5"] == ("declined", None, None)
    assert said["qlq-c30:6"] == ("left_blank", None, None)
    assert said["qlq-c30:7"] == ("answered", 2, None)
    assert {answer.entered_by for answer in world.answers().values()} == {COMMAND.reference}
    assert count(world, Score) > 0
    with world.clinic.database.reading() as session:
        states = session.scalars(
            select(OutboxMessage.state).where(OutboxMessage.assessment_id == world.assessment_id)
        )
        assert set(states) == {"cancelled"}
        items = session.scalars(
            select(AuditPayload.items)
            .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
            .where(AuditEntry.action == "paper.file")
        ).one()
    assert {"field": "source", "before": None, "after": "import:1"} in (items or [])


def test_the_same_table_twice_changes_nothing(world: PaperWorld) -> None:
    content = make_table(make_row(world))
    run_import(world, content)
    before = count(world, Answer), count(world, AuditEntry)
    report = run_import(world, content)
    assert (report.filed, report.unchanged, report.rejected) == (0, 1, [])
    assert (count(world, Answer), count(world, AuditEntry)) == before


def test_other_answers_about_an_imported_form_are_rejected(world: PaperWorld) -> None:
    run_import(world, make_table(make_row(world)))
    report = run_import(world, make_table(make_row(world, c30_1="3")))
    assert [(line, column) for line, column, _ in say(report)] == [(2, "visit_code")]
    assert "says something else" in say(report)[0][2]
    assert world.answers()["qlq-c30:1"].value == 2


def test_a_form_that_came_otherwise_is_never_written_over(world: PaperWorld) -> None:
    world.open()
    world.type()
    report = run_import(world, make_table(make_row(world, c30_1="3")))
    assert "received already" in say(report)[0][2]
    assert world.answers()["qlq-c30:1"].value == 2


def test_what_the_person_said_on_the_phone_stands(world: PaperWorld) -> None:
    person = world.clinic.person(world.participant_id)
    operation = Operation("tap-1", "qlq-c30", 1, "answered", 4)
    with world.clinic.writing() as session:
        save_operations(
            session, assessment_id=world.assessment_id, operations=[operation], actor=person, now=TYPED_AT
        )
    report = run_import(world, make_table(make_row(world)))
    assert report.filed == 1
    assert world.answers()["qlq-c30:1"].value == 4
    assert count(world, SetAsideAnswer) == 1


@pytest.mark.parametrize(
    ("changes", "column", "says"),
    [
        ({"participant_code": "99-999"}, "participant_code", "no patient"),
        ({"visit_code": "W99"}, "visit_code", "no visit"),
        ({"respondent": "neighbour"}, "respondent", "can have answered"),
        ({"respondent": ""}, "respondent", "can have answered"),
        ({"source_on": "31/02/2026"}, "source_on", "is no day"),
        ({"source_on": ""}, "source_on", "is no day"),
        ({"source_on": (TYPED_AT.date() + timedelta(days=2)).isoformat()}, "source_on", "still to come"),
        ({"source_on": (CONSENTED - timedelta(days=2)).isoformat()}, "source_on", "before the consent"),
        ({"c30_1": "5"}, "qlq-c30:1", "is no code of it"),
        ({"c30_30": "22"}, "qlq-c30:30", "is no code of it"),
    ],
)
def test_a_row_that_cannot_be_is_rejected_by_its_column(
    world: PaperWorld, *, changes: dict[str, str], column: str, says: str
) -> None:
    report = run_import(world, make_table(make_row(world, **changes)))
    assert [(line, place) for line, place, _ in say(report)] == [(2, column)]
    assert says in say(report)[0][2]
    assert world.answers() == {}


def test_a_row_without_any_answer_is_no_form(world: PaperWorld) -> None:
    empty = make_row(world) | dict.fromkeys((cell.key for cell in world.desk().cells), "")
    report = run_import(world, make_table(empty))
    assert "No question is answered" in say(report)[0][2]


def test_a_good_row_is_filed_beside_bad_ones_and_two_of_one_visit_are_not_chosen_between(
    world: PaperWorld,
) -> None:
    bad = make_row(world, participant_code="99-999")
    report = run_import(world, make_table(bad, make_row(world), make_row(world, c30_1="4")))
    assert report.filed == 1
    assert [(line, column) for line, column, _ in say(report)] == [(2, "participant_code"), (4, "visit_code")]
    assert world.answers()["qlq-c30:1"].value == 2


def test_a_try_says_the_same_and_keeps_nothing(world: PaperWorld) -> None:
    before = count(world, Answer), count(world, AuditEntry)
    report = run_import(world, make_table(make_row(world)), keeps=False)
    assert report.filed == 1
    assert (count(world, Answer), count(world, AuditEntry)) == before
    assert world.desk().assessment.submitted_at is None


def test_a_sheet_that_somebody_types_in_is_left_to_them(world: PaperWorld) -> None:
    world.open()
    report = run_import(world, make_table(make_row(world)))
    assert "being typed in" in say(report)[0][2]


def test_a_nurse_imports_for_the_own_site_alone(world: PaperWorld) -> None:
    nurse = world.clinic.nurse
    elsewhere = Actor(
        kind="staff",
        role="nurse",
        request_id="test",
        study_id=nurse.study_id,
        site_ids=frozenset({world.clinic.site_id + 1000}),
        account_id=nurse.account_id,
    )
    report = run_import(world, make_table(make_row(world)), actor=elsewhere)
    missing = run_import(world, make_table(make_row(world, participant_code="99-999")), actor=elsewhere)
    assert say(report) == say(missing)
    assert run_import(world, make_table(make_row(world)), actor=nurse).filed == 1
    assert {a.entered_by for a in world.answers().values()} == {nurse.reference}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_parts_its_fields(world: PaperWorld, delimiter: str) -> None:
    assert run_import(world, make_table(make_row(world), delimiter=delimiter), keeps=False).filed == 1


@pytest.mark.parametrize("day", ["06/01/2026", "06.01.2026", "46028"])
def test_a_day_is_read_as_spreadsheets_write_it(world: PaperWorld, day: str) -> None:
    assert run_import(world, make_table(make_row(world, source_on=day))).filed == 1
    assert world.desk().assessment.source_on == date(2026, 1, 6)


def test_a_column_that_is_not_known_or_not_there_is_named(world: PaperWorld) -> None:
    with pytest.raises(InputRejected) as refused:
        read_import(make_table(make_row(world) | {"qlqc30_1": "2"}), most_rows=MOST)
    assert (refused.value.problems[0].values or {})["columns"] == "qlqc30_1"
    row = make_row(world)
    del row["qlq-c30:30"]
    assert say(run_import(world, make_table(row)))[0][1] == "qlq-c30:30"
    del row["source_on"]
    with pytest.raises(InputRejected) as refused:
        read_import(make_table(row), most_rows=MOST)
    assert (refused.value.problems[0].values or {})["missing"] == "source_on"


@pytest.mark.parametrize("changes", [{"source_on": "2026-01-07"}, {"respondent": "proxy"}])
def test_another_day_or_respondent_of_an_imported_form_is_no_unchanged_row(
    world: PaperWorld, changes: dict[str, str]
) -> None:
    run_import(world, make_table(make_row(world)))
    report = run_import(world, make_table(make_row(world, **changes)))
    assert (report.unchanged, len(report.rejected)) == (0, 1)


@pytest.mark.parametrize("place", [3, 9, 40])
def test_a_separator_too_many_or_a_row_cut_short_is_never_filed(world: PaperWorld, place: int) -> None:
    head, row = make_table(make_row(world)).decode().splitlines()
    fields = row.split(";")
    for broken in ([*fields[:place], "", *fields[place:]], fields[:place]):
        content = f"{head}\r\n{';'.join(broken)}\r\n".encode()
        report = run_import(world, content)
        assert report.filed == 0
        assert "more or fewer fields" in say(report)[0][2]


def test_empty_fields_beyond_the_columns_are_nothing(world: PaperWorld) -> None:
    head, row = make_table(make_row(world)).decode().splitlines()
    assert run_import(world, f"{head}\r\n{row};;\r\n".encode()).filed == 1


def test_an_answer_that_the_visit_does_not_ask_is_not_dropped_in_silence(world: PaperWorld) -> None:
    report = run_import(world, make_table(make_row(world) | {"qlq-pr25:1": "3"}))
    assert [(column, "does not ask" in why) for _, column, why in say(report)] == [("qlq-pr25:1", True)]
    assert run_import(world, make_table(make_row(world) | {"qlq-pr25:1": ""})).filed == 1


def test_a_workbook_is_read_and_a_cell_beyond_its_columns_is_a_misfit(world: PaperWorld) -> None:
    row = make_row(world)
    assert run_import(world, make_workbook(row), keeps=False).filed == 1
    report = run_import(world, make_workbook(row, beyond="2"))
    assert "more or fewer fields" in say(report)[0][2]


def make_workbook(row: dict[str, str], *, beyond: str = "") -> bytes:
    """Write one row as XLSX, with something in a cell beyond its columns."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(row))
    sheet.write_row(1, 0, [*row.values(), *([beyond] if beyond else [])])
    book.close()
    return stream.getvalue()


def test_a_form_that_was_moved_since_is_not_filed_a_second_time(world: PaperWorld) -> None:
    world.clinic.record(world.participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    content = make_table(make_row(world))
    run_import(world, content)
    here = world.assessment_id
    there = world.clinic.assessments(world.participant_id)["W08"].assessment_id
    swap_places(world, here, there)

    report = run_import(world, content)

    assert (report.filed, report.unchanged) == (0, 0)
    assert "was moved" in say(report)[0][2]


def swap_places(world: PaperWorld, one: int, other: int) -> None:
    """Let two forms change places, as an accepted correction does."""
    with world.clinic.writing() as session:
        first, second = (session.get_one(Assessment, key) for key in (one, other))
        places = (first.visit_code, first.planned_visit_id), (second.visit_code, second.planned_visit_id)
        first.ordinal = 9
        session.flush()
        second.visit_code, second.planned_visit_id = places[0]
        session.flush()
        first.visit_code, first.planned_visit_id = places[1]
        first.ordinal = 0


def test_the_text_of_a_table_can_be_stored(world: PaperWorld) -> None:
    with pytest.raises(InputRejected):
        run_import(world, make_table(make_row(world, late_reason="a\x00b")))


def test_the_day_of_a_form_that_the_command_filed_can_be_corrected(world: PaperWorld) -> None:
    run_import(world, make_table(make_row(world)))
    assert "date" in list_kinds(world.desk().assessment)
    assert set(list_modes(world.desk().assessment)) == {"interview"}


def test_an_import_is_on_record_with_its_counts(world: PaperWorld) -> None:
    nurse, content = world.clinic.nurse, make_table(make_row(world))
    source = ImportSource(world.clinic.study_id, world.clinic.site_id, "earlier.csv", content)
    with world.clinic.writing() as session:
        number = begin_import(session, source, actor=nurse, now=TYPED_AT)
    report = run_import(world, content, actor=nurse)
    with world.clinic.writing() as session:
        finish_import(session, number, report, actor=nurse, now=TYPED_AT)
    with world.clinic.database.reading() as session:
        (row,) = list_imports(session, study_id=world.clinic.study_id, site_id=world.clinic.site_id)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "answers.import")).one()
    assert (row.source_name, row.filed, row.unchanged, row.rejected) == ("earlier.csv", 1, 0, 0)
    assert (row.imported_by, row.finished_at) == (nurse.reference, TYPED_AT)
    assert entry.subject_ref == name_import(number)


def test_the_table_to_fill_in_can_be_handed_in_once_it_is_filled(world: PaperWorld) -> None:
    site_id = world.clinic.site_id
    with world.clinic.database.reading() as session:
        text = write_template(session, actor=world.clinic.nurse, site_id=site_id, now=TYPED_AT)
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert [(row["participant_code"], row["visit_code"]) for row in rows] == [
        (world.desk().assessment.participant_code, world.desk().assessment.visit_code)
    ]
    filled = rows[0] | {"source_on": "2026-01-06", "respondent": "self"}
    filled |= {cell.key: "2" for cell in world.desk().cells}
    assert run_import(world, make_table(filled)).filed == 1


def test_rejected_rows_come_back_with_why_and_are_taken_once_they_are_mended(world: PaperWorld) -> None:
    def put(problem: Problem) -> str:
        return problem.message % (problem.values or {})

    content = make_table(make_row(world, c30_1="5", late_reason="=1+1"))
    table = read_import(content, most_rows=MOST)
    report = run_import(world, content)
    text = StringIO(newline="")
    write_rejects(text, table.columns, report.rejected, say=put)
    (row,) = csv.DictReader(StringIO(text.getvalue().removeprefix("\ufeff")), delimiter=";")
    assert row["rejected_column"] == "qlq-c30:1"
    assert "is no code of it" in row["rejected_why"]
    assert row["late_reason"] == "'=1+1"
    assert run_import(world, make_table(row | {"qlq-c30:1": "3"})).filed == 1


def test_the_command_files_a_table_says_what_it_rejected_and_takes_the_mended_rows(
    world: PaperWorld, contacts_url: str, tmp_path: Path
) -> None:
    run = make_runner(make_environment(world.clinic.database, contacts_url), "import-answers")
    table, rejects = tmp_path / "earlier.csv", tmp_path / "rejects.csv"
    table.write_bytes(make_table(make_row(world, c30_1="5")))

    tried = run(table, "--dry-run", "--rejects", rejects)
    assert (tried.exit_code, "Rejected: 1" in tried.output) == (3, True)
    assert "column qlq-c30:1" in tried.output
    text = rejects.read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(StringIO(text), delimiter=";")
    rejects.write_bytes(make_table(row | {"qlq-c30:1": "3"}))
    done = run(rejects)
    again = run(rejects)

    assert (done.exit_code, "Forms filed: 1." in done.output) == (0, True)
    assert (again.exit_code, "Filed before: 1." in again.output) == (0, True)
    assert world.answers()["qlq-c30:1"].value == 3


def test_the_command_refuses_a_file_that_is_not_there_or_no_table(
    world: PaperWorld, contacts_url: str, tmp_path: Path
) -> None:
    run = make_runner(make_environment(world.clinic.database, contacts_url), "import-answers")
    assert run(tmp_path / "nothing.csv").exit_code == 2
    (tmp_path / "empty.csv").write_bytes(b"")
    assert run(tmp_path / "empty.csv").exit_code == 2
