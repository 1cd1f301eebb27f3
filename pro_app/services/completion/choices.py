"""What the tables of rates can be narrowed to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion.counting import make_standing_scope
from pro_app.services.completion.periods import list_periods
from pro_app.services.protocol_versions import list_versions
from pro_app.services.visit_words import label_visits
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.closed_visits import list_closed_visits

HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: visits with their words, codes of instruments, years and quarters."""

    visits: tuple[tuple[str, str], ...]
    instruments: tuple[str, ...]
    periods: tuple[str, ...]


def list_choices(session: Session, scope: ClinicScope, *, language: str, now: datetime) -> Choices:
    """List what the forms of a scope can be narrowed to, periods from the first one that closed."""
    closed = list_closed_visits(session, make_standing_scope(scope), now=now)
    instruments: dict[str, None] = {}
    for version in list_versions(session, scope.study_id):
        protocol = load_protocol(session, version.sha256)
        instruments |= dict.fromkeys(reference.code for reference in protocol.instruments)
    return Choices(
        visits=label_visits(session, scope.study_id, closed, language=language),
        instruments=tuple(instruments),
        # A window that closed at midnight had its last day before.
        periods=tuple(list_periods(min(closed.values()) - HALF_A_DAY, now)) if closed else (),
    )
