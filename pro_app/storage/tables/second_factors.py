"""What members of staff prove beside their password: an authenticator app, and codes for when it is lost."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Sha256, Table, unique_while_empty


class SecondFactor(Table):
    """The authenticator app of an account; `last_step` is the newest time step whose code was taken."""

    __tablename__ = "second_factors"
    __table_args__ = (unique_while_empty("uq_second_factors_in_use", "removed_at", "account_id"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    secret_ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[At]
    removed_at: Mapped[At | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))


class RecoveryCode(Table):
    """One of the codes that open an account once without the app; only its keyed digest is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    code_digest: Mapped[Sha256] = mapped_column(unique=True)
    made_at: Mapped[At]
    used_at: Mapped[At | None]
    replaced_at: Mapped[At | None]
