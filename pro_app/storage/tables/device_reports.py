"""What phones say that they still hold and could not send; never what was answered."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Key, Table


class DeviceReport(Table):
    """What one device said last: `waiting` answers and `refused` ones, the oldest given at `oldest_at`.

    Of one device of one person a single row is open; `resolved_at` is when it had nothing left, or was said
    to be lost or shut out. `device_id` is None for a phone that is not remembered.
    """

    __tablename__ = "device_reports"
    __table_args__ = (
        CheckConstraint("waiting >= 0 AND refused >= 0 AND waiting + refused > 0", name="counts"),
    )

    id: Mapped[Key]
    participant_id: Mapped[int] = mapped_column(BigKey, ForeignKey("participants.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("devices.id"))
    waiting: Mapped[int]
    refused: Mapped[int]
    oldest_at: Mapped[At]
    first_reported_at: Mapped[At]
    reported_at: Mapped[At]
    resolved_at: Mapped[At | None]
