"""What was asked to be corrected after a form was sent, and what the site's investigator decided."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, JsonObject, Key, Table

_ALL_OR_NONE = (
    "((decision IS NULL) = (decided_at IS NULL)) AND ((decision IS NULL) = (decided_by_id IS NULL))"
    " AND ((decision IS NULL) = (decision_reason IS NULL))"
)


class Clarification(Table):
    """One request for a correction: decided once, or withdrawn before (a trigger keeps that).

    `asked_on` is the day of the patient's own request, or of what the site relies on; `evidence_ref` says
    where that is filed. `before` and `after` hold the facts to be corrected (kinds other than `answer`), as
    they were when it was asked and as they should be; the answers asked for are in `ClarificationItem`.
    """

    __tablename__ = "clarifications"
    __table_args__ = (
        CheckConstraint("kind IN ('answer', 'participant', 'visit', 'date', 'mode')", name="kind"),
        CheckConstraint("asked_by IN ('patient', 'site')", name="asked_by"),
        CheckConstraint("kind <> 'answer' OR asked_by = 'patient'", name="answer_of_patient"),
        CheckConstraint(
            "evidence IN ('letter', 'email', 'call_note', 'paper_form', 'said_at_visit', 'other')",
            name="evidence",
        ),
        CheckConstraint("decision IN ('accepted', 'refused')", name="decision"),
        CheckConstraint(_ALL_OR_NONE, name="decided"),
        CheckConstraint("decision IS NULL OR withdrawn_at IS NULL", name="withdrawn"),
    )

    id: Mapped[Key]
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"), index=True)
    kind: Mapped[Code]
    asked_by: Mapped[Code]
    asked_on: Mapped[date]
    evidence: Mapped[Code]
    evidence_ref: Mapped[str] = mapped_column(String(200))
    request: Mapped[str] = mapped_column(String(500))
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonObject)
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonObject)
    requested_at: Mapped[At]
    requested_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    decision: Mapped[Code | None]
    decision_reason: Mapped[str | None] = mapped_column(String(500))
    decided_at: Mapped[At | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    withdrawn_at: Mapped[At | None]


class ClarificationItem(Table):
    """What one item should say, by the patient's own word; it never changes (a trigger keeps that)."""

    __tablename__ = "clarification_items"
    __table_args__ = (
        UniqueConstraint("clarification_id", "instrument_code", "item_number"),
        CheckConstraint(
            "state IN ('answered', 'declined', 'left_blank', 'not_applicable', 'not_reached')", name="state"
        ),
        CheckConstraint("(state = 'answered') = (value IS NOT NULL)", name="value_when_answered"),
        CheckConstraint("value IS NULL OR value BETWEEN 1 AND 7", name="value_range"),
    )

    id: Mapped[Key]
    clarification_id: Mapped[int] = mapped_column(BigKey, ForeignKey("clarifications.id"))
    instrument_code: Mapped[Code]
    item_number: Mapped[int]
    state: Mapped[Code]
    value: Mapped[int | None]
