"""What was set aside beside two forms that change their places: what was said of a place stays there."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pro_app.services.clarifications.facts import PARTICIPANT
from pro_app.services.paper.filing import ALREADY_ANSWERED
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

OWN_DEVICE = "own_device"
_BESIDE = (
    select(SetAsideAnswer)
    .where(SetAsideAnswer.assessment_id.in_(bindparam("assessment_ids", expanding=True)))
    .order_by(SetAsideAnswer.id)
)
_HANDS = (
    select(Answer.entered_by, Answer.mode)
    .join(Response, Response.id == Answer.response_id)
    .where(Response.assessment_id == bindparam("assessment_id"))
    .distinct()
)


def list_rows_of_places(
    session: Session, form: AssessmentRecord, empty: AssessmentRecord, *, kind: str
) -> list[SetAsideAnswer]:
    """List what was set aside beside either form and does not go along with it to the other place.

    Only what the hands said that filled in `form` goes along with it, and never what a person said on a
    device of their own where the form turns out to be another person's.
    """
    rows = list(session.scalars(_BESIDE, {"assessment_ids": [form.assessment_id, empty.assessment_id]}))
    if not rows:
        return []
    hands = {tuple(pair) for pair in session.execute(_HANDS, {"assessment_id": form.assessment_id})}
    if kind == PARTICIPANT:
        hands.discard((f"participant:{form.participant_id}", OWN_DEVICE))
    return [
        row
        for row in rows
        if row.assessment_id == empty.assessment_id
        or not (row.reason == ALREADY_ANSWERED or (row.entered_by, row.mode) in hands)
    ]


def leave_rows_in_place(
    session: Session, form: AssessmentRecord, empty: AssessmentRecord, *, kind: str
) -> list[dict[str, object]]:
    """Put what was said of a place beside the form that stands there now; gives what changed."""
    items: list[dict[str, object]] = []
    for row in list_rows_of_places(session, form, empty, kind=kind):
        before = row.assessment_id
        row.assessment_id = empty.assessment_id if before == form.assessment_id else form.assessment_id
        items.append(
            {
                "field": "set_aside",
                "operation": row.operation_id,
                "before": f"assessment:{before}",
                "after": f"assessment:{row.assessment_id}",
            }
        )
    session.flush()
    return items
