"""The rows of the people of the small release, written apart from the app's own derivations."""

from collections.abc import Iterator
from datetime import timedelta

from release_people import APP_VERSION, ENROLLED, RANDOMISED, ZONE, Person, PersonVisit, noon

from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import Instrument
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.state import AssessmentState
from pro_app.scoring.scores import NOT_APPLICABLE, ItemValue, score_response

Rows = list[dict[str, object]]


def make_participant_row(person: Person) -> dict[str, object]:
    facts = person.facts
    return person.keys | {
        "language": person.language,
        "protocol_version": "1.0",
        "consented_on": facts.enrolled_on,
        "arm": facts.arm,
        "randomised_on": facts.randomised_on,
        "infusions": len(facts.infusions),
        "last_infusion_on": max(facts.infusions, default=None),
        "treatment_ended_on": facts.treatment_ended_on,
        "progressed_on": facts.progressed_on,
        "new_treatment_on": None,
        "questionnaires_stopped_on": None,
        "lost_on": None,
        "left_on": facts.left_on,
        "died_on": facts.died_on,
        "data_objection_on": min(facts.dates_of("data_objection"), default=None),
    }


def list_event_rows(person: Person) -> Rows:
    return [
        person.keys
        | {
            "event": number,
            "kind": kind,
            "occurred_on": on,
            "arm": details.get("arm"),
            "until_on": None,
            "resumes": None,
            "in_force": True,
            "replaces": None,
            "retracts": False,
            "recorded_at": noon(on),
        }
        for number, (kind, on, details) in enumerate(person.events, 1)
    ]


def list_visit_rows(protocol: Protocol, visit: PersonVisit) -> Rows:
    """Give the plan in force, and for the unscheduled form the revision under which it was planned."""
    rule = protocol.find_visit(visit.plan.visit_code)
    unscheduled = visit.visit_code == UNSCHEDULED
    return [
        visit.person.keys
        | {
            "visit_code": visit.plan.visit_code,
            "revision": 1 if unscheduled else 2,
            "is_current": not unscheduled,
            "phase": rule.phase if rule else None,
            "anchor": visit.plan.anchor,
            "opens_on": visit.plan.opens_on,
            "target_on": visit.plan.target_on,
            "closes_on": visit.plan.closes_on,
            "zone": ZONE,
            "provisional": visit.plan.provisional,
            "expected": visit.plan.expected,
            "plan_reason": visit.plan.reason,
            "protocol_version": protocol.version,
            "planned_at": noon(ENROLLED),
            "replaced_at": noon(RANDOMISED) if unscheduled else None,
        }
    ]


def make_assessment_row(visit: PersonVisit) -> dict[str, object]:
    form, sent = visit.form, visit.received
    late = visit.state is AssessmentState.LATE
    reason = (None, None) if visit.state is AssessmentState.SUBMITTED else _reason(visit)
    return visit.keys | {
        "opens_on": visit.plan.opens_on,
        "target_on": visit.plan.target_on,
        "closes_on": visit.plan.closes_on,
        "provisional": visit.plan.provisional,
        "window_closed": visit.window_closed,
        "expected": visit.plan.expected and visit.visit_code != UNSCHEDULED,
        "received": sent,
        "valid": visit.valid,
        "in_window": visit.state is AssessmentState.SUBMITTED,
        "late": late,
        "incomplete": visit.incomplete,
        "after_randomisation": late and visit.plan.visit_code == "BASELINE",
        "state": visit.state.value,
        "plan_reason": "PLAN_REPLACED" if visit.visit_code == UNSCHEDULED else visit.plan.reason,
        "missing_reason": reason[0],
        "missing_said_by": reason[1],
        "observed_on": form.on if form else None,
        "started_at": noon(form.on) - timedelta(minutes=10) if form else None,
        "submitted_at": noon(form.on) if form and sent else None,
        "mode": form.mode if form and sent else None,
        "respondent": form.respondent if form and sent else None,
        "received_late": False,
        "set_aside": 0,
        "conflicts": 0,
        "listened": False,
        "source_on": None,
        "double_entered": False,
    }


def _reason(visit: PersonVisit) -> tuple[str | None, str | None]:
    return visit.person.reasons.get(visit.visit_code, (None, None))


def _responses(
    release: Release, visit: PersonVisit
) -> Iterator[tuple[WordedInstrument, int | None, dict[str, object]]]:
    """Give each version of the answers to each instrument of a final form with its keys."""
    if not visit.final:
        return
    for worded in release.instruments:
        instrument = worded.instrument
        begun = visit.form is not None and instrument.items[0].number <= visit.form.given
        versions = visit.form.versions if visit.form and begun else 1
        for number in range(1, versions + 1):
            version = number if begun else None
            yield (
                worded,
                version,
                visit.keys
                | {
                    "instrument": instrument.code,
                    "instrument_version": instrument.version,
                    "response_version": version,
                    "is_current": number == versions,
                    "incomplete": visit.incomplete,
                },
            )


def list_item_rows(release: Release, visit: PersonVisit) -> Rows:
    rows = []
    for worded, version, keys in _responses(release, visit):
        pack = worded.wordings[visit.person.language]
        for item in worded.instrument.items:
            state, value = _answer(worded.instrument, visit, item.number, version=version or 1)
            said = state in {"answered", "declined", "not_applicable", "left_blank"}
            form = visit.form
            at = noon(form.on) - timedelta(seconds=60 - item.number) if form and said else None
            rows.append(
                keys
                | {
                    "item": item.number,
                    "state": state,
                    "value": value,
                    "mode": form.mode if form and said else None,
                    "entered_by": "participant" if said else None,
                    "answered_at": at,
                    "received_at": at,
                    "received_late": False if said else None,
                    "device_at": at,
                    "device_zone": ZONE if said else None,
                    "clock_off": False if said else None,
                    "operation_id": f"{visit.person.code}/{visit.visit_code}/{item.number}/{version}"
                    if said
                    else None,
                    "counter": item.number if said else None,
                    "wording_sha256": pack.sha256 if version else None,
                    "remark": None,
                }
            )
    return rows


def _answer(instrument: Instrument, visit: PersonVisit, item: int, *, version: int) -> tuple[str, int | None]:
    """Give what became of an item, and its value if it was answered."""
    form = visit.form
    if form is None:
        expected = visit.plan.expected and visit.visit_code != UNSCHEDULED
        return ("form_missing" if expected else "not_expected"), None
    if item > form.given:
        return "not_reached", None
    if item in form.said:
        return form.said[item], None
    codes = instrument.response_values(item)
    # A correction changes the first two items by one step.
    shift = form.step + (1 if version > 1 and item in {1, 2} else 0)
    return "answered", codes[min((item * visit.person.number) % 3 + shift, len(codes) - 1)]


def list_score_rows(release: Release, visit: PersonVisit) -> Rows:
    rows = []
    for worded, version, keys in _responses(release, visit):
        if visit.form is None or version is None or visit.form.respondent == "proxy":
            continue
        values: dict[int, ItemValue] = {}
        for item in worded.instrument.items:
            state, value = _answer(worded.instrument, visit, item.number, version=version)
            values[item.number] = NOT_APPLICABLE if state == "not_applicable" else value
        rows += [
            keys
            | {
                "scoring_name": worded.scoring.name,
                "scale": score.scale_code,
                "value": score.as_float,
                "raw": None if score.raw is None else float(score.raw),
                "answered": score.answered,
                "not_applicable": score.not_applicable,
                "missing": score.missing,
                "needed": score.needed,
                "reason": score.reason,
                "instrument_sha256": worded.instrument.sha256,
                "app_version": APP_VERSION if visit.form.sent else None,
                "scored_at": noon(visit.form.on) if visit.form.sent else None,
                "observed_on": visit.form.on,
                "submitted_at": noon(visit.form.on) if visit.form.sent else None,
            }
            for score in score_response(worded.scoring, values)
        ]
    return rows
