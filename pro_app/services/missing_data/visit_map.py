"""Where every form stands, participants down and visits across, one page of people at a time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.protocol.state import AssessmentState
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.map_forms import MapForm, list_map_forms
from pro_app.storage.queries.people_pages import PersonOnPage, count_people, list_people_on_page

PAGE_SIZE = 100
PAPER = "paper"
"""What a form is shown as that came in its window on a sheet of paper."""


@dataclass(frozen=True, slots=True)
class MapCell:
    """One form: its state, or `PAPER`, and its window as civil dates, both ends included."""

    state: str
    opens_on: date
    closes_on: date | None


@dataclass(frozen=True, slots=True)
class MapRow:
    """One participant and a cell for each visit of the map; None where the participant has no such visit."""

    person: PersonOnPage
    cells: tuple[MapCell | None, ...]


@dataclass(frozen=True, slots=True)
class VisitMap:
    """One page of the map: the visits in protocol order as (code, words), and what states occur how often.

    `people` counts everybody in scope, `page_people` those of this page. `rows` are those of them who have a
    form in the state that was asked for, all of them where none was; `counts` are those of the whole page.
    """

    visits: tuple[tuple[str, str], ...]
    rows: tuple[MapRow, ...]
    counts: Mapping[str, int]
    people: int
    page_people: int
    page: int

    @property
    def page_count(self) -> int:
        """How many pages there are, at least one."""
        return _count_pages(self.people)


def load_visit_map(
    session: Session, scope: ClinicScope, *, page: int, state: str = "", language: str, now: datetime
) -> VisitMap:
    """Load one page of the map, people by code; a page that does not exist is the nearest one that does."""
    people = count_people(session, study_id=scope.study_id, site_ids=scope.site_ids)
    page = min(max(page, 1), _count_pages(people))
    shown = list_people_on_page(
        session,
        study_id=scope.study_id,
        site_ids=scope.site_ids,
        first=(page - 1) * PAGE_SIZE,
        most=PAGE_SIZE,
    )
    forms = list_map_forms(session, [person.id for person in shown], now=now)
    cells = {(form.participant_id, form.visit_code): _make_cell(form) for form in forms}
    visits = label_visits(session, scope.study_id, (code for _, code in cells), language=language)
    rows = [MapRow(person, tuple(cells.get((person.id, code)) for code, _ in visits)) for person in shown]
    return VisitMap(
        visits=visits,
        rows=tuple(row for row in rows if not state or state in {cell.state for cell in row.cells if cell}),
        counts=Counter(cell.state for cell in cells.values()),
        people=people,
        page_people=len(shown),
        page=page,
    )


def _make_cell(form: MapForm) -> MapCell:
    """Make the cell of a form; one that came in its window on a sheet of paper says so."""
    on_paper = form.mode == PAPER and form.state is AssessmentState.SUBMITTED
    return MapCell(PAPER if on_paper else form.state, form.opens_on, form.closes_on)


def _count_pages(people: int) -> int:
    return max(1, -(-people // PAGE_SIZE))
