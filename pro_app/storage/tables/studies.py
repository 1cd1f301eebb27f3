"""Studies, the protocol versions they adopted and the wording packs they use."""

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table, unique_while_empty


class Study(Table):
    """One trial; in `test` mode placeholder wording is allowed, in `production` it is not."""

    __tablename__ = "studies"
    __table_args__ = (CheckConstraint("mode IN ('test', 'production')", name="mode"),)

    id: Mapped[Key]
    study_code: Mapped[Code] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(300))
    mode: Mapped[Code]
    created_at: Mapped[At]


class StudyProtocol(Table):
    """A protocol version that the study has; which one governs new participants is said by their site."""

    __tablename__ = "study_protocols"
    __table_args__ = (UniqueConstraint("study_id", "version"),)

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    version: Mapped[Code]
    protocol_sha256: Mapped[DefinitionHash]
    adopted_at: Mapped[At]


class StudyWording(Table):
    """Which wording pack the study shows for an instrument and a language, and since when."""

    __tablename__ = "study_wordings"
    __table_args__ = (
        unique_while_empty(
            "uq_study_wordings_in_use",
            "replaced_at",
            "study_id",
            "instrument_code",
            "instrument_version",
            "language",
        ),
    )

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    instrument_code: Mapped[Code]
    instrument_version: Mapped[Code]
    language: Mapped[Code]
    wording_sha256: Mapped[DefinitionHash]
    in_use_at: Mapped[At]
    replaced_at: Mapped[At | None]
