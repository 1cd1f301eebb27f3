"""Typing a sheet of paper in: opening it, saving what was typed, finishing, putting it aside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.paper.marks import Cell, check_marks, list_differences, list_untyped, name_cell
from pro_app.services.paper.rules import LONGEST_REASON, SheetDay, check_sheet_code, check_sheet_day
from pro_app.services.paper.turns import (
    NOT_OPEN,
    account_of,
    check_fileable,
    claim_desk,
    file_sheet,
    record_on,
    require_turn,
)
from pro_app.services.submission import Receipt, find_respondent
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm


@dataclass(frozen=True, slots=True)
class SheetHead:
    """What is said about a sheet before it is typed in."""

    source_on: date
    respondent: str
    sheet_code: str = ""
    wants_second: bool = False
    late_reason: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of finishing an entry; `receipt` is that of a form that was filed."""

    outcome: Literal["filed", "second_due", "differences"]
    receipt: Receipt | None = None


def open_form(
    session: Session,
    assessment_id: int,
    head: SheetHead,
    *,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> None:
    """Open the sheet of a visit for typing; one that is open already stays as it is.

    Raises AlreadySubmitted where the form was sent, InputRejected for a day, a code or a respondent that
    cannot be.
    """
    desk = claim_desk(session, assessment_id, actor=actor)
    if desk.form is not None:
        return
    assessment = desk.assessment
    check_sheet_code(assessment, head.sheet_code)
    day = SheetDay(head.source_on, head.late_reason.strip() or None)
    check_sheet_day(session, assessment, day, now=now, language=language)
    find_respondent(assessment, head.respondent)
    form = PaperForm(
        assessment_id=assessment_id,
        source_on=day.source_on,
        respondent=head.respondent,
        wants_second=head.wants_second,
        late_reason=day.late_reason,
        opened_at=now,
        opened_by_id=account_of(actor),
    )
    session.add(form)
    session.flush()
    _add_entry(session, form, ordinal=1, marks={}, actor=actor, now=now)
    items = {
        "source_on": day.source_on.isoformat(),
        "respondent": head.respondent,
        "wants_second": head.wants_second,
        "sheet_code": bool(head.sheet_code.strip()),
    }
    facts: list[dict[str, object]] = [{"field": k, "before": None, "after": v} for k, v in items.items()]
    opened = Change("paper.open", desk.subject, facts, reason=day.late_reason)
    record_on(session, desk, opened, actor=actor, now=now)


def save_marks(
    session: Session, assessment_id: int, marks: Mapping[str, str], *, actor: Actor, now: datetime
) -> list[Problem]:
    """Save what was typed so far, and give what does not fit its item: that is all that is not saved.

    An item of which nothing usable was typed keeps what was saved of it before. Raises InputRejected where it
    is not this person's turn, AlreadySubmitted where the form was sent meanwhile.
    """
    desk = claim_desk(session, assessment_id, actor=actor)
    form, own = require_turn(desk, actor)
    problems = check_marks(desk.open_cells, marks)
    wrong = {problem.place for problem in problems}
    good = {
        cell.key: marks[cell.key] for cell in desk.open_cells if marks.get(cell.key) and cell.key not in wrong
    }
    before = dict(own.marks) if own else {}
    # What the person answered since stays typed: filing keeps it beside the form.
    kept = desk.locked | wrong
    good |= {key: character for key, character in before.items() if key in kept}
    if own is None:
        _add_entry(session, form, ordinal=2, marks=good, actor=actor, now=now)
    elif good != before:
        entry = update(PaperEntry).where(
            PaperEntry.paper_form_id == form.id, PaperEntry.account_id == own.account_id
        )
        session.execute(entry.values(marks=good, saved_at=now))
    changed: list[dict[str, object]] = [
        {"field": cell.key, "before": before.get(cell.key), "after": good.get(cell.key)}
        for cell in desk.cells
        if before.get(cell.key) != good.get(cell.key)
    ]
    if changed:
        ordinal = own.ordinal if own else 2
        changed.insert(0, {"field": "entry", "before": None, "after": ordinal})
        record_on(session, desk, Change("paper.save", desk.subject, changed), actor=actor, now=now)
    return problems


def finish_entry(
    session: Session, assessment_id: int, *, actor: Actor, now: datetime, language: str = LANGUAGES[0]
) -> Finished:
    """Finish one's entry: the form is filed, or waits for the second entry or for a decision.

    Raises AlreadySubmitted where the person sent the form meanwhile, and InputRejected where something was
    not typed yet, where it is not this person's turn, or where the day of the sheet cannot be any more.
    """
    desk = claim_desk(session, assessment_id, actor=actor)
    form, own = require_turn(desk, actor)
    check_fileable(session, desk, form, now=now, language=language)
    marks = own.marks if own else {}
    untyped = say_untyped(desk.open_cells, marks)
    if untyped:
        raise InputRejected(tuple(untyped))
    entry = update(PaperEntry).where(
        PaperEntry.paper_form_id == form.id, PaperEntry.account_id == account_of(actor)
    )
    session.execute(entry.values(finished_at=now))
    if own is None or (own.ordinal == 1 and not form.wants_second):
        return Finished("filed", file_sheet(session, desk, form, marks=marks, actor=actor, now=now))
    done: list[dict[str, object]] = [{"field": "finished_entry", "before": None, "after": own.ordinal}]
    record_on(session, desk, Change("paper.save", desk.subject, done), actor=actor, now=now)
    if own.ordinal == 1:
        return Finished("second_due")
    if list_differences(desk.open_cells, desk.typed[0].marks, marks):
        return Finished("differences")
    return Finished("filed", file_sheet(session, desk, form, marks=marks, actor=actor, now=now))


def discard(session: Session, assessment_id: int, *, reason: str, actor: Actor, now: datetime) -> None:
    """Put an open sheet aside without filing it; what was typed stays on record, and counts nowhere."""
    desk = claim_desk(session, assessment_id, actor=actor)
    said = reason.strip()
    if desk.form is None:
        raise InputRejected((Problem(NOT_OPEN),))
    if not said or len(said) > LONGEST_REASON:
        raise InputRejected((Problem(mark("Say why, in at most 500 characters."), place="reason"),))
    row = update(PaperForm).where(PaperForm.id == desk.form.id)
    session.execute(row.values(closed_at=now, closed_how="discarded", discard_reason=said))
    record_on(session, desk, Change("paper.discard", desk.subject, [], reason=said), actor=actor, now=now)


def _add_entry(
    session: Session,
    form: PaperForm,
    *,
    ordinal: int,
    marks: dict[str, str],
    actor: Actor,
    now: datetime,
) -> None:
    account_id = account_of(actor)
    entry = PaperEntry(
        paper_form_id=form.id, ordinal=ordinal, account_id=account_id, marks=marks, saved_at=now
    )
    session.add(entry)
    session.flush()


def say_untyped(cells: Iterable[Cell], marks: Mapping[str, str]) -> list[Problem]:
    """Say of each item into whose cell nothing was typed yet that this is so; `place` is its key."""
    message = mark("%(instrument)s, question %(item)s: nothing typed yet. Type 0 where the sheet is empty.")
    return [Problem(message, name_cell(cell), place=cell.key) for cell in list_untyped(cells, marks)]
