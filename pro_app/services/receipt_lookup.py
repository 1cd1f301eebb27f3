"""Looking up a receipt code that a participant reads out: which form it is of, and that it arrived."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.services.sign_in_codes import RECEIPT_CODE_LENGTH, normalise_code
from pro_app.storage.queries.assessments import find_assessment_by_receipt


@dataclass(frozen=True, slots=True)
class FoundReceipt:
    """What a receipt proves: whose form it is, which one, when it arrived and how it was filled in."""

    receipt_code: str
    participant_id: int
    participant_code: str
    site_id: int
    visit_label: str
    zone: str
    submitted_at: datetime
    mode: str | None


def is_receipt_code(typed: str) -> bool:
    """Say whether this can be a receipt code, however it was typed."""
    return len(normalise_code(typed)) == RECEIPT_CODE_LENGTH


def find_receipt(session: Session, typed: str, *, language: str, actor: Actor) -> FoundReceipt | None:
    """Find the form that has this receipt code, among those within reach; None if there is none.

    It says nothing about the answers.
    """
    record = find_assessment_by_receipt(session, normalise_code(typed))
    if record is None or record.submitted_at is None:
        return None
    if not actor.may_reach_site(record.study_id, record.site_id):
        return None
    return FoundReceipt(
        receipt_code=record.receipt_code or "",
        participant_id=record.participant_id,
        participant_code=record.participant_code,
        site_id=record.site_id,
        visit_label=record.protocol.visit_label(record.visit_code, language),
        zone=record.zone,
        submitted_at=record.submitted_at,
        mode=record.mode,
    )
