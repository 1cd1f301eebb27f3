"""The rules of one trial as frozen values, read from `protocol.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pro_app.language import LANGUAGES
from pro_app.protocol.analysis import Analysis
from pro_app.protocol.calendar import Offset
from pro_app.protocol.rules import (
    Assumption,
    CodedLabel,
    DateRule,
    EventKind,
    Label,
    MessageSettings,
    MissingReason,
    ParticipantPages,
    ReminderRule,
    Reopening,
    Respondent,
    SiteTask,
    Trial,
)
from pro_app.protocol.thresholds import Thresholds

UNSCHEDULED = "UNSCHEDULED"
"""The visit code of answers that fit no planned visit."""

ENROLLED, RANDOMISED = "enrolled", "randomised"
"""The kinds of event that say since when somebody takes part, and is assigned to an arm."""


@dataclass(frozen=True, slots=True)
class InstrumentReference:
    """One version of an instrument and the scoring definition that the trial uses."""

    code: str
    version: str
    scoring: str


@dataclass(frozen=True, slots=True)
class Arm:
    """A planned path; `expected` and `proposed` give dates of events that are not recorded yet."""

    code: str
    label: Label
    event_labels: Mapping[str, Label]
    expected: Mapping[str, DateRule]
    proposed: Mapping[str, DateRule]


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event that visits count from."""

    code: str
    event: str
    label: Label


@dataclass(frozen=True, slots=True)
class Phase:
    """Visits that share their instruments, in the order in which they are asked, and reminders."""

    code: str
    label: Label
    instruments: tuple[InstrumentReference, ...]
    reminders: tuple[ReminderRule, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A visit again and again, `every` step from the anchor up to the cap or an ending event."""

    every: Offset
    ends_with: str | None
    cap: DateRule


@dataclass(frozen=True, slots=True)
class Visit:
    """One point of the schedule, or a series of them (`repeats`, with `#` in its code).

    The window runs from `opens_days` to `closes_days` around the target, both included. `opens_with`
    is the event that opens the visit while its anchor is unknown, and before which it never opens.
    """

    code: str
    label: Label
    phase: str
    anchor: str
    at: Offset
    opens_days: int
    closes_days: int
    opens_with: str | None
    late_flag: str | None
    may_reopen: bool
    repeats: Repetition | None

    def code_of(self, number: int) -> str:
        """Give the code of the visit that stands `number` units from the anchor, `#` filled with zeros."""
        stem = self.code.rstrip("#")
        return stem + str(number).zfill(len(self.code) - len(stem)) if self.repeats else self.code

    def number_of(self, code: str) -> int | None:
        """Give the number that `code` has in this series; 0 for a single visit, None if it is another."""
        if self.repeats is None:
            return 0 if code == self.code else None
        match = re.fullmatch(re.escape(self.code.rstrip("#")) + "([0-9]+)", code)
        number = int(match[1]) if match else None
        return number if number is not None and self.code_of(number) == code else None


@dataclass(frozen=True)
class Protocol:
    """One version of a trial's rules. `sha256` is that of the file it was read from."""

    code: str
    version: str
    title: Label
    trial: Trial
    default_zone: str
    zones: tuple[str, ...]
    instruments: tuple[InstrumentReference, ...]
    arms: tuple[Arm, ...]
    anchors: tuple[Anchor, ...]
    phases: tuple[Phase, ...]
    visits: tuple[Visit, ...]
    reopening: Reopening
    unscheduled_label: Label
    event_kinds: tuple[EventKind, ...]
    missing_reasons: tuple[MissingReason, ...]
    plan_reasons: tuple[CodedLabel, ...]
    said_by: tuple[CodedLabel, ...]
    respondents: tuple[Respondent, ...]
    messages: MessageSettings
    site_tasks: tuple[SiteTask, ...]
    thresholds: Thresholds
    analysis: Analysis
    assumptions: tuple[Assumption, ...]
    sha256: str
    participant_pages: ParticipantPages = field(default_factory=ParticipantPages)

    @cached_property
    def arms_by_code(self) -> Mapping[str, Arm]:
        """The arms by code."""
        return {arm.code: arm for arm in self.arms}

    @cached_property
    def anchors_by_code(self) -> Mapping[str, Anchor]:
        """The anchors by code."""
        return {anchor.code: anchor for anchor in self.anchors}

    @cached_property
    def phases_by_code(self) -> Mapping[str, Phase]:
        """The phases by code."""
        return {phase.code: phase for phase in self.phases}

    @cached_property
    def event_kinds_by_code(self) -> Mapping[str, EventKind]:
        """The kinds of event by code."""
        return {kind.code: kind for kind in self.event_kinds}

    @cached_property
    def closing_reasons(self) -> frozenset[str]:
        """Reasons on a planned visit that mean: still expected, but it cannot be answered."""
        effects = [kind.effect for kind in self.event_kinds if kind.effect]
        return frozenset(effect.reason for effect in effects if effect.visits == "closed" and effect.reason)

    @property
    def denominator_event(self) -> str:
        """The event that puts a participant into the fixed denominator of the rates.

        It is the randomisation, and the enrolment in a trial that randomises nobody.
        """
        return RANDOMISED if RANDOMISED in self.event_kinds_by_code else ENROLLED

    def find_arm(self, code: str | None) -> Arm | None:
        """Find a participant's arm by its recorded code; without one it is the arm if there is just one."""
        if code is None and len(self.arms) == 1:
            return self.arms[0]
        return self.arms_by_code.get(code or "")

    def find_visit(self, code: str) -> Visit | None:
        """Find the rule of a planned visit by its code, also for one visit of a series."""
        return next((visit for visit in self.visits if visit.number_of(code) is not None), None)

    def find_phase(self, visit_code: str) -> Phase | None:
        """Find the phase of a planned visit, with its instruments and reminders."""
        visit = self.find_visit(visit_code)
        return self.phases_by_code[visit.phase] if visit else None

    def visit_label(self, code: str, language: str = LANGUAGES[0]) -> str:
        """Give the words for a visit code; the code itself if this version does not know it."""
        if code == UNSCHEDULED:
            return self.unscheduled_label.text(language)
        visit = self.find_visit(code)
        return visit.label.with_number(visit.number_of(code) or 0).text(language) if visit else code

    def event_label(self, kind: str, language: str = LANGUAGES[0], arm: str | None = None) -> str:
        """Give the words for a kind of event, those of the arm where it has its own."""
        own_arm = self.find_arm(arm)
        known = self.event_kinds_by_code.get(kind)
        label = (own_arm and own_arm.event_labels.get(kind)) or (known and known.label)
        return label.text(language) if label else kind

    def reason_label(self, code: str, language: str = LANGUAGES[0]) -> str:
        """Give the words for a reason, why a form is missing or why a visit left the plan."""
        labels = {reason.code: reason.label for reason in self.missing_reasons}
        labels.update((reason.code, reason.label) for reason in self.plan_reasons)
        return labels[code].text(language) if code in labels else code
