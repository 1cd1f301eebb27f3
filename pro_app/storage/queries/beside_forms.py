"""What is kept beside the forms: answers that came too late for theirs, and answers that others overtook."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer


@dataclass(frozen=True, slots=True)
class BesideForm:
    """What is kept beside one form, in counts.

    `after_sending` and `after_closing` count the answers that came too late and were set aside;
    `last_received_at` is when the last of these was received. `conflicts` counts the items to which two
    devices, or two people, said different things. `answered_before` counts what a sheet of paper says about
    items that the person had answered already.
    """

    after_sending: int = 0
    after_closing: int = 0
    last_received_at: datetime | None = None
    conflicts: int = 0
    answered_before: int = 0

    @property
    def set_aside(self) -> int:
        """How many answers were set aside because they came too late."""
        return self.after_sending + self.after_closing

    @property
    def kept_beside(self) -> int:
        """How many answers are no part of the form: too late, or of a sheet about an item answered before."""
        return self.set_aside + self.answered_before


NOTHING_BESIDE = BesideForm()


def list_beside_forms(session: Session, participant_ids: Collection[int]) -> Mapping[int, BesideForm]:
    """Give what is kept beside the forms of some participants, by assessment; those without are left out."""
    conflicts = _count_conflicts(session, participant_ids)
    rows = session.execute(
        select(
            SetAsideAnswer.assessment_id,
            func.count().filter(SetAsideAnswer.reason == "already_submitted"),
            func.count().filter(SetAsideAnswer.reason.not_in(("already_submitted", "already_answered"))),
            func.max(SetAsideAnswer.received_at).filter(SetAsideAnswer.reason != "already_answered"),
            func.count().filter(SetAsideAnswer.reason == "already_answered"),
        )
        .join(Assessment, Assessment.id == SetAsideAnswer.assessment_id)
        .where(Assessment.participant_id.in_(participant_ids))
        .group_by(SetAsideAnswer.assessment_id)
    )
    found = {row[0]: BesideForm(row[1], row[2], row[3], conflicts.pop(row[0], 0), row[4]) for row in rows}
    return found | {assessment_id: BesideForm(conflicts=count) for assessment_id, count in conflicts.items()}


def _count_conflicts(session: Session, participant_ids: Collection[int]) -> dict[int, int]:
    """Count the items whose answer in force contradicts an earlier one of another device or person."""
    stood, standing = aliased(Answer), aliased(Answer)
    differs = or_(stood.state != standing.state, stood.value.is_distinct_from(standing.value))
    same_place = and_(standing.response_id == stood.response_id, standing.item_number == stood.item_number)
    pairs = session.execute(
        select(Response.assessment_id, stood, standing)
        .select_from(stood)
        .join(Response, Response.id == stood.response_id)
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(standing, and_(same_place, standing.superseded_at.is_(None)))
        .where(Assessment.participant_id.in_(participant_ids), stood.superseded_at.is_not(None), differs)
    )
    places = {
        (assessment_id, answer.response_id, answer.item_number)
        for assessment_id, earlier, answer in pairs
        if answer.contradicts(earlier)
    }
    return Counter(assessment_id for assessment_id, _, _ in places)
