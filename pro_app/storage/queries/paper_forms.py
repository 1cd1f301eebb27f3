"""Reading what is known of sheets of paper beside the answers themselves."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.paper_forms import PaperEntry, PaperForm


def list_double_entered(session: Session, participant_ids: Collection[int]) -> frozenset[int]:
    """List the assessments of some participants that are on paper, from a sheet that two people typed in."""
    return frozenset(
        session.scalars(
            select(PaperForm.assessment_id)
            .join(PaperEntry, PaperEntry.paper_form_id == PaperForm.id)
            .join(Assessment, Assessment.id == PaperForm.assessment_id)
            .where(
                Assessment.submitted_mode == "paper",
                PaperForm.closed_how == "filed",
                PaperEntry.ordinal != 1,
                PaperEntry.finished_at.is_not(None),
                Assessment.participant_id.in_(participant_ids),
            )
        )
    )
