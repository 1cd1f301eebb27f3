"""Participants, without a name: identity data live in the contact vault."""

import secrets
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, DefinitionHash, Key, Table


def make_queue_owner() -> str:
    """Make the mark of one person's queue: random, so that it tells nothing and changes with nothing."""
    return secrets.token_hex(16)


class Participant(Table):
    """One person in the trial. `contact_ref` is the only thread to the contact vault.

    `channels` are the ways of sending in the person's own order, separated by commas; None: the protocol's.
    `text_size` (normal, large, largest) and `contrast` (normal, high) are how the person reads the pages;
    `listens`: wants to be able to hear the questions. `queue_owner` marks on a phone whose answers it keeps.
    `telephone_changed_at` is when another number last came in: a wrong number is one until then.
    """

    __tablename__ = "participants"
    __table_args__ = (
        UniqueConstraint("study_id", "participant_code"),
        CheckConstraint("reminder_hour BETWEEN 8 AND 19", name="reminder_hour"),
        # The people of a site in the order of lists: those of the study alone would be looked through.
        Index("ix_participants_listing", "study_id", "site_id", "participant_code"),
    )

    id: Mapped[Key]
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    site_id: Mapped[int] = mapped_column(BigKey, ForeignKey("sites.id"), index=True)
    participant_code: Mapped[Code]
    contact_ref: Mapped[Code] = mapped_column(unique=True)
    protocol_sha256: Mapped[DefinitionHash]
    consented_on: Mapped[date]
    notice_version: Mapped[str] = mapped_column(String(40))
    language: Mapped[Code]
    zone: Mapped[Code]
    reminder_hour: Mapped[int]
    channels: Mapped[str | None] = mapped_column(String(100))
    text_size: Mapped[Code] = mapped_column(default="normal", server_default="normal")
    contrast: Mapped[Code] = mapped_column(default="normal", server_default="normal")
    listens: Mapped[bool] = mapped_column(default=False, server_default=false())
    queue_owner: Mapped[str | None] = mapped_column(
        String(64), unique=True, index=True, default=make_queue_owner
    )
    telephone_changed_at: Mapped[At | None]
    enrolled_at: Mapped[At]
    enrolled_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))
