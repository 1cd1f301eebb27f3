"""The answers to one instrument within one assessment, version by version."""

from sqlalchemy import ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table


class Response(Table):
    """One version of the answers to one instrument, with the definition and wording they were given under.

    A clarification decided by the site's investigator makes the next version; none is ever deleted.
    `listened`: a question of it was read aloud by the device at least once. `clarification_id` is the request
    that a later version came from.
    """

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("assessment_id", "instrument_code", "version"),)

    id: Mapped[Key]
    assessment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assessments.id"))
    instrument_code: Mapped[Code]
    instrument_version: Mapped[Code]
    version: Mapped[int]
    instrument_sha256: Mapped[DefinitionHash]
    wording_sha256: Mapped[DefinitionHash]
    started_at: Mapped[At]
    listened: Mapped[bool] = mapped_column(default=False, server_default=false())
    clarification_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("clarifications.id"))
