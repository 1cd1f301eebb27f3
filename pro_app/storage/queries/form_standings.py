"""Counting forms by what became of them, and listing those behind a number: one statement each.

Both ask the narrow rows of `form_standings` and the time, and nothing that grows with the answers. What a
figure means stands once, in `make_figures`; counts and lists cannot disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.participants import Participant

Condition = ColumnElement[bool]
Dimension = Literal["site", "visit", "mode", "respondent", "month", "reason", "said_by"]
NOBODY_SAID = "none"
"""Asks for the forms of which no reason, or nobody who said it, is recorded."""

OPEN_NOW = "open_now"
"""The forms that can be answered now and were not sent: of no closed window, and so in no rate."""
_REASON = func.coalesce(FormStanding.missing_reason, FormStanding.plan_reason)
_DIMENSIONS: Mapping[Dimension, ColumnElement[Any] | InstrumentedAttribute[Any]] = {
    "site": FormStanding.site_id,
    "visit": FormStanding.visit_code,
    "mode": FormStanding.mode,
    "respondent": FormStanding.respondent,
    "month": FormStanding.closing_month,
    "reason": _REASON,
    "said_by": FormStanding.missing_said_by,
}


@dataclass(frozen=True, slots=True)
class StandingScope:
    """Whose forms are counted: those of a study, or of some of its sites."""

    study_id: int
    site_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """What forms are narrowed to; None and empty mean: whatever it is.

    Months are those of the last day of a window, as `2026-03`, both included. With an instrument only forms
    that ask it count, and only its own scales make them valid. `reason` and `said_by` may be NOBODY_SAID.
    """

    visit_code: str | None = None
    instrument_code: str | None = None
    mode: str | None = None
    respondent: str | None = None
    first_month: str | None = None
    last_month: str | None = None
    reason: str | None = None
    said_by: str | None = None


@dataclass(frozen=True, slots=True)
class CountingRules:
    """What the study's protocols say about counting.

    `closing_reasons`: the plan's reasons with which a form cannot be answered, not even reopened.
    `proxies`: respondents whose forms are not scored. `denominator_event` puts a person into the fixed
    denominator. `not_asked` holds, by instrument, protocol (SHA-256) and visit where it is not asked.
    """

    closing_reasons: frozenset[str]
    proxies: frozenset[str]
    denominator_event: str
    not_asked: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)


def make_figures(rules: CountingRules, only: Only, *, now: datetime) -> dict[str, Condition]:
    """Give the condition of each figure, for forms whose window has closed."""
    form = FormStanding
    received = form.received_at.is_not(None)
    scorable: Condition = form.scorable_instruments.is_not(None)
    if only.instrument_code:
        scorable = form.scorable_instruments.contains(f"|{only.instrument_code}|", autoescape=True)
    valid = and_(received, scorable)
    unsent = and_(form.expected, ~received)
    closed_by_plan = func.coalesce(form.plan_reason, "").in_(sorted(rules.closing_reasons))
    is_open_again = and_(form.reopened_until_at.is_not(None), form.reopened_until_at > now, ~closed_by_plan)
    gone = and_(unsent, or_(form.reopened_until_at.is_(None), form.reopened_until_at <= now, closed_by_plan))
    return {
        "expected": form.expected.is_(true()),
        "received": received,
        "valid": valid,
        "completed": and_(valid, form.expected),
        "available": and_(valid, _is_counted(form.participant_id, rules)),
        "in_window": and_(received, form.received_at < form.closes_at),
        "late": and_(received, form.received_at >= form.closes_at),
        "incomplete": and_(gone, form.begun),
        "missed": and_(gone, ~form.begun),
        "still_open": and_(unsent, is_open_again),
        "missing": gone,
        "unexplained": and_(gone, form.missing_reason.is_(None), form.plan_reason.is_(None)),
        "proxy": and_(received, form.respondent.in_(sorted(rules.proxies))),
        **{
            mode: and_(received, form.mode == mode)
            for mode in ("own_device", "site_tablet", "interview", "paper")
        },
    }


def count_forms(
    session: Session,
    scope: StandingScope,
    *,
    by: Sequence[Dimension],
    figures: Sequence[str],
    only: Only,
    rules: CountingRules,
    now: datetime,
) -> list[tuple[tuple[Any, ...], dict[str, int]]]:
    """Count the forms whose window has closed at `now`, in groups `by` some dimensions, in no order.

    Each group comes with its key, in the order of `by`, and the number of forms of each figure.
    """
    conditions = make_figures(rules, only, now=now)
    # That people count for the fixed denominator is true of nearly all: the few others are taken off below.
    plain = [name for name in figures if name != "available"]
    columns = [_DIMENSIONS[dimension] for dimension in by]
    shown = _list_conditions(scope, only, rules, now=now)
    counts = [func.count().filter(conditions[name]) for name in [*plain, "valid"]]
    rows = session.execute(select(*columns, *counts).where(*shown).group_by(*columns))
    tallies = {
        tuple(row[: len(by)]): dict(zip([*plain, "valid"], row[len(by) :], strict=True)) for row in rows
    }
    if "available" in figures:
        outside = FormStanding.participant_id.in_(_select_uncounted(scope, rules))
        few = select(*columns, func.count()).where(*shown, conditions["valid"], outside).group_by(*columns)
        uncounted = {tuple(row[: len(by)]): row[len(by)] for row in session.execute(few)}
        for key, tally in tallies.items():
            tally["available"] = tally["valid"] - uncounted.get(key, 0)
    return [(key, {name: tally[name] for name in figures}) for key, tally in tallies.items()]


def count_forms_behind(
    session: Session, scope: StandingScope, figure: str, *, only: Only, rules: CountingRules, now: datetime
) -> int:
    """Count the forms behind one figure, as `list_forms_behind` lists them."""
    shown = _list_behind(scope, figure, only=only, rules=rules, now=now)
    return session.scalar(select(func.count()).select_from(FormStanding).where(*shown)) or 0


def list_forms_behind(
    session: Session,
    scope: StandingScope,
    figure: str,
    *,
    only: Only,
    rules: CountingRules,
    now: datetime,
    part: slice,
) -> list[tuple[int, int]]:
    """List form and participant behind one figure by participant code and window, `part` of them."""
    statement = (
        select(FormStanding.assessment_id, FormStanding.participant_id)
        .join(Participant, Participant.id == FormStanding.participant_id)
        .where(*_list_behind(scope, figure, only=only, rules=rules, now=now))
        .order_by(Participant.participant_code, FormStanding.opens_at, FormStanding.assessment_id)
    )
    return [(row[0], row[1]) for row in session.execute(statement.slice(part.start, part.stop))]


def count_open_forms(
    session: Session, scope: StandingScope, *, only: Only, rules: CountingRules, now: datetime
) -> dict[int, int]:
    """Count by site the forms that can be answered at `now` and were not sent, reopened ones included."""
    shown = _list_behind(scope, OPEN_NOW, only=only, rules=rules, now=now)
    statement = select(FormStanding.site_id, func.count()).where(*shown).group_by(FormStanding.site_id)
    return {row[0]: row[1] for row in session.execute(statement)}


def _list_behind(
    scope: StandingScope, figure: str, *, only: Only, rules: CountingRules, now: datetime
) -> list[Condition]:
    """Give what holds of the forms behind a figure: of those that can still come, or of closed windows."""
    if figure == OPEN_NOW:
        return [*_list_narrowed(scope, only, rules), *_list_open(rules, now=now)]
    return [*_list_conditions(scope, only, rules, now=now), make_figures(rules, only, now=now)[figure]]


def _list_open(rules: CountingRules, *, now: datetime) -> list[Condition]:
    form = FormStanding
    in_window = or_(form.closes_at.is_(None), form.closes_at > now)
    reopened = and_(form.reopened_until_at.is_not(None), form.reopened_until_at > now)
    return [
        form.expected.is_(true()),
        form.received_at.is_(None),
        # A period that has not begun cannot have been opened again.
        form.opens_at <= now,
        or_(in_window, reopened),
        func.coalesce(form.plan_reason, "").not_in(sorted(rules.closing_reasons)),
    ]


def count_denominators(session: Session, scope: StandingScope, *, rules: CountingRules) -> dict[int, int]:
    """Count by site the people in the fixed denominator, also those whose windows are still to come."""
    statement = select(Participant.site_id, func.count()).where(
        *_list_people(scope), _is_counted(Participant.id, rules)
    )
    return {row[0]: row[1] for row in session.execute(statement.group_by(Participant.site_id))}


def list_counted_people(
    session: Session, scope: StandingScope, *, rules: CountingRules, part: slice
) -> list[Participant]:
    """List the people in the fixed denominator by code, `part` of them."""
    statement = (
        select(Participant)
        .where(*_list_people(scope), _is_counted(Participant.id, rules))
        .order_by(Participant.participant_code, Participant.id)
    )
    return list(session.scalars(statement.slice(part.start, part.stop)))


def list_planned_pairs(session: Session, scope: StandingScope) -> list[tuple[str, str]]:
    """List protocol (SHA-256) and visit wherever a form was planned, each pair once."""
    pairs = select(FormStanding.protocol_sha256, FormStanding.visit_code).distinct()
    return [(row[0], row[1]) for row in session.execute(pairs.where(*_list_sites(scope)))]


def _is_counted(person: InstrumentedAttribute[int], rules: CountingRules) -> Condition:
    """Say that a person has a denominator event that holds: nothing corrects or retracts it."""
    correcting = aliased(ParticipantEvent)
    # Asked person by person: a list of everybody in the trial would be made for a single site, too.
    return exists().where(
        ParticipantEvent.participant_id == person,
        ParticipantEvent.kind == rules.denominator_event,
        ~ParticipantEvent.retracts,
        ~exists().where(correcting.supersedes_id == ParticipantEvent.id),
    )


def _select_uncounted(scope: StandingScope, rules: CountingRules) -> Select[int]:
    return select(Participant.id).where(*_list_people(scope), ~_is_counted(Participant.id, rules))


def _list_people(scope: StandingScope) -> list[Condition]:
    own = [Participant.study_id == scope.study_id]
    return own if scope.site_ids is None else [*own, Participant.site_id.in_(sorted(scope.site_ids))]


def _list_sites(scope: StandingScope) -> list[Condition]:
    own = [FormStanding.study_id == scope.study_id]
    return own if scope.site_ids is None else [*own, FormStanding.site_id.in_(sorted(scope.site_ids))]


def _list_conditions(
    scope: StandingScope, only: Only, rules: CountingRules, *, now: datetime
) -> list[Condition]:
    """Give what holds of every form that is counted: its window has closed, and it is one that was asked."""
    return [*_list_narrowed(scope, only, rules), FormStanding.closes_at <= now]


def _list_narrowed(scope: StandingScope, only: Only, rules: CountingRules) -> list[Condition]:
    form = FormStanding
    conditions = _list_sites(scope)
    equal = {
        form.visit_code: only.visit_code,
        form.mode: only.mode,
        form.respondent: only.respondent,
        _REASON: only.reason,
        form.missing_said_by: only.said_by,
    }
    for column, wanted in equal.items():
        if wanted:
            conditions.append(column.is_(None) if wanted == NOBODY_SAID else column == wanted)
    if only.first_month:
        conditions.append(form.closing_month >= only.first_month)
    if only.last_month:
        conditions.append(form.closing_month <= only.last_month)
    pairs = sorted(rules.not_asked.get(only.instrument_code or "", ()))
    return conditions + [
        ~and_(form.protocol_sha256 == sha256, form.visit_code == visit) for sha256, visit in pairs
    ]
