"""Situations of one person from which tasks of a site follow, in tests of the pure rules."""

from datetime import date, datetime, timedelta

from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.find import load_protocol
from pro_app.protocol.windows import civil_window
from pro_app.reminders.site_tasks import DueTask, list_site_tasks
from pro_app.reminders.task_situation import TaskMessage, TaskRecord, TaskSituation, TaskVisit

RELUTH = load_protocol("reluth", "1.0")
PARIS = "Europe/Paris"
CALL_KEY = "call:1:W08:site-call:1"
CHECK_KEY = "check_status_and_contacts:1:Y2"


def at(day: str, hour: int = 11) -> datetime:
    """Give a moment of a day, by its hour in UTC."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00")


def facts(*events: tuple[str, str] | tuple[str, str, dict[str, str]]) -> Facts:
    """Fold events given as kind, day and details; the randomisation is there already."""
    known = [("enrolled", "2026-01-01", {}), ("randomised", "2026-01-12", {"arm": "SURVEILLANCE"})]
    known += [(event[0], event[1], event[2] if len(event) > 2 else {}) for event in events]
    return fold_events(
        Event(number, kind, date.fromisoformat(on), recorded_at=at(on), details=details)
        for number, (kind, on, details) in enumerate(known)
    )


def a_visit(code: str = "W08", target: str = "2026-03-09", days: int = 7, **changes: object) -> TaskVisit:
    """Give a visit, week 8 unless told otherwise: its window runs from 2 to 16 March 2026."""
    target_on = date.fromisoformat(target)
    opens_on, closes_on = target_on - timedelta(days=days), target_on + timedelta(days=days)
    told: dict[str, object] = {
        "visit_code": code,
        "revision": 1,
        "opens_on": opens_on,
        "target_on": target_on,
        "closes_on": closes_on,
        "window": civil_window(opens_on, closes_on, str(changes.pop("zone", PARIS))),
        "closed": False,
        "started": False,
        "submitted": False,
        "protocol": RELUTH,
        **changes,
    }
    return TaskVisit(**told)  # type: ignore[arg-type]  # the tests' own keywords


def a_year(**changes: object) -> TaskVisit:
    """Give the visit at 2 years: open from 2 May to 1 July 2026, to be checked from 18 April."""
    return a_visit("Y2", "2026-06-01", 30, **changes)


def a_message(
    number: int = 5, state: str = "failed", day: str = "2026-03-02", **changes: object
) -> TaskMessage:
    """Give a message about week 8 that failed on 2 March, unless told otherwise."""
    told: dict[str, object] = {
        "message_id": number,
        "visit_code": "W08",
        "template_code": "invitation",
        "channel": "email",
        "state": state,
        "reason": "no_address" if state == "failed" else None,
        "at": at(day, 9),
        "is_taken_over": False,
        **changes,
    }
    return TaskMessage(**told)  # type: ignore[arg-type]  # the tests' own keywords


def a_record(key: str, outcome: str, day: str, *, hour: int = 11, again_on: date | None = None) -> TaskRecord:
    """Give what was recorded about a task at noon of a day."""
    return TaskRecord(key, outcome, None, recorded_at=at(day, hour), recorded_by_id=7, again_on=again_on)


def a_situation(*visits: TaskVisit, **changes: object) -> TaskSituation:
    """Give the situation of one person in Paris under surveillance, whose treatment ended."""
    told: dict[str, object] = {
        "participant_id": 1,
        "zone": PARIS,
        "protocol": RELUTH,
        "facts": facts(("treatment_ended", "2026-01-12")),
        "visits": visits,
        **changes,
    }
    return TaskSituation(**told)  # type: ignore[arg-type]  # the tests' own keywords


def tasks(situation: TaskSituation, day: str, hour: int = 11) -> list[DueTask]:
    """List what is asked at a moment of a day."""
    return list(list_site_tasks(situation, now=at(day, hour)))


def keys(situation: TaskSituation, day: str, hour: int = 11) -> list[str]:
    """List the keys of what is asked at a moment of a day."""
    return [task.task_key for task in tasks(situation, day, hour)]
