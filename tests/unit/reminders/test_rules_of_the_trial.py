"""What the trial's own protocol makes of reminders: other days for yearly visits, no hour of the night."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from pro_app.definitions.files import parse_definition_text
from pro_app.errors import DefinitionRejected
from pro_app.protocol.find import load_protocol, protocol_path
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.outbox.attempts import find_back_off
from pro_app.reminders.policy import VisitSituation, plan_reminders
from pro_app.reminders.sending_hours import SendingHours

TEXT = protocol_path("reluth", "1.0").read_text(encoding="utf-8")
OPENS_ON = date(2027, 4, 5)
ANY_DAY = SendingHours("Europe/Paris", 10, 20, quiet_until_hour=8, sundays=True)


def list_days(protocol: Protocol, visit_code: str, *, window_days: int) -> dict[str, int]:
    """Give on which day of its window, counted from 0, each message of a visit goes out."""
    phase = protocol.find_phase(visit_code)
    assert phase is not None
    visit = VisitSituation(
        planned_visit_id=1,
        assessment_id=1,
        visit_code=visit_code,
        revision=1,
        opens_on=OPENS_ON,
        target_on=OPENS_ON + timedelta(days=window_days // 2),
        closes_on=OPENS_ON + timedelta(days=window_days),
        zone="Europe/Paris",
        closed=False,
        started=False,
        submitted=False,
        rules=phase.reminders,
    )
    return {
        planned.rule.code: (planned.due_at.date() - OPENS_ON).days
        for planned in plan_reminders(visit, ANY_DAY)
    }


def test_yearly_visits_are_reminded_of_on_other_days_than_those_every_eight_weeks() -> None:
    protocol = load_protocol("reluth")
    every_8_weeks = list_days(protocol, "W08", window_days=14)
    yearly = list_days(protocol, "Y2", window_days=60)
    assert every_8_weeks == {
        "invitation": 0, "resume": 3, "first-reminder": 4, "second-reminder": 8, "last-call": 12,
    }  # fmt: skip
    assert yearly == {
        "invitation": 0, "resume": 7, "first-reminder": 14, "second-reminder": 30, "third-reminder": 46,
        "last-call": 56,
    }  # fmt: skip
    days_of_call = {
        code: rule.days
        for code in ("W08", "M03", "Y2")
        for rule in protocol.phases_by_code[getattr(protocol.find_phase(code), "code", "")].reminders
        if rule.kind == "escalation"
    }
    assert days_of_call == {"W08": 2, "M03": 5, "Y2": 10}


@pytest.mark.parametrize(
    ("setting", "hour", "is_allowed"),
    [
        ("hour", 2, False),
        ("hour", 8, True),
        ("quiet_until_hour", 2, False),
        ("quiet_until_hour", 3, True),
        ("quiet_from_hour", 24, True),
        ("quiet_from_hour", 25, False),
    ],
)
def test_no_protocol_can_let_messages_go_in_the_hours_in_which_the_clocks_change(
    setting: str, hour: int, *, is_allowed: bool
) -> None:
    changed = re.sub(rf"(?m)^  {setting}: \d+$", f"  {setting}: {hour}", TEXT)
    assert changed != TEXT
    definition = parse_definition_text(changed, "protocol.yaml")
    if is_allowed:
        assert getattr(parse_protocol(definition).messages, setting) == hour
    else:
        with pytest.raises(DefinitionRejected):
            parse_protocol(definition)


def test_a_message_that_failed_is_tried_again_at_growing_distances_up_to_four_hours() -> None:
    waits = [find_back_off(attempts) for attempts in range(1, 100)]
    assert waits[0] == timedelta(minutes=1)
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert max(waits) == timedelta(hours=4)
