"""What somebody should think of before an event is recorded, corrected or taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pro_app.language import mark
from pro_app.protocol.events import fold_events
from pro_app.protocol.open_days import SITE_LATE_RECORDING
from pro_app.reminders.policy import MessageSituation, check_eligibility, find_condition
from pro_app.reminders.situation import Situation
from pro_app.services.considered_events import ConsideredEvent
from pro_app.services.event_offers import list_unsent_codes
from pro_app.services.plan_previews.calendar import find_knowing_version
from pro_app.services.plan_previews.consequences import Consequences
from pro_app.services.plan_previews.model import CalendarRow, PreviewWarning
from pro_app.services.plan_previews.stored_message import StoredMessage
from pro_app.storage.queries.assessments import AssessmentRecord

_UNSENT = mark("Not sent yet: %(visits)s. After this day it no longer counts as answered in time.")
_ARM = mark("Already answered: %(visits)s. The answers stay, and count in the corrected arm from now on.")
_ANCHOR = mark("Already answered: %(visits)s. The periods of these questionnaires count from this event.")
_AFTER_THE_END = mark(
    "“%(event)s” (%(on)s) lies after “%(end)s” (%(date)s). Please check both dates: what follows counts from "
    "the end."
)
_SET_ASIDE = mark(
    "Answered outside the new periods: %(visits)s. The answers are kept as “%(unscheduled)s”; taking this "
    "back brings them back."
)
_LATE = mark(
    "Already past when it is recorded: %(visits)s. It stays expected, counts as missing with the reason "
    "“%(reason)s”, and no message goes out for it."
)
_IN_HAND = mark("A message about “%(visits)s” is going out at this moment and cannot be called back.")


@dataclass(frozen=True, slots=True)
class _Case:
    considered: ConsideredEvent
    consequences: Consequences
    calendar: Sequence[CalendarRow]
    records: Sequence[AssessmentRecord]
    language: str

    def labels(self, codes: Iterable[str]) -> str:
        """Write visits in words."""
        return ", ".join(
            find_knowing_version(self.considered.protocol, self.records, code).visit_label(
                code, self.language
            )
            for code in codes
        )

    def warn(self, code: str, message: str, visits: Sequence[str], **values: str) -> Iterator[PreviewWarning]:
        """Give the warning where it is about any visit."""
        if visits:
            yield PreviewWarning(code, message, {"visits": self.labels(visits), **values})


def list_warnings(
    considered: ConsideredEvent,
    consequences: Consequences,
    calendar: Sequence[CalendarRow],
    *,
    records: Sequence[AssessmentRecord],
    language: str,
) -> tuple[PreviewWarning, ...]:
    """List what is special about the act, the gravest last; `records` are the participant's assessments."""
    case = _Case(considered, consequences, calendar, records, language)
    return (*_about_the_event(case), *_about_the_calendar(case), *_about_messages(case))


def _about_the_event(case: _Case) -> Iterator[PreviewWarning]:
    """Say what the kind of event, or what is corrected about it, means for what was answered."""
    row, replaces = case.considered.row, case.considered.replaces
    if not row.retracts:
        yield from _about_the_end(case)
    if replaces is None:
        yield from case.warn("unsent", _UNSENT, list_unsent_codes(row.kind, case.records))
        return
    answered = [record for record in case.records if record.started_at or record.submitted_at]
    if row.details.get("arm") != replaces.details.get("arm") and not row.retracts:
        yield from case.warn("arm_after_answers", _ARM, [record.visit_code for record in answered])
    if row.retracts or row.occurred_on != replaces.occurred_on:
        anchored = [record.visit_code for record in answered if _counts_from(record, row.kind)]
        yield from case.warn("anchor_after_answers", _ANCHOR, anchored)


def _about_the_end(case: _Case) -> Iterator[PreviewWarning]:
    """Say that something which carries a series of visits on lies after the event that ends the series."""
    protocol, kind = case.considered.protocol, case.considered.row.kind
    facts = fold_events(case.considered.events)
    pairs = {
        (moment.event, visit.repeats.ends_with)
        for visit in protocol.visits
        if visit.repeats
        for moment in visit.repeats.cap.moments
    }
    for event, end in sorted((event, end) for event, end in pairs if end and kind in {event, end}):
        ended_on = min(facts.dates_of(end), default=None)
        latest_on = max(facts.dates_of(event), default=None)
        # Of several the one that is recorded now is meant, and it may be an earlier one.
        on = case.considered.row.occurred_on if kind == event else latest_on
        if ended_on is not None and on is not None and on > ended_on:
            values = {
                "event": protocol.event_label(event, case.language, facts.arm),
                "end": protocol.event_label(end, case.language, facts.arm),
                "on": on.isoformat(),
                "date": ended_on.isoformat(),
            }
            yield PreviewWarning("after_the_end", _AFTER_THE_END, values)


def _counts_from(record: AssessmentRecord, kind: str) -> bool:
    anchor = record.protocol.anchors_by_code.get(record.anchor)
    return anchor is not None and anchor.event == kind


def _about_the_calendar(case: _Case) -> Iterator[PreviewWarning]:
    """Say which answers lose their visit, and which visits are missed before anybody could know."""
    protocol = case.considered.protocol
    set_aside = [row.visit_code for row in case.calendar if row.becomes == "unscheduled"]
    yield from case.warn(
        "set_aside", _SET_ASIDE, set_aside, unscheduled=protocol.unscheduled_label.text(case.language)
    )
    late = [
        row.visit_code
        for row in case.calendar
        if row.reason_code == SITE_LATE_RECORDING and row.becomes != "kept" and row.answered == "no"
    ]
    reason = protocol.reason_label(SITE_LATE_RECORDING, case.language)
    yield from case.warn("late_recording", _LATE, late, reason=reason)


def _about_messages(case: _Case) -> Iterator[PreviewWarning]:
    """Say which message is in somebody's hands and should not go out any more."""
    visit_codes = {record.assessment_id: record.planned_code for record in case.records}
    in_hand = [
        visit_codes[row.assessment_id]
        for row in case.consequences.rows
        if row.state == "claimed"
        and row.assessment_id in visit_codes
        and _is_unwanted(row, case.consequences.situation)
    ]
    yield from case.warn("in_hand", _IN_HAND, in_hand)


def _is_unwanted(row: StoredMessage, situation: Situation) -> bool:
    """Say whether a message could not be claimed any more after the act."""
    visit = situation.find_visit(row.planned_visit_id, row.assessment_id)
    condition = find_condition(row.rule_code, visit.all_rules if visit else ())
    message = MessageSituation(condition or "", row.planned_visit_id, None)
    reason = check_eligibility(message, visit, stopped_by=situation.stopped_by, now=row.planned_at)
    return reason is not None
