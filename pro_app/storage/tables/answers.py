"""Every tap that arrived, append-only: the current answer to an item is the one not superseded."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, BigKey, Code, Key, Table, unique_while_empty


class Answer(Table):
    """One operation on one item.

    `answered_at` is when it was given (device time corrected for skew), `device_at` and `device_zone`
    are what the device said, `received_at` is the server's time. `counter` rises within one `counted_by`,
    the random name of a browser's storage, which is made anew where the storage was emptied.
    `remark` says why nothing could be typed from a sheet of paper: `illegible` or `two_marks`.
    """

    __tablename__ = "answers"
    __table_args__ = (
        CheckConstraint(
            "state IN ('answered', 'declined', 'left_blank', 'not_applicable', 'not_reached')", name="state"
        ),
        CheckConstraint("(state = 'answered') = (value IS NOT NULL)", name="value_when_answered"),
        CheckConstraint("value IS NULL OR value BETWEEN 1 AND 7", name="value_range"),
        unique_while_empty("uq_answers_current", "superseded_at", "response_id", "item_number"),
    )

    id: Mapped[Key]
    response_id: Mapped[int] = mapped_column(BigKey, ForeignKey("responses.id"), index=True)
    operation_id: Mapped[Code] = mapped_column(unique=True)
    item_number: Mapped[int]
    state: Mapped[Code]
    value: Mapped[int | None]
    mode: Mapped[Code]
    entered_by: Mapped[Code]
    device_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("devices.id"))
    counter: Mapped[int]
    counted_by: Mapped[Code | None]
    answered_at: Mapped[At]
    device_at: Mapped[At | None]
    device_zone: Mapped[Code | None]
    received_at: Mapped[At]
    superseded_at: Mapped[At | None]
    remark: Mapped[Code | None]

    def contradicts(self, other: "Answer") -> bool:
        """Tell whether this answer says something else than `other`, by other hands or from elsewhere.

        A blank contradicts nothing. A remembered device is one, whatever it counts by; others are told apart
        by who counted.
        """
        if (self.state, self.value) == (other.state, other.value):
            return False
        if "left_blank" in {self.state, other.state}:
            return False
        if self.entered_by != other.entered_by or self.device_id != other.device_id:
            return True
        if self.device_id is not None or self.counted_by is None or other.counted_by is None:
            return False
        return self.counted_by != other.counted_by
