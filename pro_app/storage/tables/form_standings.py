"""Where every form stands, for counting: derived from the plan and the facts, and never from the time."""

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Table

_NOT_RECEIVED = text("received_at IS NULL")


class FormStanding(Table):
    """The facts of one form that numbers are counted from, in one narrow row (docs/adr/0028).

    Written by `services/standings.py` with every change; nothing else may write it, nothing that is not in
    other tables stands here. Answers that fit no visit and the empty forms that stood in for them have none.
    `closing_month` is that of the last civil day, as `2026-03`; `received_at` when a form that was sent was
    finished; `plan_reason` why the plan holds the visit back. `scorable_instruments` are the codes of those
    of which the newest version has a scale that could be scored, each between bars; None without any.
    """

    __tablename__ = "form_standings"
    __table_args__ = (
        Index("ix_form_standings_participant_id", "participant_id"),
        # All that is counted, in the order in which it is counted: one pass, without sorting.
        Index(
            "ix_form_standings_counting",
            "study_id",
            "site_id",
            "visit_code",
            "closes_at",
            "expected",
            "begun",
            "received_at",
            "scorable_instruments",
            "reopened_until_at",
            "plan_reason",
            "missing_reason",
            "mode",
            "respondent",
        ),
        # The few that can still come, and nothing of the many that came: what is open is found without them.
        Index(
            "ix_form_standings_waiting",
            "study_id",
            "site_id",
            "opens_at",
            "closes_at",
            "expected",
            "reopened_until_at",
            "plan_reason",
            "visit_code",
            postgresql_where=_NOT_RECEIVED,
            sqlite_where=_NOT_RECEIVED,
        ),
        # When a visit first closed anywhere in the trial.
        Index("ix_form_standings_first_closed", "study_id", "visit_code", "closes_at"),
    )

    assessment_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("assessments.id"), primary_key=True, autoincrement=False
    )
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"))
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"))
    visit_code: Mapped[Code]
    protocol_sha256: Mapped[DefinitionHash]
    opens_at: Mapped[At]
    closes_at: Mapped[At | None]
    closing_month: Mapped[str | None] = mapped_column(String(7))
    expected: Mapped[bool]
    plan_reason: Mapped[Code | None]
    begun: Mapped[bool]
    received_at: Mapped[At | None]
    scorable_instruments: Mapped[str | None] = mapped_column(String(500))
    mode: Mapped[Code | None]
    respondent: Mapped[Code | None]
    reopened_until_at: Mapped[At | None]
    missing_reason: Mapped[Code | None]
    missing_said_by: Mapped[Code | None]
