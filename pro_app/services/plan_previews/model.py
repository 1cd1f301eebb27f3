"""What a preview says, as frozen values: the calendar, the messages and the rates before and after."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Act = Literal["record", "correct", "retract"]
Becoming = Literal[
    "kept",
    "moved",
    "added",
    "cancelled",
    "unscheduled",
    "readmitted",
    "not_required",
    "closed",
    "required",
    "confirmed",
    "provisional",
    "renewed",
]
"""What becomes of a visit. On the same days it may become `not_required`, `closed` (still expected),
`required` again, `confirmed` (no longer provisional), `provisional`, or only `renewed` (zone or rules)."""
Answered = Literal["no", "started", "sent"]


@dataclass(frozen=True, slots=True)
class VisitDays:
    """Where a visit stands: civil dates, both ends of the window included."""

    opens_on: date
    target_on: date | None
    closes_on: date | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """What becomes of one visit; `before` is None where there is none, `after` where it goes.

    `reason` says in words why, where it is not simply that a date changed; `reason_code` is its code.
    """

    visit_code: str
    label: str
    becomes: Becoming
    before: VisitDays | None
    after: VisitDays | None
    reason_code: str | None
    reason: str | None
    answered: Answered


@dataclass(frozen=True, slots=True)
class MessageChange:
    """What becomes of one planned message; `held`: it waits for the end of a pause.

    `before_at` and `after_at` are aware UTC. `reason` is a message id or already in words, as the outbox's
    reasons are; `at_once`: it goes out as soon as the act is recorded.
    """

    change: Literal["withdrawn", "moved", "added", "held"]
    visit_code: str
    visit: str
    rule_code: str
    template_code: str
    channel: str
    before_at: datetime | None
    after_at: datetime | None
    at_once: bool = False
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Valid forms among the expected ones whose window is over."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The share, 0–1; None where nothing is expected yet."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class RateEffect:
    """What changes in the rates: the visits that are expected of this participant, and the completion rates.

    `expected_before` and `expected_after` count every visit of the plan, also those to come;
    `becomes_expected` and `no_longer_expected` are labels of visits.
    """

    expected_before: int
    expected_after: int
    becomes_expected: tuple[str, ...]
    no_longer_expected: tuple[str, ...]
    participant_before: Rate
    participant_after: Rate
    site_before: Rate
    site_after: Rate


@dataclass(frozen=True, slots=True)
class PreviewWarning:
    """Something to be thought of before: a code, and a sentence as a message id with its values."""

    code: str
    message: str
    values: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """Everything that recording, correcting or taking back an event would do.

    `label` names the event, `zone` is the participant's. `fingerprint` changes with everything in here that
    somebody decides upon; the rates of a site, which change with every form of anybody, play no part in it.
    """

    participant_id: int
    participant_code: str
    zone: str
    act: Act
    kind: str
    label: str
    occurred_on: date
    details: Mapping[str, str]
    calendar: tuple[CalendarRow, ...]
    messages: tuple[MessageChange, ...]
    rates: RateEffect
    warnings: tuple[PreviewWarning, ...]
    fingerprint: str

    @property
    def counts(self) -> Mapping[str, int]:
        """How many visits each thing becomes of, those without any left out."""
        return Counter(row.becomes for row in self.calendar)

    @property
    def withdrawn(self) -> tuple[MessageChange, ...]:
        """The messages that would be taken back."""
        return self._list_messages("withdrawn")

    @property
    def added(self) -> tuple[MessageChange, ...]:
        """The messages that would newly be planned."""
        return self._list_messages("added")

    @property
    def moved(self) -> tuple[MessageChange, ...]:
        """The messages that would go out at another time."""
        return self._list_messages("moved")

    @property
    def held(self) -> tuple[MessageChange, ...]:
        """The messages that would wait for the end of a pause."""
        return self._list_messages("held")

    def _list_messages(self, change: str) -> tuple[MessageChange, ...]:
        return tuple(message for message in self.messages if message.change == change)
