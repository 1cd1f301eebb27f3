"""What a change of the plan does to the rates: counted by the same rules as the page of completion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.compliance.rates import AssessmentOutcome, list_visit_completions
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit
from pro_app.protocol.state import AssessmentFacts
from pro_app.protocol.windows import Window, civil_window
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import list_outcomes, make_outcome
from pro_app.services.plan_previews.calendar import find_knowing_version
from pro_app.services.plan_previews.model import Rate, RateEffect
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.queries.completion import list_valid_assessment_ids
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class _Form:
    """One form as it counts: where it stands and what is recorded of it; `zone` where it was begun."""

    window: Window
    facts: AssessmentFacts
    valid: bool = False
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class _ImaginedForms:
    """A participant's forms by visit code while the plan changes; `set_aside` those without a visit."""

    protocol: Protocol
    zone: str
    forms: dict[str, _Form]
    set_aside: dict[int, _Form] = field(default_factory=dict)

    def make(self, change: PlanChange) -> None:
        """Make one change of the plan."""
        code, form = change.visit_code, self.forms.get(change.visit_code)
        if change.action == "unschedule":
            self.forms.pop(code, None)
        elif change.action == "cancel" and form is not None:
            self.forms[code] = replace(form, facts=replace(form.facts, expected=False, closed=False))
        elif change.action in {"move", "add"} and change.after is not None:
            self.forms[code] = self._place(form, change.after)
        elif change.action == "readmit" and change.after is not None:
            self.forms[code] = self._place(self.set_aside[change.unscheduled], change.after)

    def _place(self, form: _Form | None, visit: PlannedVisit) -> _Form:
        """Put a form into the window of a visit; one that was begun keeps its zone."""
        zone = (form.zone if form else None) or self.zone
        known = form or _Form(civil_window(visit.opens_on, visit.closes_on, zone), AssessmentFacts())
        return replace(
            known,
            window=civil_window(visit.opens_on, visit.closes_on, zone),
            facts=replace(
                known.facts,
                expected=visit.expected,
                closed=visit.reason in self.protocol.closing_reasons,
            ),
        )


def measure_rates(
    session: Session,
    participant: Participant,
    changes: Iterable[PlanChange],
    *,
    records: Sequence[AssessmentRecord],
    protocol: Protocol,
    language: str,
    now: datetime,
) -> RateEffect:
    """Count this participant and the site as they are and as they would be; `records` are the person's."""
    scope = ClinicScope(participant.study_id, frozenset({participant.site_id}), ())
    outcomes = list_outcomes(session, scope, now=now)
    mine = [outcome for outcome in outcomes if outcome.participant_id == participant.id]
    others = [outcome for outcome in outcomes if outcome.participant_id != participant.id]
    valid_ids = list_valid_assessment_ids(session, study_id=scope.study_id, site_ids=scope.site_ids)
    after = _imagine(participant, changes, records, valid_ids=valid_ids, protocol=protocol, now=now)
    was, will_be = _list_expected(mine), _list_expected(after)

    def label(code: str) -> str:
        return find_knowing_version(protocol, records, code).visit_label(code, language)

    return RateEffect(
        expected_before=len(was),
        expected_after=len(will_be),
        becomes_expected=tuple(label(code) for code in will_be if code not in was),
        no_longer_expected=tuple(label(code) for code in was if code not in will_be),
        participant_before=_rate(mine),
        participant_after=_rate(after),
        site_before=_rate([*others, *mine]),
        site_after=_rate([*others, *after]),
    )


def _imagine(
    participant: Participant,
    changes: Iterable[PlanChange],
    records: Sequence[AssessmentRecord],
    *,
    valid_ids: frozenset[int],
    protocol: Protocol,
    now: datetime,
) -> list[AssessmentOutcome]:
    """Give what would become of the participant's forms once the plan is changed."""
    forms = {record.assessment_id: _read_form(record, valid_ids) for record in records}
    imagined = _ImaginedForms(
        protocol,
        participant.zone,
        forms={r.visit_code: forms[r.assessment_id] for r in records if r.visit_code != UNSCHEDULED},
        set_aside={r.ordinal: forms[r.assessment_id] for r in records if r.visit_code == UNSCHEDULED},
    )
    for change in changes:
        imagined.make(change)
    return [
        make_outcome(participant.id, code, window=form.window, facts=form.facts, valid=form.valid, now=now)
        for code, form in imagined.forms.items()
    ]


def _read_form(record: AssessmentRecord, valid_ids: frozenset[int]) -> _Form:
    zone = record.zone if record.started_at is not None else None
    return _Form(record.window, record.facts, record.assessment_id in valid_ids, zone)


def _list_expected(outcomes: Iterable[AssessmentOutcome]) -> list[str]:
    return [
        outcome.visit_code for outcome in outcomes if outcome.expected and outcome.visit_code != UNSCHEDULED
    ]


def _rate(outcomes: Iterable[AssessmentOutcome]) -> Rate:
    """Sum the completion rate over the visits whose windows are over."""
    completions = list_visit_completions(outcomes, visit_codes=(), randomised_ids=())
    return Rate(
        sum(len(completion.completed_ids) for completion in completions),
        sum(completion.expected for completion in completions),
    )
