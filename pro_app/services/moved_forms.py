"""Where a form stands that a device knows under its number: a site may have moved it meanwhile.

A device keeps answers for "the form number 12". Two forms change their places when one of them was filed for
the wrong visit or the wrong person: what comes from a device after that, and was meant for the place, goes to
the form that stands there now; what is known already stays where it is.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.queries.moved_forms import (
    find_form_in_place,
    list_moved_forms,
    list_operations_of,
    load_participant_code,
)


def find_form_of_person(session: Session, assessment: AssessmentRecord, *, actor: Actor) -> int | None:
    """Find the acting participant's own form in the visit whose form is another person's by now.

    None unless a site has moved one of the two from the one person to the other: of anybody else's form
    nothing is said.
    """
    if actor.kind != "participant" or actor.participant_id in {None, assessment.participant_id}:
        return None
    if actor.only_assessment_id not in {None, assessment.assessment_id}:
        return None
    own_id = int(actor.participant_id or 0)
    in_place = find_form_in_place(session, own_id, assessment.visit_code)
    codes = {load_participant_code(session, own_id), assessment.participant_code}
    for moved in list_moved_forms(session, (own_id, assessment.participant_id)):
        is_theirs = moved.kind == "participant" and {moved.before, moved.after} == codes
        if is_theirs and moved.assessment_id in {assessment.assessment_id, in_place}:
            return in_place
    return None


def find_form_of_visit(session: Session, assessment: AssessmentRecord, *, given_at: datetime) -> int | None:
    """Find the form that took the place of an empty one after `given_at` (aware UTC); None if none did.

    What was said before that was said about the visit in which this form stood then.
    """
    for moved in list_moved_forms(session, (assessment.participant_id,)):
        left = moved.kind == "visit" and moved.before == assessment.visit_code
        if left and moved.assessment_id != assessment.assessment_id and given_at < moved.moved_at:
            return find_form_in_place(session, assessment.participant_id, moved.after)
    return None


def list_kept_operations(
    session: Session, assessment: AssessmentRecord, operation_ids: Collection[str]
) -> frozenset[str]:
    """List those of some operations that the form has already, in it or beside it."""
    return list_operations_of(session, assessment.assessment_id, operation_ids)
