"""The tables of rates: a row for each visit, site or quarter, with its fixed denominator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.compliance.tallies import FormTally, find_rate
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion.counting import (
    EVERYTHING,
    Key,
    count_standings,
    load_rules,
    make_standing_scope,
)
from pro_app.services.completion.periods import name_quarter
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.form_standings import Dimension, Only, count_denominators

Grouping = Literal["visit", "site", "quarter"]
GROUPINGS: Mapping[Grouping, tuple[Dimension, ...]] = {
    "visit": ("visit",),
    "site": ("site", "visit"),
    "quarter": ("month",),
}


@dataclass(frozen=True, slots=True)
class CompletionRow:
    """One visit, site or quarter with its words and its numbers.

    `code` is that of the visit, the key of the site or the quarter as `2026-Q1`. `randomised` is the fixed
    denominator, once for each visit of the row; None where the forms were narrowed to some that have none.
    """

    code: str
    label: str
    tally: FormTally
    randomised: int | None

    @property
    def available_data_rate(self) -> float | None:
        """Valid ÷ everyone in the fixed denominator, 0–1; None without one."""
        return None if self.randomised is None else find_rate(self.tally.available, self.randomised)


@dataclass(frozen=True, slots=True)
class CompletionTable:
    """The rows of which a window has closed: visits in protocol order, sites by code, quarters by time.

    `denominator_event` is the kind of event that puts a participant into the fixed denominator. `has_rates`
    is False where forms are narrowed by how they came: one that did not come, came in no way. `randomised`
    is the fixed denominator of all rows together: everyone, once for each visit that closed at any site, so
    that it is the same however the rows are grouped.
    """

    rows: tuple[CompletionRow, ...]
    denominator_event: str
    has_rates: bool
    randomised: int | None = None

    @property
    def total(self) -> FormTally:
        """Give the sum of all rows."""
        return sum((row.tally for row in self.rows), FormTally())

    @property
    def available_data_rate(self) -> float | None:
        """Valid ÷ the fixed denominators over all rows, 0–1; None without one."""
        return None if self.randomised is None else find_rate(self.total.available, self.randomised)


def count_completion(
    session: Session,
    scope: ClinicScope,
    *,
    by: Grouping = "visit",
    only: Only = EVERYTHING,
    language: str,
    now: datetime,
) -> CompletionTable:
    """Count what came back row by row; only windows that have closed count."""
    rules = load_rules(session, scope.study_id)
    counted = {
        key: tally
        for key, tally in count_standings(session, scope, by=GROUPINGS[by], only=only, now=now).items()
        if tally.expected or tally.received
    }
    has_rates = not (only.mode or only.respondent)
    fixed: dict[int, int] = {}
    if has_rates and by != "quarter" and not (only.first_month or only.last_month):
        fixed = count_denominators(session, make_standing_scope(scope), rules=rules)
    rows = _make_rows(session, scope, counted, by=by, fixed=fixed, language=language)
    visits = {key[-1] for key in counted} if fixed else set()
    everyone = sum(fixed.values()) * len(visits) if visits else None
    return CompletionTable(tuple(rows), rules.denominator_event, has_rates, everyone)


def _make_rows(
    session: Session,
    scope: ClinicScope,
    counted: Mapping[Key, FormTally],
    *,
    by: Grouping,
    fixed: Mapping[int, int],
    language: str,
) -> list[CompletionRow]:
    if by == "visit":
        everyone = sum(fixed.values()) if fixed else None
        visits = label_visits(session, scope.study_id, [key[0] for key in counted], language=language)
        return [CompletionRow(code, label, counted[code,], everyone) for code, label in visits]
    if by == "quarter":
        return _make_quarter_rows(counted)
    return _make_site_rows(scope, counted, fixed)


def _make_quarter_rows(counted: Mapping[Key, FormTally]) -> list[CompletionRow]:
    """Add months up to quarters; everyone randomised is no denominator for the forms of some months."""
    quarters: dict[str, FormTally] = {}
    for (month,), tally in sorted(counted.items()):
        quarter = name_quarter(month)
        quarters[quarter] = quarters.get(quarter, FormTally()) + tally
    return [CompletionRow(quarter, quarter, tally, None) for quarter, tally in quarters.items()]


def _make_site_rows(
    scope: ClinicScope, counted: Mapping[Key, FormTally], fixed: Mapping[int, int]
) -> list[CompletionRow]:
    """Add up the visits of each site; everyone there counts once for each visit that has closed."""
    rows = []
    for site in sorted(scope.sites, key=lambda site: site.site_code):
        visits = [tally for (site_id, _visit), tally in counted.items() if site_id == site.site_id]
        if visits:
            randomised = fixed.get(site.site_id, 0) * len(visits) if fixed else None
            label = f"{site.site_code} · {site.name}"
            rows.append(CompletionRow(str(site.site_id), label, sum(visits, FormTally()), randomised))
    return rows
