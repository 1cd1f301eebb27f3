"""Counting the expected forms whose window is not over, by what can still become of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from pro_app.storage.queries.form_standings import CountingRules, StandingScope
from pro_app.storage.tables.form_standings import FormStanding


@dataclass(frozen=True, slots=True)
class UnclosedForms:
    """The expected forms of one visit whose window is not over, each counted once.

    `arrived` came with a scale that can be scored, `lost` ones came without or can come no more, since an
    event has closed them; `waiting` ones are still to come.
    """

    arrived: int = 0
    lost: int = 0
    waiting: int = 0

    def __add__(self, other: "UnclosedForms") -> "UnclosedForms":
        """Add two counts of different forms."""
        return UnclosedForms(
            self.arrived + other.arrived, self.lost + other.lost, self.waiting + other.waiting
        )


def count_unclosed_forms(
    session: Session, scope: StandingScope, *, rules: CountingRules, now: datetime
) -> dict[str, UnclosedForms]:
    """Count them by visit, as things stand at `now` (aware UTC); visits without any are not there."""
    form = FormStanding
    received, scorable = form.received_at.is_not(None), form.scorable_instruments.is_not(None)
    closed_by_plan = func.coalesce(form.plan_reason, "").in_(sorted(rules.closing_reasons))
    conditions: list[ColumnElement[bool]] = [
        and_(received, scorable),
        or_(and_(received, ~scorable), and_(~received, closed_by_plan)),
        and_(~received, ~closed_by_plan),
    ]
    statement = (
        select(form.visit_code, *(func.count().filter(condition) for condition in conditions))
        .where(form.study_id == scope.study_id, form.expected)
        .where(or_(form.closes_at.is_(None), form.closes_at > now))
        # Site by site and visit by visit is the order of the index: the groups need no sorting.
        .group_by(form.site_id, form.visit_code)
    )
    if scope.site_ids is not None:
        statement = statement.where(form.site_id.in_(sorted(scope.site_ids)))
    found: dict[str, UnclosedForms] = {}
    for code, *counts in session.execute(statement):
        found[code] = found.get(code, UnclosedForms()) + UnclosedForms(*counts)
    return found
