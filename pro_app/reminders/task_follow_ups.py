"""Tasks that are about no message: a wrong number, missing reasons, and what other parts ask (pure)."""

from collections.abc import Iterator
from datetime import date

from pro_app.reminders.due_task import DueTask, make_task_key
from pro_app.reminders.task_outcomes import CONTACT, MISSING_REASON, UNSENT
from pro_app.reminders.task_rests import RecordedWork
from pro_app.reminders.task_situation import TaskSituation


def list_contact_tasks(work: RecordedWork, *, until_on: date | None) -> Iterator[DueTask]:
    """Ask for the right number after a wrong one, by the day on which the soonest period ends."""
    wrong, key = work.wrong_number, work.contact_key
    if wrong is not None and key is not None:
        yield DueTask(
            key,
            CONTACT,
            work.situation.participant_id,
            why="wrong_number",
            since_on=work.situation.civil_day(wrong.recorded_at),
            until_on=until_on,
            tried=work.find_tried(key),
        )


def list_missing_reasons(work: RecordedWork) -> Iterator[DueTask]:
    """Ask once per person why visits were missed; a visit that is missed later asks anew."""
    asked = [visit for visit in work.situation.missed if visit.is_asked]
    if not asked:
        return
    latest = max(asked, key=lambda visit: visit.closed_on)
    key = work.find_open_key(MISSING_REASON, latest.visit_code)
    if key is not None:
        yield DueTask(
            key,
            MISSING_REASON,
            work.situation.participant_id,
            why="no_reason",
            since_on=min(visit.closed_on for visit in asked),
            tried=work.find_tried(key),
            unexplained=tuple(visit.visit_code for visit in asked),
        )


def list_unsent_answers(work: RecordedWork) -> Iterator[DueTask]:
    """Ask to look at each phone that holds answers which did not come; they end when it has none left."""
    for report in work.situation.unsent:
        key = work.find_open_key(UNSENT, report.report_id)
        if key is not None:
            yield DueTask(
                key,
                UNSENT,
                work.situation.participant_id,
                why="unsent",
                since_on=work.situation.civil_day(report.oldest_at),
                tried=work.find_tried(key),
                held=report.held,
                report_id=report.report_id,
            )


def list_matter_tasks(situation: TaskSituation) -> Iterator[DueTask]:
    """Give what other parts of the app ask the site to do about the participant."""
    for matter in situation.matters:
        yield DueTask(
            make_task_key(matter.kind, situation.participant_id, matter.about),
            matter.kind,
            situation.participant_id,
            why=matter.why,
            since_on=matter.since_on,
            until_on=matter.until_on,
            visit_code=matter.visit_code,
            for_roles=matter.for_roles,
            not_for_id=matter.not_for_id,
        )
