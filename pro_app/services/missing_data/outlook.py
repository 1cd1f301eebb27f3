"""What the numbers of the past say: the rate month by month, and what will probably be missing in the end."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.compliance.forecast import VisitCounts, VisitForecast, forecast_missing
from pro_app.compliance.tallies import FormTally
from pro_app.compliance.trend import MonthCounts, MonthRate, roll_months
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion.counting import count_standings, load_rules, make_standing_scope
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.unclosed_forms import UnclosedForms, count_unclosed_forms


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One visit with its words and its forecast."""

    label: str
    forecast: VisitForecast


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of each visit in protocol order; without any row as long as no window has closed."""

    rows: tuple[ForecastRow, ...]

    @property
    def missing_now(self) -> int:
        """Forms that are missing already, over all visits."""
        return sum(row.forecast.counts.missing for row in self.rows)

    @property
    def to_come(self) -> int:
        """Forms still to come, over all visits."""
        return sum(row.forecast.counts.to_come for row in self.rows)

    @property
    def missing(self) -> float:
        """Forms that will probably be missing in the end, over all visits."""
        return sum(row.forecast.missing for row in self.rows)

    @property
    def expected(self) -> int:
        """Forms that should exist in the end, over all visits."""
        return sum(row.forecast.expected for row in self.rows)

    @property
    def completion_rate(self) -> float | None:
        """The completion rate in the end over all visits, 0–1."""
        return 1 - self.missing / self.expected if self.expected else None


def load_trend(session: Session, scope: ClinicScope, *, now: datetime) -> tuple[MonthRate, ...]:
    """Load the completion rate by month of closing; only windows that are over at `now` count."""
    counted = count_standings(session, scope, by=("month",), figures=("expected", "completed"), now=now)
    return roll_months(
        MonthCounts(date.fromisoformat(f"{month}-01"), tally.expected, tally.completed)
        for (month,), tally in counted.items()
        if tally.expected
    )


def load_outlook(session: Session, scope: ClinicScope, *, language: str, now: datetime) -> Outlook:
    """Load what will probably be missing at the end of the trial, visit by visit."""
    figures = ("expected", "completed", "still_open")
    closed = count_standings(session, scope, by=("visit",), figures=figures, now=now)
    unclosed = count_unclosed_forms(
        session, make_standing_scope(scope), rules=load_rules(session, scope.study_id), now=now
    )
    codes = {code for (code,), tally in closed.items() if tally.expected} | set(unclosed)
    visits = label_visits(session, scope.study_id, codes, language=language)
    forecasts = forecast_missing(
        [
            _count_visit(code, closed.get((code,), FormTally()), unclosed.get(code, UnclosedForms()))
            for code, _ in visits
        ]
    )
    if not forecasts:
        return Outlook(())
    return Outlook(
        tuple(ForecastRow(label, forecast) for (_, label), forecast in zip(visits, forecasts, strict=True))
    )


def _count_visit(visit_code: str, closed: FormTally, unclosed: UnclosedForms) -> VisitCounts:
    """Put the counts of one visit together; what was opened again can still come."""
    return VisitCounts(
        visit_code=visit_code,
        closed=closed.expected - closed.still_open,
        completed=closed.completed,
        to_come=unclosed.waiting + closed.still_open,
        arrived=unclosed.arrived,
        lost=unclosed.lost,
    )
