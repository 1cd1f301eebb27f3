"""The vault's one table; no foreign key leads out of it, only `contact_ref` leads in."""

from datetime import datetime

from sqlalchemy import LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pro_app.storage.tables.base import UtcDateTime


class VaultTable(DeclarativeBase):
    """Base of the vault's tables, apart from those of the answers."""

    metadata = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}
    )


class ContactRecord(VaultTable):
    """One way to reach one person; the value is encrypted, its keyed digest finds shared contacts."""

    __tablename__ = "contacts"

    contact_ref: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    value_digest: Mapped[str] = mapped_column(String(64), index=True)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PushAddress(VaultTable):
    """One browser that shows a person's messages; the subscription is encrypted, `address_key` its digest.

    `device_ref` names the remembered device that it runs on; empty where it is not known.
    """

    __tablename__ = "push_addresses"

    address_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_ref: Mapped[str | None] = mapped_column(String(64))
    contact_ref: Mapped[str] = mapped_column(String(64), index=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
