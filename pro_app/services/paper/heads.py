"""Correcting what was said about a sheet while it is open: its day, who filled it in, why it counts late."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES
from pro_app.services.paper.entries import SheetHead
from pro_app.services.paper.rules import SheetDay, check_sheet_day
from pro_app.services.paper.turns import NOT_OPEN, claim_desk, record_on
from pro_app.services.submission import find_respondent
from pro_app.storage.tables.paper_forms import PaperForm

HEAD_FIELDS = frozenset({"source_on", "respondent", "late_reason"})
"""What can be corrected; a problem of one of these places is no fault of a cell."""


def correct_head(
    session: Session,
    assessment_id: int,
    head: SheetHead,
    *,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
) -> None:
    """Correct the day, the respondent and the late reason of an open sheet; what was typed stays as it is.

    Raises AlreadySubmitted where the form was sent, InputRejected where no sheet is open, or for a day or a
    respondent that cannot be.
    """
    desk = claim_desk(session, assessment_id, actor=actor)
    form = desk.form
    if form is None:
        raise InputRejected((Problem(NOT_OPEN),))
    day = SheetDay(head.source_on, head.late_reason.strip() or None)
    check_sheet_day(session, desk.assessment, day, now=now, language=language)
    find_respondent(desk.assessment, head.respondent)
    said = {"source_on": day.source_on, "respondent": head.respondent, "late_reason": day.late_reason}
    changed: list[dict[str, object]] = [
        {"field": name, "before": _plain(getattr(form, name)), "after": _plain(value)}
        for name, value in said.items()
        if getattr(form, name) != value
    ]
    if not changed:
        return
    session.execute(update(PaperForm).where(PaperForm.id == form.id).values(**said))
    record_on(session, desk, Change("paper.correct", desk.subject, changed), actor=actor, now=now)


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
