"""Deciding what a sheet says where two people read something else, item by item and with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.paper.desk import Desk, Stage
from pro_app.services.paper.marks import Cell, list_differences, name_cell
from pro_app.services.paper.rules import LONGEST_REASON
from pro_app.services.paper.turns import account_of, check_fileable, claim_desk, file_sheet, record_on
from pro_app.services.submission import Receipt
from pro_app.storage.tables.paper_forms import PaperForm


@dataclass(frozen=True, slots=True)
class Decision:
    """What an item of which two people read something else is to say, and why."""

    character: str
    reason: str


def list_open_differences(desk: Desk) -> list[Cell]:
    """List the items about which two finished entries differ, and which nobody decided yet."""
    if len(desk.typed) < 2:  # noqa: PLR2004 -- it takes two to differ
        return []
    return list_differences(desk.open_cells, desk.typed[0].marks, desk.typed[1].marks)


def decide(
    session: Session,
    assessment_id: int,
    decisions: Mapping[str, Decision],
    *,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> Receipt:
    """Decide every item about which two entries differ, with a reason each, and file the form.

    Raises InputRejected naming each item without a decision or a reason, where nothing is to be decided, or
    where the day of the sheet cannot be any more; AlreadySubmitted where the form was sent meanwhile.
    """
    desk = claim_desk(session, assessment_id, actor=actor)
    form = desk.form
    if form is None or desk.stage(actor.account_id) is not Stage.DIFFERENCES:
        raise InputRejected((Problem(mark("There is nothing to decide about this questionnaire.")),))
    check_fileable(session, desk, form, now=now, language=language)
    differing = list_open_differences(desk)
    problems = [problem for cell in differing for problem in _check_decision(cell, decisions.get(cell.key))]
    if problems:
        raise InputRejected(tuple(problems))
    made = {cell.key: decisions[cell.key] for cell in differing}
    values = {key: {"mark": d.character, "reason": d.reason.strip()} for key, d in made.items()}
    row = update(PaperForm).where(PaperForm.id == form.id)
    session.execute(row.values(decisions=values, decided_at=now, decided_by_id=account_of(actor)))
    first, second = desk.typed
    items: list[dict[str, object]] = [
        {
            "field": key,
            "before": f"{first.marks.get(key)} | {second.marks.get(key)}",
            "after": decision.character,
            "reason": decision.reason.strip(),
        }
        for key, decision in made.items()
    ]
    record_on(session, desk, Change("paper.decide", desk.subject, items), actor=actor, now=now)
    marks = dict(first.marks) | {key: decision.character for key, decision in made.items()}
    return file_sheet(session, desk, form, marks=marks, actor=actor, now=now)


def _check_decision(cell: Cell, decision: Decision | None) -> list[Problem]:
    """Check the decision about one item; `place` is the key of its cell, or of its reason."""
    names = name_cell(cell)
    if decision is None or len(decision.character) != 1 or decision.character not in cell.codes:
        message = mark("%(instrument)s, question %(item)s: choose what the sheet says (%(codes)s).")
        return [Problem(message, names, place=cell.key)]
    if not decision.reason.strip() or len(decision.reason.strip()) > LONGEST_REASON:
        message = mark("%(instrument)s, question %(item)s: say why, in at most 500 characters.")
        return [Problem(message, names, place=f"why-{cell.key}")]
    return []
