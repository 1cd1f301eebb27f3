"""What a preview reads of a stored message; only the reminders write one."""

from datetime import datetime
from typing import Protocol


class StoredMessage(Protocol):
    """A message about a visit as it stands in the outbox."""

    @property
    def id(self) -> int:
        """Its key."""

    @property
    def assessment_id(self) -> int | None:
        """The assessment it is about."""

    @property
    def planned_visit_id(self) -> int | None:
        """The revision of the visit that it was planned for."""

    @property
    def rule_code(self) -> str:
        """The rule that asks for it."""

    @property
    def template_code(self) -> str:
        """Which text it has."""

    @property
    def channel(self) -> str:
        """The way it goes."""

    @property
    def state(self) -> str:
        """Where it stands: planned, claimed, sent and so on."""

    @property
    def planned_at(self) -> datetime:
        """When it was planned."""

    @property
    def attempt_at(self) -> datetime:
        """When it is tried next."""

    @property
    def expires_at(self) -> datetime | None:
        """From when on it makes no sense any more, None if always."""
