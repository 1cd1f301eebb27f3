"""What the demo's site does with forms: asks by telephone, types sheets of paper in, imports earlier ones."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from random import Random

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.demo.site_desk import SiteDesk
from pro_app.services.answer_import.importing import import_rows, read_import
from pro_app.services.answer_import.rows import ImportTask
from pro_app.services.answers import Operation, save_operations
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.paper.desk import load_desk
from pro_app.services.paper.entries import SheetHead, finish_entry, open_form, save_marks
from pro_app.services.paper.marks import ILLEGIBLE, Cell
from pro_app.services.submission import submit_assessment
from pro_app.services.visits import reopen_visit
from pro_app.storage.queries.assessments import AssessmentRecord

BEFORE_CLOSING = timedelta(days=3)
"""When a sheet was filled in."""
IMPORTED = "feuilles-avant-ouverture.csv"
MOST_ROWS = 100


def ask_by_telephone(desk: SiteDesk) -> None:
    """Reopen the visit that was missed last, and ask its questionnaire by telephone."""
    form = desk.missed[0]
    asker = replace(desk.nurse, mode=INTERVIEW, only_assessment_id=form.assessment_id)
    with desk.world.database.writing() as session:
        reason = "Patient(e) joint(e) par téléphone après une hospitalisation"
        reopen_visit(session, form.assessment_id, reason=reason, actor=desk.nurse, now=desk.now)
        save_operations(
            session,
            assessment_id=form.assessment_id,
            operations=list(_list_operations(session, form, asker)),
            actor=asker,
            now=desk.now,
        )
        submit_assessment(
            session, assessment_id=form.assessment_id, respondent="self", actor=asker, now=desk.now
        )


def leave_second_entry_due(desk: SiteDesk) -> None:
    """Type a sheet in as the investigator, so that the nurse is asked for the second entry."""
    form = desk.missed[1]
    _type_sheet(desk, form, desk.investigator)


def leave_differences(desk: SiteDesk) -> None:
    """Type a sheet in twice, with two items that were read differently."""
    form = desk.missed[2]
    _type_sheet(desk, form, desk.investigator)
    _type_sheet(desk, form, desk.nurse, misread=2)


def import_earlier_sheets(desk: SiteDesk) -> None:
    """Import the sheets of two visits from a table."""
    forms = desk.missed[3:5]
    with desk.world.database.reading() as session:
        rows = [
            {
                "participant_code": form.participant_code,
                "visit_code": form.visit_code,
                "source_on": _sheet_day(form).isoformat(),
                "respondent": "self",
                **_draw_marks(form, load_desk(session, form.assessment_id, actor=desk.nurse).cells),
            }
            for form in forms
        ]
    if rows:
        table = read_import(_make_table(rows), most_rows=MOST_ROWS)
        task = ImportTask(desk.world.study_id, IMPORTED, desk.nurse, desk.now)
        import_rows(table, task, open_row=desk.world.database.writing)


def _draw_marks(form: AssessmentRecord, cells: Sequence[Cell]) -> dict[str, str]:
    """Draw what stands on the sheet of a form, the same each time, every item answered."""
    random = Random(f"{form.participant_code}:{form.visit_code}:sheet")  # noqa: S311 -- play
    return {cell.key: str(random.choice(cell.values[: (len(cell.values) + 1) // 2])) for cell in cells}


def _make_table(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Write rows as a table for the import."""
    text = StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]), delimiter=";")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def _list_operations(session: Session, form: AssessmentRecord, asker: Actor) -> Iterator[Operation]:
    cells = load_desk(session, form.assessment_id, actor=asker).cells
    marks: Mapping[str, str] = _draw_marks(form, cells)
    for number, cell in enumerate(cells, 1):
        name = f"asked:{form.assessment_id}:{cell.key}"
        value = int(marks[cell.key])
        yield Operation(name, cell.instrument_code, cell.item_number, "answered", value, counter=number)


def _type_sheet(desk: SiteDesk, form: AssessmentRecord, typist: Actor, *, misread: int = 0) -> None:
    """Type the sheet of a form in as one of two people, the last `misread` items as illegible."""
    with desk.world.database.writing() as session:
        head = SheetHead(_sheet_day(form), "self", wants_second=True)
        open_form(session, form.assessment_id, head, actor=typist, now=desk.now)
        cells = load_desk(session, form.assessment_id, actor=typist).open_cells
        marks = _draw_marks(form, cells)
        for cell in cells[len(cells) - misread :]:
            marks[cell.key] = ILLEGIBLE
        save_marks(session, form.assessment_id, marks, actor=typist, now=desk.now)
        finish_entry(session, form.assessment_id, actor=typist, now=desk.now)


def _sheet_day(form: AssessmentRecord) -> date:
    return form.opens_on if form.closes_on is None else form.closes_on - BEFORE_CLOSING
