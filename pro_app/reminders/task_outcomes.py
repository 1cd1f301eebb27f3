"""What a site may say that it did about a task: a closed list for each kind (pure).

An outcome either settles the task or lets it rest, after which it comes back by itself as long as its reason
holds. What may no longer be said stays known, because rows that say it are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CALL = "call"
CHECK = "check_status_and_contacts"
MESSAGE = "message"
CHANNEL = "channel"
RECORD_DATE = "record_date"
CONTACT = "contact"
MISSING_REASON = "missing_reason"
SECOND_ENTRY = "second_entry"
PAPER_AWAITED = "paper_awaited"
UNSENT = "unsent_answers"
PHONE_LOST = "phone_lost"
CLARIFICATION = "clarification"
READING = "reading_follow_up"
TRANSFER = "transfer"
KINDS = (CALL, CHECK, MESSAGE, CHANNEL, CONTACT, RECORD_DATE, MISSING_REASON, PAPER_AWAITED, UNSENT)
"""The kinds whose outcome is recorded in the list; matters end on the pages of their own (`MATTERS`)."""
MATTERS = (SECOND_ENTRY, CLARIFICATION, READING, TRANSFER)

TOMORROW, IN_A_WEEK, IN_TEN_DAYS, IN_FOUR_WEEKS = 1, 7, 10, 28
LONGEST_WAIT = 30
"""So many days ahead a site may say that it tries again."""
WAYS_BACK = "ways_back"
"""The outcome that lifts the stop of a channel: the address is right again, or the person wants it again."""
WRONG_NUMBER = "wrong_number"
"""The outcome after which nobody is called until the contact is put right, which is then the task."""
NOT_THIS_TIME = "not_this_time"
"""The outcome that needs the protocol's reason, which becomes that of the visit."""
PREFERS_PAPER = "prefers_paper"
ANSWERS_NOW = "answers_now"
"""The outcome that is recorded when an interview by telephone begins, and by nothing else."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that a site did; `rests_days` is after how many days the task comes back, None: settled.

    `day_is_chosen`: the site may say on which day it tries again, `rests_days` being what it need not say.
    `needs_reason`: it comes with a reason of the protocol and with who said it. `until_contact`: the task
    rests until the contact is put right, which is a task of its own. `is_begun`: it is recorded by beginning
    what it says, on a page of its own.
    """

    code: str
    rests_days: int | None = None
    day_is_chosen: bool = False
    needs_reason: bool = False
    until_contact: bool = False
    is_begun: bool = False

    @property
    def settles(self) -> bool:
        """Say whether nothing more is asked after it."""
        return self.rests_days is None and not self.until_contact


_NOT_REACHED = Outcome("not_reached", TOMORROW, day_is_chosen=True)
OUTCOMES: Mapping[str, tuple[Outcome, ...]] = {
    CALL: (
        Outcome("reached"),
        Outcome(ANSWERS_NOW, TOMORROW, is_begun=True),
        _NOT_REACHED,
        Outcome("message_left", TOMORROW),
        Outcome(PREFERS_PAPER, IN_TEN_DAYS),
        Outcome(WRONG_NUMBER, until_contact=True),
        Outcome(NOT_THIS_TIME, needs_reason=True),
    ),
    CHECK: (Outcome("confirmed"), Outcome("contacts_corrected"), _NOT_REACHED),
    MESSAGE: (
        Outcome("reached"),
        Outcome("contacts_corrected"),
        Outcome("nothing_to_do"),
        _NOT_REACHED,
    ),
    CHANNEL: (Outcome(WAYS_BACK), Outcome("stays_off"), _NOT_REACHED),
    CONTACT: (Outcome("number_is_right"), Outcome("not_found", IN_A_WEEK)),
    RECORD_DATE: (Outcome("not_yet", IN_FOUR_WEEKS),),
    MISSING_REASON: (Outcome("not_known_yet", IN_A_WEEK),),
    PAPER_AWAITED: (
        Outcome("sheet_on_its_way", IN_A_WEEK),
        Outcome("sheet_sent_again", IN_TEN_DAYS),
        _NOT_REACHED,
        Outcome(NOT_THIS_TIME, needs_reason=True),
    ),
    UNSENT: (Outcome("told", IN_A_WEEK), _NOT_REACHED, Outcome(PHONE_LOST)),
}
NO_LONGER_OFFERED: Mapping[str, tuple[Outcome, ...]] = {CALL: (Outcome("declined"),)}


def list_outcomes(kind: str) -> tuple[Outcome, ...]:
    """List what may be recorded about a task; a kind that only the protocol names is a check of its own."""
    return () if kind in MATTERS else OUTCOMES.get(kind, OUTCOMES[CHECK])


def find_outcome(kind: str, code: str) -> Outcome | None:
    """Find an outcome that may be recorded about a task of this kind; None if there is no such one."""
    return next((outcome for outcome in list_outcomes(kind) if outcome.code == code), None)


def find_known_outcome(kind: str, code: str) -> Outcome | None:
    """Find an outcome that may stand in a row, offered today or not; None if there was never such a one."""
    earlier = (outcome for outcome in NO_LONGER_OFFERED.get(kind, ()) if outcome.code == code)
    return find_outcome(kind, code) or next(earlier, None)


def list_settling_outcomes(kind: str) -> frozenset[str]:
    """List the outcomes after which a task of this kind is settled, those of earlier rows included."""
    known = (*list_outcomes(kind), *NO_LONGER_OFFERED.get(kind, ()))
    return frozenset(outcome.code for outcome in known if outcome.settles)
