"""From a definition file to the frozen rules of a trial."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import DefinitionRejected
from pro_app.protocol.calendar import parse_offset
from pro_app.protocol.check import check_protocol
from pro_app.protocol.parse_analysis import parse_analysis, parse_thresholds
from pro_app.protocol.protocol import Anchor, Arm, InstrumentReference, Phase, Protocol, Repetition, Visit
from pro_app.protocol.rules import (
    Assumption,
    CodedLabel,
    DataProtection,
    DateRule,
    Effect,
    EventKind,
    Label,
    MessageSettings,
    MissingReason,
    Moment,
    ParticipantPages,
    ReminderRule,
    Reopening,
    Respondent,
    SiteTask,
    Trial,
)

Part = Mapping[str, Any]


def parse_protocol(definition: DefinitionFile) -> Protocol:
    """Read a protocol; raises DefinitionRejected with every problem, schema and meaning alike."""
    problems = check_protocol(definition)
    if problems:
        raise DefinitionRejected(definition.source, tuple(problems))
    return read_protocol(definition)


def read_protocol(definition: DefinitionFile) -> Protocol:
    """Read a protocol that was checked before it was stored."""
    data = definition.data
    instruments = {part["code"]: InstrumentReference(**part) for part in data["instruments"]}
    return Protocol(
        code=data["code"],
        version=data["version"],
        title=Label(data["title"]),
        trial=_parse_trial(data["trial"]),
        default_zone=data["default_zone"],
        zones=tuple(data["zones"]),
        instruments=tuple(instruments.values()),
        arms=tuple(_parse_arm(part) for part in data["arms"]),
        anchors=tuple(Anchor(part["code"], part["event"], Label(part["label"])) for part in data["anchors"]),
        phases=tuple(_parse_phase(part, instruments) for part in data["phases"]),
        visits=tuple(_parse_visit(part) for part in data["visits"]),
        reopening=Reopening(**data["reopening"]),
        unscheduled_label=Label(data["unscheduled"]["label"]),
        event_kinds=tuple(_parse_event_kind(part) for part in data["event_kinds"]),
        missing_reasons=tuple(_parse_missing_reason(part) for part in data["missing_reasons"]),
        plan_reasons=_parse_coded_labels(data["plan_reasons"]),
        said_by=_parse_coded_labels(data["said_by"]),
        respondents=tuple(
            Respondent(part["code"], Label(part["label"]), part["scored"]) for part in data["respondents"]
        ),
        messages=MessageSettings(**{**data["messages"], "channels": tuple(data["messages"]["channels"])}),
        site_tasks=tuple(_parse_site_task(part) for part in data["site_tasks"]),
        thresholds=parse_thresholds(data["thresholds"]),
        analysis=parse_analysis(data["analysis"]),
        assumptions=tuple(
            Assumption(part["id"], tuple(part["paths"]), part["says"]) for part in data["assumed"]
        ),
        sha256=definition.sha256,
        participant_pages=_parse_participant_pages(data.get("participant_pages", {})),
    )


def _parse_participant_pages(part: Part) -> ParticipantPages:
    said = part.get("data_protection", {})
    return ParticipantPages(
        own_answers=part.get("own_answers", False),
        data_protection=DataProtection(**{name: Label(words) for name, words in said.items()}),
    )


def _parse_trial(part: Part) -> Trial:
    return Trial(
        began_on=date.fromisoformat(part["began_on"]),
        planned_end_on=date.fromisoformat(part["planned_end_on"]),
        sponsor=part.get("sponsor"),
        sponsor_number=part.get("sponsor_number"),
        registration=part.get("registration"),
        planned_participants=part.get("planned_participants"),
    )


def _parse_date_rule(part: Part) -> DateRule:
    ((pick, moments),) = part.items()
    return DateRule(
        "earliest" if pick == "earliest_of" else "latest",
        tuple(
            Moment(
                event=moment["event"],
                plus=parse_offset(moment["plus"]),
                which=moment.get("which", "first"),
                at_least=moment.get("at_least", 1),
            )
            for moment in moments
        ),
    )


def _parse_arm(part: Part) -> Arm:
    return Arm(
        code=part["code"],
        label=Label(part["label"]),
        event_labels={kind: Label(label) for kind, label in part.get("event_labels", {}).items()},
        expected={kind: _parse_date_rule(rule) for kind, rule in part.get("expected", {}).items()},
        proposed={kind: _parse_date_rule(rule) for kind, rule in part.get("proposed", {}).items()},
    )


def _parse_phase(part: Part, instruments: Mapping[str, InstrumentReference]) -> Phase:
    return Phase(
        code=part["code"],
        label=Label(part["label"]),
        instruments=tuple(instruments[code] for code in part["instruments"]),
        reminders=tuple(
            ReminderRule(
                rule["code"], rule["kind"], base=rule["from"], days=rule["days"], condition=rule["if"]
            )
            for rule in part["reminders"]
        ),
    )


def _parse_visit(part: Part) -> Visit:
    repeat = part.get("repeat")
    return Visit(
        code=part["code"],
        label=Label(part["label"]),
        phase=part["phase"],
        anchor=part["anchor"],
        at=parse_offset(repeat["every"] if repeat else part["at"]),
        opens_days=part["window"]["opens"],
        closes_days=part["window"]["closes"],
        opens_with=part.get("opens_with"),
        late_flag=part.get("late_flag"),
        may_reopen=part["reopening"] != "never",
        repeats=_parse_repetition(repeat) if repeat else None,
    )


def _parse_repetition(part: Part) -> Repetition:
    return Repetition(parse_offset(part["every"]), part.get("ends_with"), _parse_date_rule(part["cap"]))


def _parse_event_kind(part: Part) -> EventKind:
    effect = part.get("effect")
    return EventKind(
        code=part["code"],
        label=Label(part["label"]),
        once=part.get("once", False),
        after=tuple(part["after"]),
        followed_by=tuple(part["followed_by"]) if "followed_by" in part else None,
        arms=tuple(part["arms"]) if "arms" in part else None,
        details=tuple(part.get("details", ())),
        resumable=part.get("resumable", False),
        effect=Effect(**{"reason": None, **effect}) if effect else None,
        may_lie_ahead=part.get("may_lie_ahead", False),
    )


def _parse_missing_reason(part: Part) -> MissingReason:
    return MissingReason(
        code=part["code"],
        label=Label(part["label"]),
        automatic=part.get("automatic", False),
        needs_text=part.get("needs_text", False),
    )


def _parse_coded_labels(parts: list[Part]) -> tuple[CodedLabel, ...]:
    return tuple(CodedLabel(part["code"], Label(part["label"])) for part in parts)


def _parse_site_task(part: Part) -> SiteTask:
    return SiteTask(
        code=part["code"],
        label=Label(part["label"]),
        phases=tuple(part["phases"]),
        days_before_opening=part["days_before_opening"],
        invitation_waits_days=part["invitation_waits_days"],
    )
