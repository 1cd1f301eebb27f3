"""What a site may say that it did about a task: a closed list for each kind (pure).

An outcome either settles the task or lets it rest for some days, after which it comes back by itself as
long as its reason holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CALL = "call"
CHECK = "check_status_and_contacts"
MESSAGE = "message"
CHANNEL = "channel"
RECORD_DATE = "record_date"
KINDS = (CALL, CHECK, MESSAGE, CHANNEL, RECORD_DATE)

TOMORROW, IN_FOUR_WEEKS = 1, 28
WAYS_BACK = "ways_back"
"""The outcome that lifts the stop of a channel: the address is right again, or the person wants it again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that a site did; `rests_days` is after how many days the task comes back, None: settled."""

    code: str
    rests_days: int | None = None


OUTCOMES: Mapping[str, tuple[Outcome, ...]] = {
    CALL: (
        Outcome("reached"),
        Outcome("declined"),
        Outcome("message_left", TOMORROW),
        Outcome("not_reached", TOMORROW),
    ),
    CHECK: (Outcome("confirmed"), Outcome("contacts_corrected"), Outcome("not_reached", TOMORROW)),
    MESSAGE: (
        Outcome("reached"),
        Outcome("contacts_corrected"),
        Outcome("nothing_to_do"),
        Outcome("not_reached", TOMORROW),
    ),
    CHANNEL: (Outcome(WAYS_BACK), Outcome("stays_off"), Outcome("not_reached", TOMORROW)),
    RECORD_DATE: (Outcome("not_yet", IN_FOUR_WEEKS),),
}


def list_outcomes(kind: str) -> tuple[Outcome, ...]:
    """List what may be recorded about a task; a kind that only the protocol names is a check of its own."""
    return OUTCOMES.get(kind, OUTCOMES[CHECK])


def find_outcome(kind: str, code: str) -> Outcome | None:
    """Find an outcome that may be recorded about a task of this kind; None if there is no such one."""
    return next((outcome for outcome in list_outcomes(kind) if outcome.code == code), None)


def list_settling_outcomes(kind: str) -> frozenset[str]:
    """List the outcomes after which a task of this kind is settled."""
    return frozenset(outcome.code for outcome in list_outcomes(kind) if outcome.rests_days is None)
