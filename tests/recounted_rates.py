"""Both rates, the reasons and the people behind every number, counted form by form (docs/rates.md)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raw_trial import INSTRUMENTS, RawForm, RawTrial

NONE = "none"
"""Stands for a reason, or somebody who said it, that nobody recorded."""
QUARTER_MONTHS = 3


@dataclass(frozen=True)
class Narrowed:
    """What forms are narrowed to: `period` is `2022` or `2022-Q3`, of the day on which the window ended."""

    site_id: int | None = None
    visit: str | None = None
    instrument: str | None = None
    mode: str | None = None
    period: str | None = None
    reason: str | None = None
    said_by: str | None = None

    def holds(self, form: RawForm) -> bool:
        """Tell whether a form is one of them."""
        facts = (
            (form.person.site_id, self.site_id),
            (form.row.visit_code, self.visit),
            (form.row.submitted_mode, self.mode),
        )
        words = ((form.reason, self.reason), (form.row.not_done_said_by, self.said_by))
        return (
            all(wanted in {None, known} for known, wanted in facts)
            and all(wanted is None or (known or NONE) == wanted for known, wanted in words)
            and (self.instrument is None or self.instrument in INSTRUMENTS)
            and (self.period is None or _is_in(form, self.period))
        )


def _is_in(form: RawForm, period: str) -> bool:
    return form.visit.closes_on is not None and period in {name_year(form), name_quarter(form)}


def name_year(form: RawForm) -> str:
    """Give the year in which a window ended."""
    return str(form.visit.closes_on.year)


def name_quarter(form: RawForm) -> str:
    """Give the quarter in which a window ended."""
    day = form.visit.closes_on
    return f"{day.year}-Q{(day.month - 1) // QUARTER_MONTHS + 1}"


def list_randomised(trial: RawTrial, site_id: int | None = None) -> list[str]:
    """List everyone of whom a randomisation is recorded and holds, by inclusion number."""
    return sorted(
        person.participant_code
        for person in trial.people.values()
        if site_id in {None, person.site_id} and _is_randomised(trial, person.id)
    )


def _is_randomised(trial: RawTrial, participant_id: int) -> bool:
    return "randomised" in trial.standing_events(participant_id)


def _by_mode(mode: str) -> Callable[[RawForm, str | None], bool]:
    return lambda form, _instrument: form.is_received and form.row.submitted_mode == mode


FIGURES: Mapping[str, Callable[[RawForm, str | None], bool]] = {
    "expected": lambda form, _: form.visit.expected,
    "received": lambda form, _: form.is_received,
    "valid": lambda form, instrument: form.is_valid(instrument),
    "completed": lambda form, instrument: form.is_valid(instrument) and form.visit.expected,
    "available": lambda form, instrument: (
        form.is_valid(instrument) and _is_randomised(form.trial, form.person.id)
    ),
    "in_window": lambda form, _: form.is_received and not form.is_late,
    "late": lambda form, _: form.is_late,
    "incomplete": lambda form, _: form.is_gone and form.row.started_at is not None,
    "missed": lambda form, _: form.is_gone and form.row.started_at is None,
    "still_open": lambda form, _: form.visit.expected and not form.is_received and form.is_reopened,
    "unexplained": lambda form, _: form.is_gone and form.reason is None,
    "own_device": _by_mode("own_device"),
    "site_tablet": _by_mode("site_tablet"),
    "interview": _by_mode("interview"),
    "paper": _by_mode("paper"),
    "proxy": lambda form, _: form.is_received and form.row.respondent == "proxy",
    "missing": lambda form, _: form.is_gone,
}


def list_behind(trial: RawTrial, figure: str, narrowed: Narrowed) -> list[RawForm]:
    """List the forms behind a number, by inclusion number and the first day of the window."""
    if figure == "open_now":
        found = [form for form in trial.forms if form.state in {"open", "started"} and not form.is_held_back]
    else:
        holds = FIGURES[figure]
        found = [form for form in trial.forms if form.is_closed and holds(form, narrowed.instrument)]
    return sorted(
        (form for form in found if narrowed.holds(form)),
        key=lambda form: (form.person.participant_code, form.opens_at, form.row.id),
    )


@dataclass(frozen=True)
class Line:
    """One row of a table of rates: the figures, and both rates with their denominators."""

    figures: Mapping[str, int]
    fixed: int | None

    @property
    def completion_rate(self) -> float | None:
        """The variable denominator: those expected."""
        return _divide(self.figures["completed"], self.figures["expected"])

    @property
    def available_data_rate(self) -> float | None:
        """The fixed denominator: everyone randomised, once for each visit of the row."""
        return None if self.fixed is None else _divide(self.figures["available"], self.fixed)


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def count_table(trial: RawTrial, by: str, narrowed: Narrowed) -> tuple[dict[str, Line], Line]:
    """Count the rows of a table by `visit`, `site` or `quarter`, and the line of all of them together."""
    closed = [form for form in trial.forms if form.is_closed and narrowed.holds(form)]
    shown = [form for form in closed if form.visit.expected or form.is_received]
    names = {
        "visit": lambda form: form.row.visit_code,
        "site": lambda form: str(form.person.site_id),
        "quarter": name_quarter,
    }
    groups: dict[str, list[RawForm]] = {}
    for form in shown:
        groups.setdefault(names[by](form), []).append(form)
    has_fixed = by != "quarter" and narrowed.period is None and narrowed.mode is None
    everyone = len(list_randomised(trial, narrowed.site_id))
    lines = {}
    for name, forms in groups.items():
        fixed: int | None = None
        if has_fixed:
            visits = {form.row.visit_code for form in forms}
            site_id = int(name) if by == "site" else narrowed.site_id
            fixed = len(list_randomised(trial, site_id)) * len(visits)
        lines[name] = Line(_count(forms, narrowed), fixed)
    visits = {form.row.visit_code for form in shown}
    total = Line(_count(shown, narrowed), everyone * len(visits) if has_fixed and visits else None)
    return lines, total


def _count(forms: Sequence[RawForm], narrowed: Narrowed) -> dict[str, int]:
    return {
        name: sum(1 for form in forms if holds(form, narrowed.instrument))
        for name, holds in FIGURES.items()
        if name != "missing"
    }


def count_reasons(trial: RawTrial, narrowed: Narrowed) -> Counter[tuple[str, str, str]]:
    """Count the forms that are missing by reason, who said it, and visit."""
    return Counter(
        (form.reason or NONE, form.row.not_done_said_by or NONE, form.row.visit_code)
        for form in list_behind(trial, "missing", narrowed)
    )
