"""The clinics that enrol."""

from datetime import date

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class Site(Table):
    """One clinic of a study. `sender_label` is the neutral name that messages carry.

    `protocol_sha256` is the version that the site works under; None: the one that the study adopted first.
    """

    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("study_id", "site_code"),)

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_code: Mapped[Code]
    name: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(100))
    zone: Mapped[Code]
    telephone: Mapped[str] = mapped_column(String(40))
    sender_label: Mapped[str] = mapped_column(String(100))
    goes_live_on: Mapped[date | None]
    created_at: Mapped[At]
    closed_at: Mapped[At | None]
    protocol_sha256: Mapped[str | None] = mapped_column(
        String(64), ForeignKey("stored_definitions.sha256", name="fk_sites_protocol_sha256")
    )
