from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from pro_app.reminders.due_task import DueTask
from pro_app.reminders.task_situation import TaskMessage
from pro_app.services.site_tasks import SiteTaskLine
from pro_app.web.clinic.task_reasons import why_words

TODAY = date(2026, 3, 12)


def a_message(state: str, day: int, channel: str = "email", *, is_taken_over: bool = False) -> TaskMessage:
    at = datetime(2026, 3, day, 9, tzinfo=UTC)
    return TaskMessage(
        day, "W08", "reminder", channel=channel, state=state, reason=None, at=at, is_taken_over=is_taken_over
    )


def say_why(app: Flask, **changes: object) -> str:
    """Give the sentence of a call about week 8, in English."""
    told: dict[str, object] = {
        "task_key": "call:1:W08:site-call:1", "kind": "call", "participant_id": 1, "why": "not_started",
        "since_on": TODAY, "visit_code": "W08", **changes,
    }  # fmt: skip
    line = SiteTaskLine(
        task=DueTask(**told),  # type: ignore[arg-type]  # the tests' own keywords
        participant_code="15-001",
        site_id=1,
        zone="Europe/Paris",
        visit_label="Week 8",
        event_label="",
        task_label="",
        failure=None,
        messages="sent",
        held_until=None,
        today=TODAY,
    )
    with app.test_request_context(), force_locale("en"):
        return why_words(line)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ((), "not started"),
        ((a_message("sent", 2), a_message("sent", 4)), "not started"),
        ((a_message("failed", 2),), "not started; e-mail refused on 2 March; no message arrived"),
        ((a_message("sent", 2), a_message("failed", 4)), "not started; e-mail refused on 4 March"),
        ((a_message("failed", 2), a_message("sent", 4)), "not started"),
        (
            (a_message("failed", 2), a_message("sent", 4, "push")),
            "not started; e-mail refused on 2 March; no message arrived",
        ),
        ((a_message("sent", 2), a_message("failed", 4, "push")), "not started"),
        ((a_message("failed", 4, is_taken_over=True), a_message("sent", 4, "sms")), "not started"),
        (
            (a_message("unknown", 2),),
            "not started; e-mail of 2 March perhaps not arrived; perhaps no message arrived",
        ),
        (
            (a_message("unknown", 2), a_message("failed", 4)),
            "not started; e-mail refused on 4 March; perhaps no message arrived",
        ),
    ],
)
def test_a_call_tells_of_messages_what_is_known_and_no_more(
    app: Flask, *, sent: tuple[TaskMessage, ...], said: str
) -> None:
    assert say_why(app, sent=sent) == f"“Week 8”: {said}."


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (0, "started, 0 questions out of 51"),
        (1, "started, 1 question out of 51"),
        (7, "started, 7 questions out of 51"),
    ],
)
def test_a_single_question_is_one_question(app: Flask, *, passed: int, said: str) -> None:
    assert say_why(app, why="started", passed=passed, questions=51) == f"“Week 8”: {said}."
