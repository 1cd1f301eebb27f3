"""One row of an import: found, checked, and filed as the form of its visit like any sheet of paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.answer_import.columns import (
    DAY,
    LATE_REASON,
    PARTICIPANT,
    RESPONDENT,
    VISIT,
    read_day,
    read_marks,
)
from pro_app.services.paper.desk import Desk, load_desk
from pro_app.services.paper.filing import FiledForm, SheetAnswer, file_form
from pro_app.services.paper.marks import Said, check_marks, read_mark
from pro_app.services.paper.rules import SheetDay, check_sheet_day
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.participants import find_participant_by_code, lock_participant_of_form
from pro_app.storage.tables.answers import Answer

NAMESPACE = UUID("0f0f8f7e-6d0c-4c43-9a53-7f4f1f3f2b61")
"""Under which imported answers are named: one item of one visit of one patient is one operation for ever."""


class RowOutcome(StrEnum):
    """What came of a row that was not rejected."""

    FILED = "filed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ImportTask:
    """What all rows of one import have in common; `source` names it in the audit trail."""

    study_id: int
    source: str
    actor: Actor
    now: datetime
    language: str = LANGUAGES[0]


def file_row(session: Session, values: Mapping[str, str], task: ImportTask) -> RowOutcome:
    """File one row as a form on paper, or find that the very same was imported before.

    Raises InputRejected; `place` of each problem is the column.
    """
    assessment_id = _find_form(session, values, task)
    lock_participant_of_form(session, assessment_id)
    desk = load_desk(session, assessment_id, actor=task.actor, lock=True)
    marks = read_marks(desk.cells, values)
    problems = check_marks(desk.cells, marks)
    if problems:
        raise InputRejected(tuple(problems))
    said = {_name_operation(desk, key): read_mark(character) for key, character in marks.items()}
    if desk.assessment.submitted_at is not None:
        return _compare(session, desk, said, values=values)
    _require_new(session, said)
    if desk.form is not None:
        message = mark("A sheet is being typed in for this visit: file it or put it aside first.")
        raise InputRejected((Problem(message, place=VISIT),))
    day = SheetDay(read_day(values[DAY]), values.get(LATE_REASON) or None)
    _check_respondent(desk, values[RESPONDENT])
    check_sheet_day(session, desk.assessment, day, now=task.now, language=task.language)
    answers = [
        SheetAnswer(operation_id, *_split(key), answer)
        for (operation_id, answer), key in zip(said.items(), marks, strict=True)
    ]
    filed = FiledForm(
        answers,
        respondent=values[RESPONDENT],
        day=day,
        entered_by=task.actor.reference,
        source=task.source,
    )
    file_form(session, assessment_id, filed, actor=task.actor, now=task.now)
    return RowOutcome.FILED


def _find_form(session: Session, values: Mapping[str, str], task: ImportTask) -> int:
    """Find the form that a row is about; a patient of another site is one that is not there."""
    code, visit_code = values[PARTICIPANT], values[VISIT]
    person = find_participant_by_code(session, study_id=task.study_id, participant_code=code)
    if person is None or not task.actor.may_reach_site(person.study_id, person.site_id):
        message = mark("There is no patient “%(code)s”.")
        raise InputRejected((Problem(message, {"code": code[:40]}, place=PARTICIPANT),))
    forms = list_assessments(session, participant_id=person.id)
    for form in forms:
        if form.visit_code == visit_code:
            return form.assessment_id
    message = mark("This patient has no visit “%(visit)s”. There are: %(known)s.")
    known = ", ".join(dict.fromkeys(form.visit_code for form in forms))
    raise InputRejected((Problem(message, {"visit": visit_code[:40], "known": known}, place=VISIT),))


def _compare(
    session: Session, desk: Desk, said: Mapping[str, Said], *, values: Mapping[str, str]
) -> RowOutcome:
    """See whether a form that was received is this very row; a table that comes twice changes nothing."""
    found = _list_stored(session, said)
    wanted = {name: (answer.state, answer.value, answer.remark) for name, answer in said.items()}
    record = desk.assessment
    facts = (record.source_on, record.respondent) == (read_day(values[DAY]), values[RESPONDENT])
    if found and facts and all(wanted[name] == answer for name, answer in found.items()):
        return RowOutcome.UNCHANGED
    if found:
        message = mark("This form was imported before and says something else: ask for a correction of it.")
    else:
        message = mark("The form of this visit was received already; nothing is written over it.")
    raise InputRejected((Problem(message, place=VISIT),))


def _require_new(session: Session, said: Mapping[str, Said]) -> None:
    """Refuse a form that was imported for this visit and has been moved since, lest it stand twice."""
    if _list_stored(session, said):
        message = mark(
            "This form was imported before and was moved to another visit or patient since. A form that "
            "really belongs here is typed in on its page."
        )
        raise InputRejected((Problem(message, place=VISIT),))


def _list_stored(session: Session, said: Mapping[str, Said]) -> dict[str, tuple[str, int | None, str | None]]:
    """Read what stands of these operations, wherever their form is now."""
    stored = session.execute(
        select(Answer.operation_id, Answer.state, Answer.value, Answer.remark).where(
            Answer.operation_id.in_(said)
        )
    )
    return {operation_id: (state, value, remark) for operation_id, state, value, remark in stored}


def _check_respondent(desk: Desk, code: str) -> None:
    known = [respondent.code for respondent in desk.assessment.protocol.respondents]
    if code not in known:
        message = mark("“%(code)s” is nobody who can have answered; write one of: %(known)s.")
        values: dict[str, str | int] = {"code": code[:40], "known": ", ".join(known)}
        raise InputRejected((Problem(message, values, place=RESPONDENT),))


def _name_operation(desk: Desk, key: str) -> str:
    # By patient and visit, which the table names: a form may have been moved to another place since.
    record = desk.assessment
    return str(uuid5(NAMESPACE, f"{record.participant_id}:{record.visit_code}:{key}"))


def _split(key: str) -> tuple[str, int]:
    code, _, number = key.rpartition(":")
    return code, int(number)
