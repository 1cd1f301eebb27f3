"""Which member of staff looked at which participant's record, and when."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table


class RecordRead(Table):
    """One look at a participant's record; `what` names the page or the kind of data."""

    __tablename__ = "record_reads"

    id: Mapped[Key]
    at: Mapped[At]
    account_id: Mapped[int] = mapped_column(BigKey, ForeignKey("accounts.id"), index=True)
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    what: Mapped[Code]
    request_id: Mapped[Code]
