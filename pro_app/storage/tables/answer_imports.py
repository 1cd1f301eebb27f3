"""Imports of earlier paper forms: which table, by whom, and what came of its rows."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Sha256, Table


class AnswerImport(Table):
    """One table that was handed in; `site_id` is empty where it held forms of several sites.

    The counts are empty while it is being read, and stay so where that was broken off.
    """

    __tablename__ = "answer_imports"

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("sites.id"), index=True)
    source_name: Mapped[str] = mapped_column(String(200))
    source_sha256: Mapped[Sha256]
    filed: Mapped[int | None]
    unchanged: Mapped[int | None]
    rejected: Mapped[int | None]
    begun_at: Mapped[At]
    finished_at: Mapped[At | None]
    imported_by: Mapped[str] = mapped_column(String(130))
