"""Whether a sheet of paper belongs to a visit, by the day and the code that stand on it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.events import fold_events
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.queries.participants import find_participant

LONGEST_REASON = 500
PRINTED_AHEAD = timedelta(days=31)
CODE_START = "PRO2"
_SIGNS = re.compile(r"[^0-9a-z#]+")


@dataclass(frozen=True, slots=True)
class SheetDay:
    """The day on a sheet, and why it counts where that is after the window."""

    source_on: date
    late_reason: str | None = None


def may_come_on_paper(assessment: AssessmentRecord, *, now: datetime) -> bool:
    """Tell whether a sheet can be printed or typed in: no form is there, and the window is not far off."""
    return assessment.submitted_at is None and now >= assessment.window.opens_at - PRINTED_AHEAD


def check_sheet_day(
    session: Session,
    assessment: AssessmentRecord,
    day: SheetDay,
    *,
    now: datetime,
    language: str = LANGUAGES[0],
) -> None:
    """Raise InputRejected unless a sheet of that day can be the one of this visit.

    A sheet that exists is not refused because it comes late: filled in after the window, it needs a reason.
    """
    problem = _find_impossible(session, assessment, day.source_on, now=now)
    if problem is None and day.source_on < assessment.opens_on:
        problem = _say_too_early(session, assessment, day.source_on, language=language)
    if problem is None and needs_late_reason(assessment, day.source_on, now=now) and not day.late_reason:
        message = mark("The sheet was filled in after the period (%(closes_on)s): say why it counts.")
        values: dict[str, str | int] = {"closes_on": _iso(assessment.closes_on)}
        problem = Problem(message, values, place="late_reason")
    if problem is None and len(day.late_reason or "") > LONGEST_REASON:
        problem = Problem(mark("Say why, in at most 500 characters."), place="late_reason")
    if problem is not None:
        raise InputRejected((problem,))


def needs_late_reason(assessment: AssessmentRecord, source_on: date, *, now: datetime) -> bool:
    """Tell whether a sheet of that day is a late one that no reopening accounts for."""
    at, reopened = find_finishing(assessment, source_on, now=now), assessment.facts.reopened
    if reopened is None or not assessment.window.has_closed(at):
        return assessment.window.has_closed(at)
    # A sheet has a day and no hour: on the day of the reopening itself it may be of before or after it.
    return source_on < civil_date(reopened.opens_at, assessment.zone) or reopened.has_closed(at)


def find_finishing(assessment: AssessmentRecord, source_on: date, *, now: datetime) -> datetime:
    """Give the moment that stands for a sheet's day: its noon in the zone of the visit, never after now."""
    noon = datetime.combine(source_on, time(12), tzinfo=ZoneInfo(assessment.zone))
    return min(noon.astimezone(now.tzinfo), now)


def check_sheet_code(assessment: AssessmentRecord, typed: str) -> None:
    """Raise InputRejected where the code of a sheet names another patient or another visit.

    It is the text of the sheet's QR code, or the patient's code and the visit as printed below that.
    """
    if not typed.strip():
        return
    wanted = (assessment.participant_code, assessment.visit_code)
    parts = typed.strip().split("|")
    if parts[0] == CODE_START:
        found = tuple(parts[3:5])
        same = tuple(map(_plain, found)) == tuple(map(_plain, wanted))
        named = " ".join(found)
    else:
        named, same = typed.strip(), _plain(typed) == _plain("".join(wanted))
    if not same:
        message = mark(
            "The sheet says “%(found)s”, this questionnaire is “%(wanted)s”: a form entered for the wrong "
            "visit."
        )
        values: dict[str, str | int] = {"found": named[:60], "wanted": " ".join(wanted)}
        raise InputRejected((Problem(message, values, place="sheet_code"),))


def _plain(code: str) -> str:
    return _SIGNS.sub("", code.casefold())


def _find_impossible(
    session: Session, assessment: AssessmentRecord, source_on: date, *, now: datetime
) -> Problem | None:
    """Find why nobody can have filled in a sheet for this visit on that day."""
    if source_on > civil_date(now, assessment.zone):
        return Problem(mark("This day is still to come."), place="source_on")
    person = find_participant(session, assessment.participant_id)
    if person is not None and source_on < person.consented_on:
        message = mark("This day is before the consent (%(consented_on)s).")
        return Problem(message, {"consented_on": _iso(person.consented_on)}, place="source_on")
    ended_on = _find_end(session, assessment)
    if ended_on is not None and source_on > ended_on:
        message = mark("This questionnaire is closed since %(ended_on)s, and the sheet is of a later day.")
        return Problem(message, {"ended_on": _iso(ended_on)}, place="source_on")
    return None


def _find_end(session: Session, assessment: AssessmentRecord) -> date | None:
    """Find the day of the event that closed the visit or made it unnecessary; None if there is none."""
    if assessment.expected and not assessment.facts.closed:
        return None
    facts = fold_events(read_events(list_events(session, assessment.participant_id)))
    days = [
        day
        for kind in assessment.protocol.event_kinds
        if kind.effect is not None and kind.effect.reason == assessment.reason_code
        for day in facts.dates_of(kind.code)
    ]
    return min(days, default=None)


def _say_too_early(
    session: Session, assessment: AssessmentRecord, source_on: date, *, language: str
) -> Problem:
    """Say that the day is before the window, and whose window it lies in."""
    for other in list_assessments(session, participant_id=assessment.participant_id):
        within = other.closes_on is None or source_on <= other.closes_on
        if other.assessment_id != assessment.assessment_id and other.opens_on <= source_on and within:
            label = other.protocol.visit_label(other.visit_code, language)
            message = mark(
                "This day lies in the period of “%(visit)s”: a form entered for the wrong visit? The period "
                "here begins on %(opens_on)s."
            )
            values: dict[str, str | int] = {"visit": label, "opens_on": _iso(assessment.opens_on)}
            return Problem(message, values, place="source_on")
    message = mark("This day is before the period, which begins on %(opens_on)s: a form for the wrong visit?")
    return Problem(message, {"opens_on": _iso(assessment.opens_on)}, place="source_on")


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
