"""Whose turn it is with a sheet of paper, and what every step with it ends in: a record, or a filed form."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import AlreadySubmitted, InputRejected, NotPermitted, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.paper.desk import Desk, Stage, Typed, load_desk
from pro_app.services.paper.filing import FiledForm, SheetAnswer, file_form
from pro_app.services.paper.marks import read_mark
from pro_app.services.paper.rules import SheetDay, check_sheet_day
from pro_app.services.submission import Receipt, find_respondent
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.paper_forms import PaperForm

NAMESPACE = UUID("6f1f1a52-6f0b-4f5e-9b1e-6b0f2f7c5d10")
"""Under which the operations of sheets are named, so that the same cell is the same operation for ever."""

OTHER_PERSON = mark("You typed this sheet already: the second entry is another person's.")
OTHER_HANDS = mark("%(name)s is typing this sheet in.")
NOT_OPEN = mark("No sheet is open for this questionnaire.")
TYPING_ROLES = frozenset({"nurse", "investigator"})


def require_typist(actor: Actor) -> None:
    """Raise NotPermitted unless this is somebody of a site who has to do with sheets of paper."""
    if actor.kind != "staff" or actor.role not in TYPING_ROLES:
        raise NotPermitted("paper")


def claim_desk(session: Session, assessment_id: int, *, actor: Actor) -> Desk:
    """Lock what an entry may end in filing, the person first, and refuse a form that was sent.

    Raises NotPermitted, NotFound and AlreadySubmitted.
    """
    require_typist(actor)
    lock_participant_of_form(session, assessment_id)
    desk = load_desk(session, assessment_id, actor=actor, lock=True)
    sent_at = desk.assessment.submitted_at
    if sent_at is not None:
        raise AlreadySubmitted(assessment_id, sent_at, desk.assessment.receipt_code or "")
    return desk


def require_turn(desk: Desk, actor: Actor) -> tuple[PaperForm, Typed | None]:
    """Give the open sheet and one's own entry, None before the second one is begun; raises InputRejected."""
    stage = desk.stage(actor.account_id)
    if desk.form is None:
        raise InputRejected((Problem(NOT_OPEN),))
    if stage is Stage.IN_OTHER_HANDS:
        raise InputRejected((Problem(OTHER_HANDS, {"name": desk.typed[-1].name}),))
    if stage is not Stage.TYPE:
        raise InputRejected((Problem(OTHER_PERSON),))
    own = [typed for typed in desk.typed if typed.account_id == actor.account_id]
    return desk.form, own[0] if own else None


def check_fileable(
    session: Session, desk: Desk, form: PaperForm, *, now: datetime, language: str = LANGUAGES[0]
) -> None:
    """Raise InputRejected where an open sheet can no longer be filed: its visit may have changed meanwhile.

    Asked before anything is written: a step that is refused leaves no half of itself behind.
    """
    day = SheetDay(form.source_on, form.late_reason)
    check_sheet_day(session, desk.assessment, day, now=now, language=language)
    find_respondent(desk.assessment, form.respondent)


def file_sheet(
    session: Session, desk: Desk, form: PaperForm, *, marks: Mapping[str, str], actor: Actor, now: datetime
) -> Receipt:
    """Close the sheet and file what it says, cells that were locked meanwhile included.

    Call `check_fileable` before anything of the step is written.
    """
    row = update(PaperForm).where(PaperForm.id == form.id)
    session.execute(row.values(closed_at=now, closed_how="filed"))
    answers = [
        SheetAnswer(
            str(uuid5(NAMESPACE, f"{form.id}:{cell.key}")),
            cell.instrument_code,
            cell.item_number,
            read_mark(marks[cell.key]),
        )
        for cell in desk.cells
        if cell.key in marks
    ]
    filed = FiledForm(
        answers,
        respondent=form.respondent,
        day=SheetDay(form.source_on, form.late_reason),
        entered_by=f"account:{desk.typed[0].account_id}",
    )
    return file_form(session, desk.assessment.assessment_id, filed, actor=actor, now=now)


def account_of(actor: Actor) -> int:
    """Give the account that acts; raises InputRejected where it is nobody of the site."""
    if actor.account_id is None:
        raise InputRejected((Problem(mark("A sheet is typed in by somebody of the site.")),))
    return actor.account_id


def record_on(session: Session, desk: Desk, change: Change, *, actor: Actor, now: datetime) -> None:
    """Record a change of the sheet of a visit, in the chain of its site."""
    record = desk.assessment
    record_change(session, change, actor=actor, site_id=record.site_id, now=now)
