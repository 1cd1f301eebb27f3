"""What figures and their tables are called, and how their numbers are written."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import format_decimal, format_percent, lazy_gettext


@dataclass(frozen=True, slots=True)
class FigureWords:
    """Title, one line that says what is shown, and the titles of both axes."""

    title: Any
    intro: Any
    x: Any = ""
    y: Any = ""


FIGURE_WORDS = {
    "completion": FigureWords(
        lazy_gettext("Response rate by visit"),
        lazy_gettext(
            "Questionnaires whose period is over. Response rate: valid among those still expected. "
            "Available data: valid among everyone randomised."
        ),
        lazy_gettext("Visit"),
        lazy_gettext("Share of questionnaires"),
    ),
    "reasons": FigureWords(
        lazy_gettext("Why questionnaires are missing or late"),
        lazy_gettext("Expected questionnaires that were not received within their period."),
    ),
    "means-by-visit": FigureWords(
        lazy_gettext("Mean score by visit"),
        lazy_gettext("Mean with its confidence interval (95 per cent); below, the number of people."),
        lazy_gettext("Visit"),
        lazy_gettext("Mean score (0 to 100)"),
    ),
    "means-by-time": FigureWords(
        lazy_gettext("Mean score by time since randomisation"),
        lazy_gettext(
            "In each window of time the questionnaire closest to its target. This is the one to compare arms "
            "by: their follow-up visits lie at different times."
        ),
        lazy_gettext("Months since randomisation"),
        lazy_gettext("Mean score (0 to 100)"),
    ),
    "distribution": FigureWords(
        lazy_gettext("Distribution of the score by visit"),
        lazy_gettext("The share of people in each fifth of the range; the numbers are people."),
        lazy_gettext("Visit"),
        lazy_gettext("Share of people"),
    ),
    "deterioration": FigureWords(
        lazy_gettext("Time to deterioration"),
        lazy_gettext(
            "Kaplan–Meier estimate with its interval (95 per cent); ticks are censored people; below, people "
            "still followed without deterioration."
        ),
        lazy_gettext("Months"),
        lazy_gettext("Without deterioration"),
    ),
    "completeness": FigureWords(
        lazy_gettext("Completeness by item"),
        lazy_gettext(
            "In how many of the questionnaires received each item is answered; “not applicable” is an answer."
        ),
        lazy_gettext("Visit"),
        lazy_gettext("Item"),
    ),
}

COLUMN_WORDS = {
    "arm": lazy_gettext("Arm"),
    "instrument": lazy_gettext("Questionnaire"),
    "scale": lazy_gettext("Scale"),
    "item": lazy_gettext("Item"),
    "visit_code": lazy_gettext("Visit"),
    "window": lazy_gettext("Time window"),
    "target_day": lazy_gettext("Target (days)"),
    "reason": lazy_gettext("Reason"),
    "n": lazy_gettext("Number"),
    "people": lazy_gettext("People"),
    "forms": lazy_gettext("Questionnaires"),
    "mean": lazy_gettext("Mean"),
    "sd": lazy_gettext("Standard deviation"),
    "lower": lazy_gettext("Lower bound (95 %)"),
    "upper": lazy_gettext("Upper bound (95 %)"),
    "from_score": lazy_gettext("From"),
    "to_score": lazy_gettext("To"),
    "share": lazy_gettext("Share"),
    "month": lazy_gettext("Month"),
    "at_risk": lazy_gettext("At risk"),
    "events": lazy_gettext("Deteriorations"),
    "censored": lazy_gettext("Censored"),
    "survival": lazy_gettext("Without deterioration"),
    "randomised": lazy_gettext("Randomised"),
    "expected": lazy_gettext("Expected"),
    "received": lazy_gettext("Received"),
    "valid": lazy_gettext("Valid"),
    "in_window": lazy_gettext("In the period"),
    "late": lazy_gettext("Late"),
    "incomplete": lazy_gettext("Incomplete"),
    "missed": lazy_gettext("Missing"),
    "completion_rate": lazy_gettext("Response rate"),
    "available_data_rate": lazy_gettext("Available data"),
    "answered": lazy_gettext("Answered"),
    "not_applicable": lazy_gettext("Not applicable"),
    "declined": lazy_gettext("Declined"),
    "left_blank": lazy_gettext("Left blank"),
}
"""The columns of the tables behind the figures; one that is not named here is not shown."""

REASONS = {"NOT_GIVEN": lazy_gettext("no reason given")}
EVERYONE = lazy_gettext("Everyone")

COMPLETION_OF_ENROLLED = replace(
    FIGURE_WORDS["completion"],
    intro=lazy_gettext(
        "Questionnaires whose period is over. Response rate: valid among those still expected. "
        "Available data: valid among everyone enrolled."
    ),
)
"""The words of the figure of completion in a trial that randomises nobody."""
ENROLLED_COLUMN = lazy_gettext("Enrolled")
"""The word for its fixed denominator in such a trial."""

_SHARES = frozenset({"share", "survival", "completion_rate", "available_data_rate"})
_SHARE_BOUNDS = frozenset({"lower", "upper"})


def writer_of(column: str, *, is_share: bool) -> Callable[[object], str]:
    """Give how the numbers of a column are written: shares as percentages, others to one decimal.

    `is_share` says that the bounds of an interval in this table are shares, too.
    """
    if column in _SHARES or (is_share and column in _SHARE_BOUNDS):
        return _write_share
    return _write_cell


def _write_share(value: object) -> str:
    return "–" if value is None else str(format_percent(value, "#,##0.0 %"))


def _write_cell(value: object) -> str:
    if value is None:
        return "–"
    return str(format_decimal(value, "#,##0.0")) if isinstance(value, float) else str(value)
