"""The smaller rules a protocol is made of, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

from pro_app.language import LANGUAGES
from pro_app.protocol.calendar import Offset

MessageRule = Literal["sent", "held", "stopped"]
VisitRule = Literal["stay", "closed", "not_required"]
ReminderKind = Literal["invitation", "reminder", "last_call", "escalation"]
ReminderBase = Literal["opening", "target", "closing"]
ReminderCondition = Literal["not_started", "not_finished", "not_submitted"]


@dataclass(frozen=True, slots=True)
class Label:
    """The words people read for a code, by language."""

    texts: Mapping[str, str]

    def text(self, language: str = LANGUAGES[0]) -> str:
        """Give the words in `language`, in the first language if that one is unknown."""
        return self.texts.get(language, self.texts[LANGUAGES[0]])

    def with_number(self, number: int) -> "Label":
        """Give the label of one visit of a series: `#` becomes its number."""
        return Label({language: text.replace("#", str(number)) for language, text in self.texts.items()})


@dataclass(frozen=True, slots=True)
class CodedLabel:
    """A code of a closed list with the words that people read for it."""

    code: str
    label: Label


@dataclass(frozen=True, slots=True)
class Moment:
    """A date counted from the first or last event of a kind, once `at_least` of them are recorded."""

    event: str
    plus: Offset
    which: Literal["first", "last"] = "first"
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class DateRule:
    """The earliest or the latest of several moments; those whose event is unknown play no part."""

    pick: Literal["earliest", "latest"]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event does from its day on to messages, to visits, and to what counts as expected.

    `reason` is put on each visit that it closes or makes unnecessary.
    """

    messages: MessageRule
    visits: VisitRule
    expected: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class EventKind:
    """What may be recorded of a participant, and which kinds may stand before and after it.

    `may_lie_ahead`: its day may be one that is still to come.
    """

    code: str
    label: Label
    once: bool
    after: tuple[str, ...]
    followed_by: tuple[str, ...] | None
    arms: tuple[str, ...] | None
    details: tuple[str, ...]
    resumable: bool
    effect: Effect | None
    may_lie_ahead: bool = False


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """One message of a phase: on which day of the window, and what must still hold when it is sent.

    `days` counts from the opening, the target or the closing day. An `escalation` goes to the site.
    """

    code: str
    kind: ReminderKind
    base: ReminderBase
    days: int
    condition: ReminderCondition


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """When and how messages go out unless the participant chose otherwise; whole local hours."""

    channels: tuple[str, ...]
    hour: int
    quiet_from_hour: int
    quiet_until_hour: int
    sundays: bool
    public_holidays_of: str | None


@dataclass(frozen=True, slots=True)
class SiteTask:
    """What the site is asked to do before each window of some phases opens.

    The invitation waits for it, at most `invitation_waits_days` after the opening.
    """

    code: str
    label: Label
    phases: tuple[str, ...]
    days_before_opening: int
    invitation_waits_days: int


@dataclass(frozen=True, slots=True)
class MissingReason:
    """Why a form is missing or late; `automatic` ones are not offered to people."""

    code: str
    label: Label
    automatic: bool
    needs_text: bool


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who answered, and whether such a form is scored."""

    code: str
    label: Label
    scored: bool


@dataclass(frozen=True, slots=True)
class Reopening:
    """How the site may reopen a closed window; `last_visit_days` where no other visit follows."""

    needs_reason: bool
    last_visit_days: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The dates between which the trial runs, and what it is registered as."""

    began_on: date
    planned_end_on: date
    sponsor: str | None
    sponsor_number: str | None
    registration: str | None
    planned_participants: int | None


@dataclass(frozen=True, slots=True)
class DataProtection:
    """What participants are told about their data; None where the sponsor has not said it yet."""

    controller: Label | None = None
    contact: Label | None = None
    legal_basis: Label | None = None
    retention: Label | None = None
    hosting: Label | None = None

    @property
    def unsaid(self) -> tuple[str, ...]:
        """The names of the parts that nobody has said yet."""
        return tuple(part.name for part in fields(self) if getattr(self, part.name) is None)


@dataclass(frozen=True, slots=True)
class ParticipantPages:
    """What the participants' own pages show; `own_answers`: the answers of what they have sent."""

    own_answers: bool = False
    data_protection: DataProtection = DataProtection()


@dataclass(frozen=True, slots=True)
class Assumption:
    """A fact of the file that no public source gives; `paths` say where it stands."""

    id: str
    paths: tuple[str, ...]
    says: str
