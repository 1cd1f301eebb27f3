"""What a study must be able to show before it begins in production."""

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table, unique_while_empty


class ProductionEntry(Table):
    """One document: what it is (`kind`), its reference, the day it dates from and the last day it holds.

    A later entry of the same kind replaces it; nothing else of it ever changes (a trigger keeps that).
    """

    __tablename__ = "production_entries"
    __table_args__ = (unique_while_empty("uq_production_entries_current", "replaced_at", "study_id", "kind"),)

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    kind: Mapped[Code]
    reference: Mapped[str] = mapped_column(String(300))
    dated_on: Mapped[date]
    valid_until: Mapped[date | None]
    allows_listening: Mapped[bool]
    recorded_at: Mapped[At]
    recorded_by: Mapped[str] = mapped_column(String(130))
    replaced_at: Mapped[At | None]
