"""The forms behind a number, a page at a time: the same conditions that counted it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.compliance.tallies import FIGURES
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion.counting import EVERYTHING, load_rules, make_standing_scope
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.form_standings import (
    OPEN_NOW,
    Only,
    count_denominators,
    count_forms_behind,
    list_counted_people,
    list_forms_behind,
)

RANDOMISED = "randomised"
"""The fixed denominator: its list is of people, not of forms."""
MISSING = "missing"
"""Missed and incomplete together: the forms of which the site is asked why."""
LISTED_FIGURES = (*FIGURES, MISSING, OPEN_NOW, RANDOMISED)
"""The numbers that lead to their list."""
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One form behind a number, or one person of the fixed denominator, who has no form of their own there.

    `reason` and `said_by` are the protocol's words for why it is missing or late, where they are known.
    """

    participant_id: int
    participant_code: str
    site_id: int
    visit: str | None = None
    state: str | None = None
    mode: str | None = None
    opens_on: date | None = None
    closes_on: date | None = None
    reason: str | None = None
    said_by: str | None = None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of what is behind a number, of `total` lines on `page_count` pages."""

    lines: Sequence[PersonLine]
    total: int
    page: int

    @property
    def page_count(self) -> int:
        """Give the number of pages, 1 at least."""
        return max(1, -(-self.total // PAGE_SIZE))


def list_people(
    session: Session,
    scope: ClinicScope,
    *,
    figure: str,
    only: Only = EVERYTHING,
    page: int = 1,
    language: str,
    now: datetime,
) -> PeoplePage:
    """List what is behind one number by participant code; raises ValueError for none of LISTED_FIGURES."""
    if figure not in LISTED_FIGURES:
        raise ValueError(f"no such figure: {figure}")
    rules = load_rules(session, scope.study_id, instrument_code=only.instrument_code, site_ids=scope.site_ids)
    own = make_standing_scope(scope)
    if figure == RANDOMISED:
        total = sum(count_denominators(session, own, rules=rules).values())
        shown = _place(page, total)
        people = list_counted_people(session, own, rules=rules, part=_part(shown))
        return PeoplePage([PersonLine(p.id, p.participant_code, p.site_id) for p in people], total, shown)
    total = count_forms_behind(session, own, figure, only=only, rules=rules, now=now)
    shown = _place(page, total)
    forms = list_forms_behind(session, own, figure, only=only, rules=rules, now=now, part=_part(shown))
    ids = sorted({participant_id for _form, participant_id in forms})
    records = {r.assessment_id: r for r in list_assessments(session, participant_ids=ids)} if ids else {}
    lines = [_make_line(records[form], language=language, now=now) for form, _participant in forms]
    return PeoplePage(lines, total, shown)


def _make_line(record: AssessmentRecord, *, language: str, now: datetime) -> PersonLine:
    protocol = record.protocol
    reason = record.not_done_reason or record.reason_code
    said_by = {person.code: person.label.text(language) for person in protocol.said_by}
    return PersonLine(
        participant_id=record.participant_id,
        participant_code=record.participant_code,
        site_id=record.site_id,
        visit=protocol.visit_label(record.visit_code, language),
        state=record.state(now),
        mode=record.mode,
        opens_on=record.opens_on,
        closes_on=record.closes_on,
        reason=protocol.reason_label(reason, language) if reason else None,
        said_by=said_by.get(record.not_done_said_by or ""),
    )


def _place(page: int, total: int) -> int:
    """Give the page that is shown: one that exists."""
    return min(max(page, 1), max(1, -(-total // PAGE_SIZE)))


def _part(page: int) -> slice:
    return slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
