"""The life of the participant that a newcomer is given: the site does its part, the newcomer answers."""

from datetime import date, datetime, timedelta

from pro_app.protocol.protocol import Protocol
from pro_app.simulation.lives import VirtualEvent, local_moment, next_weekday
from pro_app.simulation.people import VirtualPerson
from pro_app.simulation.trajectories import Trajectory

ARM = "LUTATHERA"
RANDOMISED_AFTER = timedelta(days=6)
INFUSIONS_AFTER = (timedelta(days=10), timedelta(days=66))
ENDED_AFTER = timedelta(days=122)
RECORDED_AT_HOUR = 17


def plan_newcomer(
    protocol: Protocol, *, participant_code: str, site_code: str, enrolled_at: datetime
) -> VirtualPerson:
    """Plan what the site records of the newcomer's participant, unless the newcomer records it as the nurse.

    Nobody answers for the newcomer, and nobody does the newcomer's tasks.
    """
    zone = protocol.default_zone
    day = enrolled_at.date()
    events = [_record("randomised", next_weekday(day + RANDOMISED_AFTER), zone, details={"arm": ARM})]
    events += [_record("infusion", next_weekday(day + after), zone) for after in INFUSIONS_AFTER]
    events.append(_record("treatment_ended", next_weekday(day + ENDED_AFTER), zone))
    return VirtualPerson(
        number=0,
        participant_code=participant_code,
        site_code=site_code,
        zone=zone,
        consented_on=day,
        enrolled_at=enrolled_at,
        email=None,
        reminder_hour=10,
        keenness=0.0,
        trajectory=Trajectory(0.3, 0.0, 0.05),
        events=tuple(event for event in events if event.kind in protocol.event_kinds_by_code),
        is_cared_for=False,
    )


def _record(kind: str, day: date, zone: str, *, details: dict[str, str] | None = None) -> VirtualEvent:
    return VirtualEvent(kind, day, local_moment(day, RECORDED_AT_HOUR, zone, minute=0), details or {})
