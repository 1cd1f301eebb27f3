"""Passkeys of staff (W3C Web Authentication): a second factor that cannot be typed into a wrong page."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class Passkey(Table):
    """One passkey of an account under the name that its owner gave it.

    `credential_id` is base64url without padding, `public_key` COSE; `sign_count` is the authenticator's own
    count at the last use, 0 for one that does not count.
    """

    __tablename__ = "passkeys"

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[At]
    used_at: Mapped[At | None]
    removed_at: Mapped[At | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("accounts.id"))


class PasskeyChallenge(Table):
    """What a session asked a browser to sign last, taken away by the first answer.

    `purpose` is add or prove.
    """

    __tablename__ = "passkey_challenges"

    staff_session_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("staff_sessions.id"), primary_key=True, autoincrement=False
    )
    purpose: Mapped[Code]
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[At]
