"""Definitions and wording packs as they were loaded, kept for ever under their SHA-256."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, Code, Table


class StoredDefinition(Table):
    """One definition file; `kind` is `instrument`, `wording` or `protocol`."""

    __tablename__ = "stored_definitions"

    sha256: Mapped[Code] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    code: Mapped[Code]
    version: Mapped[Code]
    language: Mapped[Code | None]
    text: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[At]
