"""What other parts of the app ask sites to do: each part has a source here, and keeps its own tables."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from pro_app.reminders.task_situation import Matter
from pro_app.services.clarifications import matters as clarifications
from pro_app.services.paper import matters as paper
from pro_app.storage.queries.site_tasks import TaskScope


class ListMatters(Protocol):
    """A source: lists what it asks about the participants in scope, in one query or two."""

    def __call__(self, session: Session, scope: TaskScope, *, now: datetime) -> list[Matter]:
        """List the matters at `now` (aware UTC)."""


SOURCES: tuple[ListMatters, ...] = (clarifications.list_matters, paper.list_matters)


def list_matters(session: Session, scope: TaskScope, *, now: datetime) -> list[Matter]:
    """List what every source asks about the participants in scope."""
    return [matter for source in SOURCES for matter in source(session, scope, now=now)]
