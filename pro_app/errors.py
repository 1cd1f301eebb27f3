"""The few named errors; each carries the data its message needs.

`web/errors.py` and `cli/` turn them into a page, a status or a line in the user's language.
"""

from dataclasses import dataclass
from datetime import date, datetime


class ProAppError(Exception):
    """Base of every refusal that a person can be told about."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it is, and what is wrong, as a translatable sentence.

    `message` is a message id with `%(name)s` places; `values` fills them. `line` is 1-based.
    """

    message: str
    values: dict[str, str | int] | None = None
    place: str = ""
    line: int | None = None


@dataclass(eq=False)
class InputRejected(ProAppError):
    """A form or a file holds something unusable; lists every problem (`place` names the field)."""

    problems: tuple[Problem, ...]


@dataclass(eq=False)
class DatabaseUnavailable(ProAppError):
    """A store cannot be used: `why` is a translatable sentence, `detail` what the driver said about it."""

    why: str
    detail: str = ""


@dataclass(eq=False)
class DefinitionRejected(ProAppError):
    """A definition file (instrument, wording pack, protocol) breaks its rules."""

    source: str
    problems: tuple[Problem, ...]


@dataclass(eq=False)
class AnswerRejected(ProAppError):
    """An answer does not fit its item: unknown item, value out of range, N/A not allowed.

    `operation_id` is its own where it came as an operation of a device.
    """

    instrument_code: str
    item_number: int
    reason: str
    operation_id: str = ""


@dataclass(eq=False)
class OperationConflict(ProAppError):
    """The operation's identifier was used before with another content."""

    operation_id: str


@dataclass(eq=False)
class WindowClosed(ProAppError):
    """The assessment cannot be answered now."""

    opens_on: date | None
    closes_on: date | None
    not_yet: bool = False


@dataclass(eq=False)
class AlreadySubmitted(ProAppError):
    """The assessment was submitted before; its receipt stands."""

    assessment_id: int
    submitted_at: datetime
    receipt_code: str


@dataclass(eq=False)
class NotPermitted(ProAppError):
    """The signed-in person may not do this; on pages about an object it looks like `NotFound`."""

    action: str = ""


@dataclass(eq=False)
class NotFound(ProAppError):
    """There is no such thing, or none that the signed-in person may know of."""

    kind: str = ""


@dataclass(eq=False)
class SignInRefused(ProAppError):
    """Wrong code, PIN or password; never says which."""


@dataclass(eq=False)
class TryLater(ProAppError):
    """Too many wrong tries; the next one is possible after `seconds`."""

    seconds: int


@dataclass(eq=False)
class TokenRefused(ProAppError):
    """An activation token is unknown, used, revoked or too old (`why`)."""

    why: str


@dataclass(eq=False)
class SettingMissing(ProAppError):
    """A setting is absent or unusable; `name` is the variable."""

    name: str
    why: str


@dataclass(eq=False)
class ProductionRefused(ProAppError):
    """A study may not run in production: `problems` name everything that is missing."""

    study_code: str
    problems: tuple[Problem, ...]
