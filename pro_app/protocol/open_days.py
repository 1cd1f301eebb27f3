"""On which days the plans of the past had a visit open, and what follows for one that is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pro_app.protocol.schedule import PlannedVisit

SITE_LATE_RECORDING = "SITE_LATE_RECORDING"
"""The visit was past when it came to be planned: expected, missed, and no message was sent."""

PLAN_REPLACED = "PLAN_REPLACED"
"""The visit stands no longer in the plan."""


def is_before_move(said_on: date, *, before_on: date, after_on: date) -> bool:
    """Say whether a word about a visit is of an earlier period than the one that opens on `after_on`.

    `said_on` is its civil day, `before_on` the day on which the period opened until now.
    """
    # A period that does not open later is the same one, whatever a change of zone makes of the days.
    return said_on < after_on and before_on < after_on


class OpenDays(NamedTuple):
    """The civil days on which a plan had a visit open; `whole`: all of its window, which is past.

    `visit` is how it stood then; it may have been one that nobody expected.
    """

    first: date
    last: date
    whole: bool
    visit: PlannedVisit

    def cover(self, visit: PlannedVisit) -> bool:
        """Say whether the visit was open on a day of its window, or in the whole of another one."""
        return self.whole or (
            self.last >= visit.opens_on and (visit.closes_on is None or self.first <= visit.closes_on)
        )


class SentAnswers(NamedTuple):
    """Answers that were sent and have left their visit: the day they were given, and the visit as it was."""

    on: date
    visit: PlannedVisit

    def fit(self, visit: PlannedVisit) -> bool:
        """Say whether they belong into its window: it holds their day, or is the one they were given to."""
        return holds(visit, self.on) or has_same_window(self.visit, visit)


@dataclass(frozen=True, slots=True)
class PlanHistory:
    """The day of planning, when each visit was open so far, and the latest answers sent that have none."""

    today: date
    offered: Mapping[str, Sequence[OpenDays]]
    sent: Mapping[str, SentAnswers]

    def was_recorded_late(self, visit: PlannedVisit) -> bool:
        """Say whether an expected visit is past, and nobody could ever have answered it.

        It was open in its window on some day, or in a whole other one: then it is simply missed.
        """
        if not visit.expected or visit.reason is not None or not is_past(visit, self.today):
            return False
        return not any(
            days.visit.expected and days.cover(visit) for days in self.offered.get(visit.visit_code, ())
        )

    def was_provisional(self, visit: PlannedVisit, on: date) -> bool:
        """Say whether a visit was provisional when answers were given on a day, or in the window it has."""
        return any(
            days.visit.provisional and (days.first <= on <= days.last or has_same_window(days.visit, visit))
            for days in self.offered.get(visit.visit_code, ())
        )

    def was_answered_before(self, visit: PlannedVisit) -> bool:
        """Say whether a visit is past, and sent answers stand for it though they do not fit its window.

        They do unless the visit was asked for again since. What counts is what the plans have offered, and
        not what stands now: a wrong date that is taken back must not leave a missed visit behind. A visit
        that nobody expects needs nothing to stand for it: it stays as it was before its window closed.
        """
        sent = self.sent.get(visit.visit_code)
        if sent is None or not visit.expected or not is_past(visit, self.today):
            return False
        return not any(
            days.first > sent.on and not sent.fit(days.visit) and days.cover(visit)
            for days in self.offered.get(visit.visit_code, ())
        )


def find_open_days(
    visit: PlannedVisit, *, planned_on: date, replaced_on: date | None, today: date
) -> OpenDays | None:
    """Find the days on which a visit was open that stood in the plan between two days; None if never.

    One that stood there with a reason was closed to everybody: that is what the reason says.
    """
    until_on = today if replaced_on is None else min(replaced_on, today)
    first, last = max(visit.opens_on, planned_on), min(visit.closes_on or until_on, until_on)
    if visit.reason is not None or first > last:
        return None
    whole = first == visit.opens_on and last == visit.closes_on and last < until_on
    return OpenDays(first, last, whole=whole, visit=visit)


def has_same_window(one: PlannedVisit, other: PlannedVisit) -> bool:
    """Say whether two visits open and close on the same days."""
    return (one.opens_on, one.closes_on) == (other.opens_on, other.closes_on)


def holds(visit: PlannedVisit, day: date) -> bool:
    """Say whether a day lies in the window."""
    return visit.opens_on <= day and (visit.closes_on is None or day <= visit.closes_on)


def is_past(visit: PlannedVisit, today: date) -> bool:
    """Say whether the window is over."""
    return visit.closes_on is not None and visit.closes_on < today
