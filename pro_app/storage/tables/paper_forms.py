"""Forms that came on paper: the sheet, and what one or two people typed from it."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Details, JsonObject, Key, Table, unique_while_empty


class PaperForm(Table):
    """One sheet that is being typed in for one assessment; open while `closed_at` is empty.

    `source_on` is the day written on the sheet. `late_reason` says why a sheet counts that was filled in
    after its window. `decisions` are what was decided where the two entries differ, by `instrument:item`:
    its `mark` and the `reason`.
    """

    __tablename__ = "paper_forms"
    __table_args__ = (
        CheckConstraint("closed_how IN ('filed', 'discarded', 'overtaken')", name="closed_how"),
        CheckConstraint("(closed_at IS NULL) = (closed_how IS NULL)", name="closed"),
        unique_while_empty("uq_paper_forms_open", "closed_at", "assessment_id"),
    )

    id: Mapped[Key]
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"), index=True)
    source_on: Mapped[date]
    respondent: Mapped[Code]
    wants_second: Mapped[bool]
    late_reason: Mapped[str | None] = mapped_column(String(500))
    opened_at: Mapped[At]
    opened_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    decisions: Mapped[dict[str, dict[str, str]] | None] = mapped_column(JsonObject)
    decided_at: Mapped[At | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
    closed_at: Mapped[At | None]
    closed_how: Mapped[Code | None]
    discard_reason: Mapped[str | None] = mapped_column(String(500))


class PaperEntry(Table):
    """What one person typed from a sheet: `marks` are one character for each `instrument:item`.

    The second entry is another person's, by constraint: one account types a sheet once.
    """

    __tablename__ = "paper_entries"
    __table_args__ = (
        CheckConstraint("ordinal IN (1, 2)", name="ordinal"),
        UniqueConstraint("paper_form_id", "ordinal"),
        UniqueConstraint("paper_form_id", "account_id"),
    )

    id: Mapped[Key]
    paper_form_id: Mapped[int] = mapped_column(BigKey, ForeignKey("paper_forms.id"))
    ordinal: Mapped[int]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"))
    marks: Mapped[Details]
    saved_at: Mapped[At]
    finished_at: Mapped[At | None]
