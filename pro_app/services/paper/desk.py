"""What lies on the desk for one visit: its grid, the sheet that is being typed in, and who has to do what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.services.paper.marks import Cell
from pro_app.services.responses import AskedInstrument, list_asked_instruments, require_reachable
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm


class Stage(StrEnum):
    """What there is to do next with the sheet of a visit, for the person who asks."""

    SENT = "sent"
    NEW = "new"
    TYPE = "type"
    IN_OTHER_HANDS = "in_other_hands"
    SECOND_DUE = "second_due"
    DIFFERENCES = "differences"


@dataclass(frozen=True, slots=True)
class Typed:
    """What one person typed so far; `name` is the person's as colleagues read it."""

    ordinal: int
    account_id: int
    name: str
    marks: Mapping[str, str]
    saved_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """The sheet of one visit. `locked` are the keys of items that the person answered already.

    `form` is the sheet that is open, or the last one of a form that was sent; `typed` is in order.
    """

    assessment: AssessmentRecord
    asked: tuple[AskedInstrument, ...]
    cells: tuple[Cell, ...]
    locked: frozenset[str]
    form: PaperForm | None
    typed: tuple[Typed, ...]

    @property
    def subject(self) -> str:
        """What the audit trail calls the form."""
        return f"assessment:{self.assessment.assessment_id}"

    @property
    def open_cells(self) -> tuple[Cell, ...]:
        """The cells into which something is to be typed."""
        return tuple(cell for cell in self.cells if cell.key not in self.locked)

    def stage(self, account_id: int | None) -> Stage:
        """Say what is next for this account."""
        if self.assessment.submitted_at is not None:
            return Stage.SENT
        if self.form is None:
            return Stage.NEW
        last = self.typed[-1]
        if last.finished_at is None:
            return Stage.TYPE if last.account_id == account_id else Stage.IN_OTHER_HANDS
        if last.ordinal == 2:  # noqa: PLR2004 -- a sheet is typed twice at most
            return Stage.DIFFERENCES
        return Stage.SECOND_DUE if last.account_id == account_id else Stage.TYPE

    def own_marks(self, account_id: int | None) -> Mapping[str, str]:
        """Give what this account typed, nothing of anybody else's."""
        return next((typed.marks for typed in self.typed if typed.account_id == account_id), {})


def load_desk(session: Session, assessment_id: int, *, actor: Actor, lock: bool = False) -> Desk:
    """Load the sheet of a visit; `lock` before changing anything about it. Raises NotFound.

    An empty form that only stands in for a visit has no sheet.
    """
    assessment = load_assessment(session, assessment_id, lock=lock)
    require_reachable(assessment, actor)
    if assessment.ordinal and assessment.visit_code != UNSCHEDULED:
        raise NotFound("assessment")
    asked = list_asked_instruments(session, assessment)
    form = _find_form(session, assessment)
    return Desk(
        assessment=assessment,
        asked=asked,
        cells=tuple(cell for part in asked for cell in _list_cells(part)),
        locked=_find_locked(session, asked),
        form=form,
        typed=_list_typed(session, form) if form else (),
    )


def _list_cells(part: AskedInstrument) -> list[Cell]:
    instrument = part.instrument
    return [
        Cell(
            instrument.code,
            instrument.title,
            item.number,
            instrument.response_values(item.number),
            item.na_allowed,
        )
        for item in instrument.items
    ]


def _find_locked(session: Session, asked: tuple[AskedInstrument, ...]) -> frozenset[str]:
    """Find the items about which the person said something; an item that was passed by is none."""
    codes = {part.response.id: part.instrument.code for part in asked if part.response}
    return frozenset(
        f"{codes[answer.response_id]}:{answer.item_number}"
        for answer in list_current_answers(session, codes)
        if answer.state != "left_blank"
    )


def _find_form(session: Session, assessment: AssessmentRecord) -> PaperForm | None:
    forms = select(PaperForm).where(PaperForm.assessment_id == assessment.assessment_id)
    if assessment.submitted_at is None:
        forms = forms.where(PaperForm.closed_at.is_(None))
    newest = forms.order_by(PaperForm.id.desc()).limit(1)
    return session.scalars(newest.execution_options(populate_existing=True)).one_or_none()


def _list_typed(session: Session, form: PaperForm) -> tuple[Typed, ...]:
    rows = session.execute(
        select(PaperEntry, Account.display_name)
        .join(Account, Account.id == PaperEntry.account_id)
        .where(PaperEntry.paper_form_id == form.id)
        .order_by(PaperEntry.ordinal)
        .execution_options(populate_existing=True)
    )
    return tuple(
        Typed(entry.ordinal, entry.account_id, name, entry.marks, entry.saved_at, entry.finished_at)
        for entry, name in rows
    )
