"""Personal tokens under which programs read releases; only digests of them are kept."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Sha256, Table


class ApiToken(Table):
    """One token of one account for one study; what it opens follows from the account's living roles."""

    __tablename__ = "api_tokens"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    study_id: Mapped[int] = mapped_column(BigKey, ForeignKey("studies.id"))
    label: Mapped[str] = mapped_column(String(100))
    token_sha256: Mapped[Sha256] = mapped_column(unique=True)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    revoked_at: Mapped[At | None]
    last_used_at: Mapped[At | None]
