"""What each act of leaving, a progression and a death do: to messages, to visits, and to the rates."""

from datetime import date
from typing import NamedTuple

import pytest
from clinic_world import Clinic, noon

from pro_app.reminders.situation import load_situation
from pro_app.services.clinic_scope import load_scope
from pro_app.services.completion import count_completion
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.queries.participants import find_participant

ACTED_ON, PAUSED_UNTIL = date(2026, 3, 20), date(2026, 7, 6)
IN_W16, AFTER_W16 = date(2026, 5, 4), date(2026, 5, 20)


class Consequence(NamedTuple):
    """Whether messages go on, W16 can be answered, what it is once it is over, and whether it counts."""

    messages: str
    answerable: bool
    state: str
    reason: str | None
    expected: int


GOES_ON = Consequence("sent", answerable=True, state="missed", reason=None, expected=1)
NOT_REQUIRED = Consequence("stopped", answerable=False, state="not_required", reason=None, expected=0)
CLOSED = Consequence("stopped", answerable=False, state="missed", reason=None, expected=1)

ACTS = {
    "progressed": GOES_ON,
    "paused": GOES_ON._replace(messages="held"),
    "messages_stopped": GOES_ON._replace(messages="stopped"),
    "questionnaires_stopped": CLOSED._replace(reason="STOPPED_QUESTIONNAIRES"),
    "lost": CLOSED._replace(reason="LOST_TO_FOLLOW_UP"),
    "left": NOT_REQUIRED._replace(reason="LEFT_TRIAL"),
    "died": NOT_REQUIRED._replace(reason="DIED"),
}


def describe_messages(clinic: Clinic, participant_id: int) -> str:
    """Say whether the messages about W16 go out while its window is open, are held, or are withdrawn."""
    with clinic.database.reading() as session:
        rows = [row for row, code in list_messages_with_visits(session, participant_id) if code == "W16"]
        if all(row.state == "cancelled" for row in rows):
            return "stopped"
        participant = find_participant(session, participant_id)
        held_until = load_situation(session, participant, now=noon(IN_W16)).held_until
    return "held" if held_until else "sent"


def count_w16(clinic: Clinic) -> tuple[int, int]:
    """Give how many are expected at W08 and at W16 once both are over."""
    with clinic.database.reading() as session:
        scope = load_scope(session, actor=clinic.nurse)
        table = count_completion(session, scope, language="en", now=noon(AFTER_W16))
    expected = {row.code: row.tally.expected for row in table.rows}
    return expected["W08"], expected.get("W16", 0)


@pytest.mark.parametrize("kind", ACTS)
def test_each_act_does_to_messages_visits_and_rates_what_the_trial_says(clinic: Clinic, kind: str) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    clinic.answer(participant_id, "W08", date(2026, 3, 9))
    assert describe_messages(clinic, participant_id) == "sent"
    details = {"until": PAUSED_UNTIL.isoformat()} if kind == "paused" else {}
    clinic.record(participant_id, kind, ACTED_ON, **details)
    visits = clinic.assessments(participant_id)
    w16 = visits["W16"]
    assert ACTS[kind] == Consequence(
        describe_messages(clinic, participant_id),
        answerable=w16.is_answerable(noon(IN_W16)),
        state=w16.state(noon(AFTER_W16)),
        reason=w16.reason_code,
        expected=count_w16(clinic)[1],
    )
    # What was answered before is untouched, and counts.
    assert (visits["W08"].state(noon(AFTER_W16)), count_w16(clinic)[0]) == ("submitted", 1)
