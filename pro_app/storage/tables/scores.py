"""Scale scores as they were computed, with all that is needed to defend them."""

from sqlalchemy import Float, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table, unique_while_empty


class Score(Table):
    """One scale score of one response version; `value` and `raw` are empty where `reason` says why."""

    __tablename__ = "scores"
    __table_args__ = (
        unique_while_empty("uq_scores_current", "superseded_at", "response_id", "scoring_name", "scale_code"),
    )

    id: Mapped[Key]
    response_id: Mapped[int] = mapped_column(BigKey, ForeignKey("responses.id"), index=True)
    scoring_name: Mapped[Code]
    scale_code: Mapped[Code]
    value: Mapped[float | None] = mapped_column(Float(53))
    raw: Mapped[float | None] = mapped_column(Float(53))
    answered: Mapped[int]
    not_applicable: Mapped[int]
    missing: Mapped[int]
    needed: Mapped[int]
    reason: Mapped[Code | None]
    instrument_sha256: Mapped[DefinitionHash]
    app_version: Mapped[Code]
    scored_at: Mapped[At]
    superseded_at: Mapped[At | None]
