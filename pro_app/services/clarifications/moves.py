"""Moving a form that was filed in the wrong place: two rows of the plan change their forms.

Answers, scores, receipt and everything that a device sent stay with their form; the place that it leaves gets
the empty form of the place to which it goes.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.reminders.outbox import swap_forms_of_messages
from pro_app.services.clarifications.apply import drop_outdated
from pro_app.services.clarifications.beside_moves import leave_rows_in_place
from pro_app.services.clarifications.facts import FACT_NAMES, read_facts
from pro_app.services.clarifications.move_rules import check_move, find_target
from pro_app.services.planning import plan_participant
from pro_app.services.standings import write_standings, write_standings_of
from pro_app.services.submission import NOT_DONE_FACTS
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.queries.plans import last_ordinal
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification

_OF_PLACE = ("reopened_at", "reopened_until", "reopened_reason", *NOT_DONE_FACTS)
"""What a site said about a place in the plan, whichever form stands there."""


def apply_move(
    session: Session, row: Clarification, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> list[dict[str, object]]:
    """Put a form where it belongs, and plan anew for everybody concerned; gives what changed, for the audit.

    Lock the participants of both places, and the form, first. Raises InputRejected, before anything is
    written, where the form stands elsewhere by now or the place is not free any more.
    """
    name = FACT_NAMES[row.kind]
    before, after = (row.before or {}).get(name), (row.after or {}).get(name)
    if before != read_facts(assessment)[name]:
        raise InputRejected((Problem(mark("This was corrected meanwhile: the request is out of date.")),))
    target = find_target(session, assessment, kind=row.kind, to=str(after))
    if target is not None:
        target = load_assessment(session, target.assessment_id, lock=True)
    problems = tuple(check_move(session, assessment, kind=row.kind, to=after, now=now))
    if problems or target is None:
        raise InputRejected(tuple(Problem(problem.message, problem.values) for problem in problems))
    left = leave_rows_in_place(session, assessment, target, kind=row.kind)
    _swap(session, assessment, target)
    items: list[dict[str, object]] = [{"field": name, "before": before, "after": after}, *left]
    items += drop_outdated(session, load_assessment(session, assessment.assessment_id, lock=True))
    for participant_id in sorted({assessment.participant_id, target.participant_id}):
        items += _plan(session, participant_id, now=now)
    write_standings(session, [assessment.assessment_id, target.assessment_id])
    # The empty form is another one's now: so does its own history say, under its own name.
    moved = Change(
        "assessment.move",
        f"assessment:{target.assessment_id}",
        [
            {"field": "clarification", "after": row.id},
            {"field": name, "before": after, "after": before},
        ],
    )
    record_change(session, moved, actor=actor, site_id=assessment.site_id, now=now)
    return items


def _swap(session: Session, form: AssessmentRecord, empty: AssessmentRecord) -> None:
    """Let two forms change their places in the plan; what was said about a place stays there."""
    first = session.get_one(Assessment, form.assessment_id)
    second = session.get_one(Assessment, empty.assessment_id)
    places = (
        (first, (second.participant_id, second.visit_code, second.planned_visit_id)),
        (second, (first.participant_id, first.visit_code, first.planned_visit_id)),
    )
    said = {name: (getattr(first, name), getattr(second, name)) for name in _OF_PLACE}
    # No two forms may stand in one place at any moment: the empty one steps aside first.
    aside = last_ordinal(session, participant_id=second.participant_id, visit_code=second.visit_code)
    second.ordinal = aside + 1
    session.flush()
    for row, (participant_id, visit_code, planned_visit_id) in places:
        row.participant_id, row.visit_code = participant_id, visit_code
        row.planned_visit_id, row.ordinal = planned_visit_id, 0
        session.flush()
    for name, (of_first, of_second) in said.items():
        setattr(first, name, of_second)
        # Why a form came late is no reason why the next one is missing.
        setattr(second, name, None if name in NOT_DONE_FACTS else of_first)
    session.flush()
    swap_forms_of_messages(session, form.assessment_id, empty.assessment_id)


def _plan(session: Session, participant_id: int, *, now: datetime) -> list[dict[str, object]]:
    """Plan anew for one of the participants; gives what that changed."""
    participant = find_participant(session, participant_id, lock=True)
    if participant is None:
        raise NotFound("participant")
    items = plan_participant(session, participant, now=now).list_audit_items()
    write_standings_of(session, participant_id)
    return items
