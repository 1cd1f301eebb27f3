"""The tables of one row per person, event, planned visit and assessment."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from pro_app.exports.tidy.records import AFTER_RANDOMISATION, PersonRecord, VisitRecord
from pro_app.protocol.events import list_valid_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.state import AssessmentState

Row = dict[str, object]
"""Column name -> value."""


def list_participant_rows(person: PersonRecord, protocol: Protocol) -> Iterator[Row]:
    """Give the one row of the table `participants`; where there is just one arm, everybody is in it."""
    facts = person.facts
    arm = protocol.find_arm(facts.arm)
    yield person.keys | {
        "language": person.language,
        "protocol_version": person.protocol_version,
        "consented_on": person.consented_on,
        "arm": arm.code if arm else facts.arm,
        "randomised_on": facts.randomised_on,
        "infusions": len(facts.infusions),
        "last_infusion_on": max(facts.infusions, default=None),
        "treatment_ended_on": facts.treatment_ended_on,
        "progressed_on": facts.progressed_on,
        "new_treatment_on": min(facts.dates_of("new_treatment"), default=None),
        "questionnaires_stopped_on": facts.questionnaires_stopped_on,
        "lost_on": facts.lost_on,
        "left_on": facts.left_on,
        "died_on": facts.died_on,
        "data_objection_on": min(facts.dates_of("data_objection"), default=None),
    }


def list_event_rows(person: PersonRecord) -> Iterator[Row]:
    """Give one row of the table `events` for each entry, numbered in the order of recording."""
    numbers = {event.id: number for number, event in enumerate(person.events, 1)}
    in_force = {event.id for event in list_valid_events(person.events)}
    for event in person.events:
        until = event.details.get("until")
        replaced = event.supersedes_id
        yield person.keys | {
            "event": numbers[event.id],
            "kind": event.kind,
            "occurred_on": event.occurred_on,
            "arm": event.details.get("arm"),
            "until_on": date.fromisoformat(until) if until else None,
            "resumes": event.details.get("of"),
            "in_force": event.id in in_force,
            "replaces": None if replaced is None else numbers[replaced],
            "retracts": event.retracts,
            "recorded_at": event.recorded_at,
        }


def list_visit_rows(person: PersonRecord) -> Iterator[Row]:
    """Give one row of the table `visits` for each revision of each planned visit."""
    for plan in person.plan:
        yield person.keys | {
            "visit_code": plan.visit_code,
            "revision": plan.revision,
            "is_current": plan.is_current,
            "phase": plan.phase,
            "anchor": plan.anchor,
            "opens_on": plan.opens_on,
            "target_on": plan.target_on,
            "closes_on": plan.closes_on,
            "zone": plan.zone,
            "provisional": plan.provisional,
            "expected": plan.expected,
            "plan_reason": plan.plan_reason,
            "protocol_version": plan.protocol_version,
            "planned_at": plan.planned_at,
            "replaced_at": plan.replaced_at,
        }


def list_assessment_rows(
    person: PersonRecord, *, observed_on: Mapping[int, date], valid_ids: Collection[int]
) -> Iterator[Row]:
    """Give one row of the table `assessments` for each visit.

    `observed_on` is the day of the last answer by assessment, `valid_ids` are the assessments with at
    least one scale scorable.
    """
    for visit in person.visits:
        yield (
            person.keys
            | _window(visit)
            | _receipt(visit, valid=visit.assessment_id in valid_ids)
            | {"observed_on": observed_on.get(visit.assessment_id)}
        )


def _window(visit: VisitRecord) -> Row:
    """Say where a visit stands in the plan."""
    return {
        "visit_code": visit.visit_code,
        "ordinal": visit.ordinal,
        "opens_on": visit.opens_on,
        "target_on": visit.target_on,
        "closes_on": visit.closes_on,
        "provisional": visit.provisional,
        "window_closed": visit.window_closed,
        "expected": visit.expected,
        "state": visit.state.value,
        "plan_reason": visit.plan_reason,
    }


def _receipt(visit: VisitRecord, *, valid: bool) -> Row:
    """Say what became of a form; only one that did not come in time has a reason for that."""
    late = visit.state == AssessmentState.LATE
    in_window = visit.state == AssessmentState.SUBMITTED
    received = visit.submitted_at is not None
    return {
        "received": received,
        "valid": received and valid,
        "in_window": in_window,
        "late": late,
        "incomplete": visit.is_incomplete,
        "after_randomisation": late and visit.late_flag == AFTER_RANDOMISATION,
        "missing_reason": None if in_window else visit.missing_reason,
        "missing_said_by": None if in_window else visit.missing_said_by,
        "started_at": visit.started_at,
        "submitted_at": visit.submitted_at,
        "mode": visit.mode,
        "respondent": visit.respondent,
        "received_late": visit.received_late,
        "set_aside": visit.set_aside,
        "conflicts": visit.conflicts,
        "listened": any(form.listened for form in visit.forms),
        "source_on": visit.source_on,
        "double_entered": visit.double_entered,
    }
