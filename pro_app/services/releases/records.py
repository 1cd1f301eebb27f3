"""A data release as pages and commands see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound, NotPermitted
from pro_app.exports.making.purposes import ANALYSES
from pro_app.storage.queries.accounts import find_display_name
from pro_app.storage.queries.releases import find_release, list_releases_of
from pro_app.storage.tables.releases import DataRelease

ReleaseState = Literal["requested", "making", "made", "failed"]
ROLES = frozenset({"coordinator", "statistician"})
"""Who asks for a release, approves it and sees what is in it by name and count."""
TAKERS = frozenset({"statistician"})
"""Who takes the answers themselves: a coordinator sees states and counts, never values."""


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One release; its state follows from its times. People are named as the app knows them.

    `progress` is the code of the present step, how many steps are done, and how many there are.
    `people_described` is how many participants have age or sex from the trial's main database.
    """

    release_id: int
    study_id: int
    number: int
    reason: str
    purpose: str
    state: ReleaseState
    requested_at: datetime
    requested_by: str
    requested_by_id: int | None
    started_at: datetime | None
    progress: tuple[str, int, int]
    cut_off_at: datetime | None
    made_at: datetime | None
    app_version: str | None
    archive_sha256: str | None
    archive_size: int | None
    source_sha256: str | None
    row_counts: Mapping[str, int]
    people_described: int
    failed_at: datetime | None
    failure_code: str | None
    failure_details: tuple[str, ...]
    approved_at: datetime | None
    approved_by: str | None

    @property
    def needs_approval(self) -> bool:
        """Tell whether a second person has still to approve the purpose."""
        return self.state == "made" and self.purpose in ANALYSES and self.approved_at is None

    @property
    def shows_arms(self) -> bool:
        """Tell whether figures may be shown by arm: a planned analysis that a second person approved."""
        return self.state == "made" and self.purpose in ANALYSES and self.approved_at is not None


def list_releases(session: Session, *, study_id: int, actor: Actor) -> list[ReleaseRecord]:
    """List the releases of a study, the newest first; raises NotFound, NotPermitted."""
    require_permitted(study_id, actor)
    return [read_release(session, row) for row in list_releases_of(session, study_id)]


def load_release(session: Session, *, study_id: int, number: int, actor: Actor) -> ReleaseRecord:
    """Give one release; raises NotFound, NotPermitted."""
    require_permitted(study_id, actor)
    row = find_release(session, study_id=study_id, number=number)
    if row is None:
        raise NotFound("release")
    return read_release(session, row)


def require_permitted(study_id: int, actor: Actor) -> None:
    """Raise NotFound out of the actor's study, NotPermitted for another role than the two that may."""
    if actor.kind == "system":
        return
    if actor.study_id != study_id:
        raise NotFound("study")
    if actor.kind != "staff" or actor.role not in ROLES:
        raise NotPermitted("release")


def require_taker(actor: Actor) -> None:
    """Raise NotPermitted for everyone but those who may take the answers."""
    if actor.kind != "system" and (actor.kind != "staff" or actor.role not in TAKERS):
        raise NotPermitted("release")


def read_release(session: Session, row: DataRelease) -> ReleaseRecord:
    """Put a row into the record."""
    requested_by = find_display_name(session, f"account:{row.requested_by_id}") or row.requested_by
    return ReleaseRecord(
        release_id=row.id,
        study_id=row.study_id,
        number=row.number,
        reason=row.reason,
        purpose=row.purpose,
        state=_state(row),
        requested_at=row.requested_at,
        requested_by=requested_by,
        requested_by_id=row.requested_by_id,
        started_at=row.started_at,
        progress=(row.progress_step or "", row.progress_done, row.progress_total),
        cut_off_at=row.cut_off_at,
        made_at=row.made_at,
        app_version=row.app_version,
        archive_sha256=row.archive_sha256,
        archive_size=row.archive_size,
        source_sha256=row.source_sha256,
        row_counts=dict(row.row_counts),
        people_described=len(row.demographics),
        failed_at=row.failed_at,
        failure_code=row.failure_code,
        failure_details=tuple(row.failure_details),
        approved_at=row.approved_at,
        approved_by=find_display_name(session, f"account:{row.approved_by_id}"),
    )


def _state(row: DataRelease) -> ReleaseState:
    if row.made_at is not None:
        return "made"
    if row.failed_at is not None:
        return "failed"
    return "making" if row.started_at is not None else "requested"
