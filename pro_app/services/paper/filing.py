"""Filing a form that came on paper: its answers under the day of the sheet, none over the person's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.services.paper.marks import Said
from pro_app.services.paper.rules import SheetDay, check_sheet_day, find_finishing
from pro_app.services.responses import begin_earlier, refuse_answering, require_reachable
from pro_app.services.submission import (
    Receipt,
    SentForm,
    Sheet,
    conclude_form,
    find_respondent,
    load_sheets,
)
from pro_app.storage.database import write_rows
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

PAPER = "paper"
ALREADY_ANSWERED = "already_answered"


@dataclass(frozen=True, slots=True)
class SheetAnswer:
    """What the sheet says about one item; `operation_id` is the same one however often it is filed."""

    operation_id: str
    instrument_code: str
    item_number: int
    said: Said


@dataclass(frozen=True, slots=True)
class FiledForm:
    """A whole sheet as it was typed in; `entered_by` is the reference of who typed it first.

    `source` names the import that it came by, where it was no entry in the grid.
    """

    answers: Sequence[SheetAnswer]
    respondent: str
    day: SheetDay
    entered_by: str
    mode: str = PAPER
    source: str | None = None


@dataclass(slots=True)
class _Filing:
    """What is written about one sheet: rows in the form, rows beside it, and the lines of the audit entry."""

    assessment_id: int
    filed: FiledForm
    finished_at: datetime
    now: datetime
    kept: list[Answer]
    aside: list[SetAsideAnswer]
    items: list[dict[str, object]]

    def take(self, answer: SheetAnswer, sheet: Sheet) -> None:
        """Keep one answer in the form, or beside it where the person said something about the item."""
        standing = sheet.answers.get(answer.item_number)
        if standing is not None and (standing.state != "left_blank" or not answer.said.says_something):
            if answer.said.says_something:
                self.aside.append(self._make_aside(answer))
                self._tell(answer, standing, ALREADY_ANSWERED)
            return
        if standing is not None:
            standing.superseded_at = self.now
        row = self._make_answer(answer, sheet.response_id)
        sheet.answers[answer.item_number] = row
        self.kept.append(row)
        self._tell(answer, standing, "in_force")

    def _make_answer(self, answer: SheetAnswer, response_id: int) -> Answer:
        return Answer(response_id=response_id, **self._list_columns(answer))

    def _make_aside(self, answer: SheetAnswer) -> SetAsideAnswer:
        return SetAsideAnswer(
            assessment_id=self.assessment_id,
            instrument_code=answer.instrument_code,
            reason=ALREADY_ANSWERED,
            **self._list_columns(answer),
        )

    def _list_columns(self, answer: SheetAnswer) -> dict[str, Any]:
        """Give what a row says of an answer, whether it counts or is kept beside the form."""
        return {
            "operation_id": answer.operation_id,
            "item_number": answer.item_number,
            "state": answer.said.state,
            "value": answer.said.value,
            "remark": answer.said.remark,
            "mode": self.filed.mode,
            "entered_by": self.filed.entered_by,
            "counter": 0,
            "answered_at": self.finished_at,
            "received_at": self.now,
        }

    def _tell(self, answer: SheetAnswer, standing: Answer | None, outcome: str) -> None:
        said = answer.said
        self.items.append(
            {
                "field": f"{answer.instrument_code}:{answer.item_number}",
                "before": None if standing is None else standing.value or standing.state,
                "after": said.value or said.remark or said.state,
                "operation": answer.operation_id,
                "outcome": outcome,
            }
        )


def file_form(
    session: Session, assessment_id: int, filed: FiledForm, *, actor: Actor, now: datetime
) -> Receipt:
    """File a sheet of paper as the form of its visit, scored, with a receipt, in one step.

    It counts from the day on the sheet: a closed window is no obstacle. Nothing that the person said stands
    back; what the sheet says about such an item is kept beside the form. Raises AlreadySubmitted where the
    form was sent meanwhile, InputRejected for a day or a respondent that cannot be, NotFound.
    """
    lock_participant_of_form(session, assessment_id)
    assessment = load_assessment(session, assessment_id, lock=True)
    require_reachable(assessment, actor)
    if assessment.submitted_at is not None:
        raise refuse_answering(assessment, now)
    check_sheet_day(session, assessment, filed.day, now=now)
    respondent = find_respondent(assessment, filed.respondent)
    finished_at = find_finishing(assessment, filed.day.source_on, now=now)
    sheets = load_sheets(session, assessment, now=finished_at)
    begin_earlier(session, assessment, at=finished_at)
    filing = _Filing(assessment_id, filed, finished_at, now, kept=[], aside=[], items=[])
    by_code = {sheet.asked.instrument.code: sheet for sheet in sheets}
    for answer in filed.answers:
        filing.take(answer, by_code[answer.instrument_code])
    # What was superseded is written first: only one answer to an item may be in force at any moment.
    write_rows(session, filing.kept)
    write_rows(session, filing.aside)
    sent = SentForm(
        respondent,
        finished_at,
        filed.mode,
        source_on=filed.day.source_on,
        action="paper.file",
        audit_items=[*_list_facts(filed), *filing.items],
        reason=filed.day.late_reason,
    )
    return conclude_form(session, assessment, sheets, sent=sent, actor=actor, now=now)


def _list_facts(filed: FiledForm) -> list[dict[str, object]]:
    facts: dict[str, date | str] = {
        "source_on": filed.day.source_on.isoformat(),
        "mode": filed.mode,
        "entered_by": filed.entered_by,
    }
    if filed.source is not None:
        facts["source"] = filed.source
    return [{"field": name, "before": None, "after": value} for name, value in facts.items()]
