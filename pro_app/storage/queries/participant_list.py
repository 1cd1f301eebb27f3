"""Reading what stands for many participants now: one row a person, and no object for each of their forms."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.state import AssessmentState
from pro_app.protocol.windows import civil_window
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant

_RECEIVED = "received"
"""Submitted or late: which of the two is a question of minutes, answered when the row is read."""
_OPEN, _STARTED = AssessmentState.OPEN.value, AssessmentState.STARTED.value
_PLANNED, _NOT_REQUIRED = AssessmentState.PLANNED.value, AssessmentState.NOT_REQUIRED.value
_MISSED, _INCOMPLETE = AssessmentState.MISSED.value, AssessmentState.INCOMPLETE.value
_BEGUN = {
    AssessmentState.OPEN: AssessmentState.STARTED,
    AssessmentState.MISSED: AssessmentState.INCOMPLETE,
}
_LAST_DAY = date(9999, 12, 31)
_NO_END = "9999-12-31"
_FLOOR, _CEILING = 10**18, 4 * 10**18
"""Added to a key, or that less a key, makes a number of nineteen digits: compared as text it is in order."""
_KEY_AT = 21


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One participant of the list: the key, the inclusion number, the site."""

    participant_id: int
    participant_code: str
    site_id: int


@dataclass(frozen=True, slots=True)
class PresentForm:
    """The form that matters now for one participant, and what is counted about all of them.

    `due` counts the forms that should have come, `received` those of them that did; `next_on` is the civil
    day on which the next window opens.
    """

    visit_code: str | None
    state: AssessmentState
    opens_on: date | None
    closes_on: date | None
    next_on: date | None
    received: int
    due: int


NOTHING = PresentForm(None, AssessmentState.NOT_REQUIRED, None, None, None, 0, 0)
"""What stands for somebody without any form."""


def list_people(session: Session, *, study_id: int, site_ids: Collection[int] | None) -> list[PersonRow]:
    """List the participants of a study, or of some of its sites, by inclusion number."""
    statement = select(Participant.id, Participant.participant_code, Participant.site_id).where(
        *_within(study_id, site_ids)
    )
    rows = session.execute(statement.order_by(Participant.participant_code, Participant.id))
    return [PersonRow(*row) for row in rows]


def list_present_forms(
    session: Session, *, study_id: int, site_ids: Collection[int] | None, now: datetime
) -> dict[int, PresentForm]:
    """Give the form that matters at `now` (aware UTC) for each participant who has one.

    What can be answered comes before what was asked last, and that before what comes first.
    """
    within = _within(study_id, site_ids)
    plan = (
        select(PlannedVisit.zone, Participant.zone, PlannedVisit.protocol_sha256)
        .join(Participant, Participant.id == PlannedVisit.participant_id)
        .where(PlannedVisit.replaced_at.is_(None), *within)
        .distinct()
    )
    found = session.execute(plan).all()
    days = {zone: civil_date(now, zone) for row in found for zone in row[:2]}
    closing = {row[2]: load_protocol(session, row[2]).closing_reasons for row in found}
    if not days:
        return {}
    statement = _make_statement(within, days, closing=closing, now=now)
    return {row[0]: _read_form(row[1:]) for row in session.execute(statement)}


def _within(study_id: int, site_ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    conditions = [Participant.study_id == study_id]
    return conditions if site_ids is None else [*conditions, Participant.site_id.in_(list(site_ids))]


def _make_statement(
    within: list[ColumnElement[bool]],
    days: Mapping[str, date],
    *,
    closing: Mapping[str, Collection[str]],
    now: datetime,
) -> Select[*tuple[Any, ...]]:
    """Group the forms of each participant, and join the one that matters."""
    grouped = _group_forms(_select_forms(within, days, closing=closing, now=now).subquery("forms"))
    key = func.coalesce(grouped.c.open_id, grouped.c.asked_id, grouped.c.next_id)
    return (
        select(
            grouped.c.participant_id,
            Assessment.visit_code,
            case(
                (grouped.c.open_id.is_not(None), _OPEN),
                (grouped.c.asked_id.is_not(None), _MISSED),
                else_=_PLANNED,
            ),
            Assessment.started_at.is_not(None),
            case(
                (
                    Assessment.submitted_at.is_not(None),
                    func.coalesce(Assessment.completed_at, Assessment.submitted_at),
                )
            ),
            PlannedVisit.opens_on,
            PlannedVisit.closes_on,
            PlannedVisit.zone,
            *(grouped.c[name] for name in ("next_on", "received", "due")),
        )
        .select_from(grouped)
        .outerjoin(Assessment, Assessment.id == key)
        .outerjoin(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
    )


def _group_forms(forms: Subquery) -> Subquery:
    """Count the forms of each participant, and find the keys of those that may matter.

    The least, or the greatest, of a text that ends with the form's key names that form: ranking rows by a
    window function takes twice as long.
    """
    state, opens_on, closes_on = forms.c.state, _text(forms.c.opens_on), _text(forms.c.closes_on)
    first, last = _text(forms.c.assessment_id + _FLOOR), _text(_CEILING - forms.c.assessment_id)
    open_now = case((state.in_([_OPEN, _STARTED]), func.coalesce(closes_on, _NO_END) + opens_on + first))
    was_asked = state.in_([_RECEIVED, _MISSED, _INCOMPLETE])
    counts = (
        func.min(case((forms.c.is_next, forms.c.opens_on))).label("next_on"),
        func.sum(case((and_(forms.c.expected, state == _RECEIVED), 1), else_=0)).label("received"),
        func.sum(case((and_(forms.c.expected, was_asked), 1), else_=0)).label("due"),
    )
    return (
        select(
            forms.c.participant_id,
            _read_key(func.min(open_now), -_FLOOR).label("open_id"),
            (-_read_key(func.max(case((was_asked, _NO_END + opens_on + last))), -_CEILING)).label("asked_id"),
            _read_key(func.min(case((state == _PLANNED, _NO_END + opens_on + first))), -_FLOOR).label(
                "next_id"
            ),
            *counts,
        )
        .group_by(forms.c.participant_id)
        .subquery("grouped")
    )


def _text(column: ColumnElement[Any]) -> ColumnElement[str]:
    return cast(column, String)


def _read_key(packed: ColumnElement[str], difference: int) -> ColumnElement[int]:
    """Read the key at the end of what was compared, two days of ten signs before it."""
    return cast(func.substr(packed, _KEY_AT), BigInteger) + difference


def _select_forms(
    within: list[ColumnElement[bool]],
    days: Mapping[str, date],
    *,
    closing: Mapping[str, Collection[str]],
    now: datetime,
) -> Select[*tuple[Any, ...]]:
    """Give each form with its state at `now`, as protocol/state.py says it, on the civil day of its zone.

    A window opens with the first moment of a day and closes with the last one of another, so that the day
    alone decides.
    """
    today = case(
        *((PlannedVisit.zone == zone, literal(day)) for zone, day in days.items()), else_=literal(_LAST_DAY)
    )
    shut = or_(
        false(),
        *(
            and_(PlannedVisit.protocol_sha256 == sha, PlannedVisit.reason_code.in_(sorted(reasons)))
            for sha, reasons in closing.items()
        ),
    )
    is_shut = and_(PlannedVisit.reason_code.is_not(None), shut)
    is_over = and_(PlannedVisit.closes_on.is_not(None), PlannedVisit.closes_on < today)
    is_reopened = and_(
        Assessment.reopened_at.is_not(None), Assessment.reopened_at <= now, Assessment.reopened_until >= today
    )
    is_begun = Assessment.started_at.is_not(None)
    state = case(
        (Assessment.submitted_at.is_not(None), _RECEIVED),
        (PlannedVisit.expected.is_(False), _NOT_REQUIRED),
        (PlannedVisit.opens_on > today, _PLANNED),
        (and_(~is_shut, or_(~is_over, is_reopened)), case((is_begun, _STARTED), else_=_OPEN)),
        (is_over, case((is_begun, _INCOMPLETE), else_=_MISSED)),
        else_=case((is_begun, _STARTED), else_=_PLANNED),
    )
    own_today = case(*((Participant.zone == zone, literal(day)) for zone, day in days.items()), else_=today)
    is_next = and_(state == _PLANNED, ~is_shut, PlannedVisit.opens_on > own_today)
    return (
        select(
            Participant.id.label("participant_id"),
            Assessment.id.label("assessment_id"),
            PlannedVisit.opens_on,
            PlannedVisit.closes_on,
            PlannedVisit.expected,
            state.label("state"),
            is_next.label("is_next"),
        )
        .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Assessment.ordinal == 0, Assessment.visit_code != UNSCHEDULED, *within)
    )


def _read_form(row: tuple[Any, ...]) -> PresentForm:
    visit_code, state, is_begun, answered_at, opens_on, closes_on, zone, *counts = row
    if visit_code is None:
        return replace(NOTHING, next_on=counts[0], received=counts[1], due=counts[2])
    found = AssessmentState(state)
    if answered_at is not None:
        is_late = civil_window(opens_on, closes_on, zone).has_closed(answered_at)
        found = AssessmentState.LATE if is_late else AssessmentState.SUBMITTED
    elif is_begun:
        found = _BEGUN.get(found, found)
    return PresentForm(visit_code, found, opens_on, closes_on, *counts)
