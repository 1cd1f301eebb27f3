"""All sites side by side: rates, what is open, what nobody has explained, and who leaves the funnel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.compliance.funnel import OUTSIDE, ControlLimits, Place, find_limits_of, find_target, list_limits
from pro_app.compliance.tallies import FormTally, find_rate
from pro_app.services.clinic_scope import ClinicScope, SiteChoice
from pro_app.services.completion.counting import (
    EVERYTHING,
    count_standings,
    load_rules,
    make_standing_scope,
)
from pro_app.storage.queries.form_standings import (
    Only,
    StandingScope,
    count_denominators,
    count_open_forms,
)

_COUNTED = ("expected", "received", "completed", "available", "unexplained")


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site with its numbers. `randomised` is the fixed denominator, once for each visit that has closed.

    `open_forms` can be answered now; `place` is where the site lies in the funnel, None without any form.
    """

    site: SiteChoice
    tally: FormTally
    randomised: int | None
    open_forms: int
    place: Place | None

    @property
    def available_data_rate(self) -> float | None:
        """Valid ÷ the fixed denominator, 0–1; None without one."""
        return None if self.randomised is None else find_rate(self.tally.available, self.randomised)

    @property
    def is_outside(self) -> bool:
        """Say whether the site leaves the 95 % limits of the funnel."""
        return self.place in OUTSIDE


@dataclass(frozen=True, slots=True)
class SiteTable:
    """Every site of the scope by code, the rate of all together (0–1) and the limits around it."""

    rows: tuple[SiteRow, ...]
    target: float | None
    limits: tuple[ControlLimits, ...]

    @property
    def total(self) -> FormTally:
        """Give the sum of all sites."""
        return sum((row.tally for row in self.rows), FormTally())

    @property
    def outside(self) -> list[SiteRow]:
        """List the sites that leave the limits, the lowest rate first."""
        return sorted(
            (row for row in self.rows if row.is_outside), key=lambda row: row.tally.completion_rate or 0
        )


SORTS: Mapping[str, Callable[[SiteRow], tuple[float | str, ...]]] = {
    "site": lambda row: (row.site.site_code,),
    "expected": lambda row: (row.tally.expected, row.site.site_code),
    "rate": lambda row: (_or_nothing(row.tally.completion_rate), row.site.site_code),
    "available": lambda row: (_or_nothing(row.available_data_rate), row.site.site_code),
    "open": lambda row: (row.open_forms, row.site.site_code),
    "unexplained": lambda row: (row.tally.unexplained, row.site.site_code),
}
"""What the table can be sorted by; sites without a rate come before those with one."""


def compare_sites(
    session: Session, scope: ClinicScope, *, only: Only = EVERYTHING, now: datetime
) -> SiteTable:
    """Count all sites of the scope; only windows that have closed count, but for what is open now."""
    counted = count_standings(session, scope, by=("site", "visit"), only=only, figures=_COUNTED, now=now)
    rules = load_rules(session, scope.study_id, instrument_code=only.instrument_code, site_ids=scope.site_ids)
    own = make_standing_scope(scope)
    is_of_all_time = not (only.first_month or only.last_month)
    fixed = count_denominators(session, own, rules=rules) if is_of_all_time else None
    named = StandingScope(scope.study_id, scope.named_site_ids)
    open_forms = count_open_forms(session, named, only=only, rules=rules, now=now)
    visits: dict[int, list[FormTally]] = {}
    for (site_id, _visit), tally in counted.items():
        if tally.expected or tally.received:
            visits.setdefault(site_id, []).append(tally)
    sums = {site_id: sum(tallies, FormTally()) for site_id, tallies in visits.items()}
    target = find_target([(tally.completed, tally.expected) for tally in sums.values()])
    numbers = {tally.expected for tally in sums.values() if tally.expected}
    of_sites = find_limits_of(numbers, target) if target is not None else {}
    rows = [
        SiteRow(
            site=site,
            tally=sums.get(site.site_id, FormTally()),
            randomised=None
            if fixed is None
            else fixed.get(site.site_id, 0) * len(visits.get(site.site_id, ())),
            open_forms=open_forms.get(site.site_id, 0),
            place=_find_place(sums.get(site.site_id), of_sites),
        )
        for site in sorted(scope.sites, key=lambda site: site.site_code)
    ]
    most = max((tally.expected for tally in sums.values()), default=0)
    limits = list_limits(most, target) if most and target is not None else []
    return SiteTable(tuple(rows), target, tuple(limits))


def sort_sites(rows: Sequence[SiteRow], sort: str) -> list[SiteRow]:
    """Sort sites by one of SORTS, backwards with a minus before it; by code for anything else."""
    key = SORTS.get(sort.removeprefix("-"), SORTS["site"])
    return sorted(rows, key=key, reverse=sort.startswith("-"))


def _find_place(tally: FormTally | None, limits: Mapping[int, ControlLimits]) -> Place | None:
    if tally is None or tally.expected not in limits:
        return None
    return limits[tally.expected].place(tally.completed)


def _or_nothing(rate: float | None) -> float:
    return -1.0 if rate is None else rate
