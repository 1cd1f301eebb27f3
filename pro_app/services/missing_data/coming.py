"""Which forms are due when in the weeks to come, and how many will probably be missing in the end."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.studies import load_current_protocol
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.coming_forms import ComingForm, list_coming_forms

HORIZONS = (8, 12)
"""So many weeks ahead may be looked at, the present one included."""
WEEK = timedelta(days=7)
What = Literal["opens", "closes"]
"""Whether the forms are asked for whose window opens in a week, or those whose window closes in it."""


@dataclass(frozen=True, slots=True)
class ComingWeek:
    """One week by its Monday, and how many windows open and close in it."""

    begins_on: date
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Coming:
    """The weeks ahead, and the forms by the day on which their window opens.

    `today` is the civil day of the trial's own zone. `visit_words` has the words of each visit by its code.
    """

    today: date
    weeks: tuple[ComingWeek, ...]
    forms: tuple[ComingForm, ...]
    visit_words: dict[str, str]

    def list_forms(self, begins_on: date | None, what: What) -> tuple[ComingForm, ...]:
        """List the forms of one week, or of all weeks where None is given."""
        if begins_on is None:
            return self.forms
        return tuple(form for form in self.forms if _falls_in(form, begins_on, what))

    @property
    def open_count(self) -> int:
        """How many forms can be answered today."""
        return sum(self.is_open(form) for form in self.forms)

    def is_open(self, form: ComingForm) -> bool:
        """Say whether a form can be answered today."""
        return form.opens_on <= self.today


def load_coming(session: Session, scope: ClinicScope, *, weeks: int, language: str, now: datetime) -> Coming:
    """Load what is open now and what opens in so many weeks, this week included."""
    today = civil_date(now, load_current_protocol(session, scope.study_id).default_zone)
    monday = _find_monday(today)
    forms = list_coming_forms(
        session,
        study_id=scope.study_id,
        site_ids=scope.named_site_ids,
        from_on=today,
        until_on=monday + weeks * WEEK - timedelta(days=1),
    )
    codes = {form.visit_code for form in forms}
    opening = Counter(_find_monday(form.opens_on) for form in forms)
    closing = Counter(_find_monday(form.closes_on) for form in forms if form.closes_on is not None)
    mondays = [monday + number * WEEK for number in range(weeks)]
    return Coming(
        today=today,
        weeks=tuple(ComingWeek(day, opening=opening[day], closing=closing[day]) for day in mondays),
        forms=tuple(forms),
        visit_words=dict(label_visits(session, scope.study_id, codes, language=language)),
    )


def _find_monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def _falls_in(form: ComingForm, begins_on: date, what: What) -> bool:
    """Say whether a window opens, or closes, in the week that begins on a day."""
    day = form.opens_on if what == "opens" else form.closes_on
    return day is not None and begins_on <= day < begins_on + WEEK
