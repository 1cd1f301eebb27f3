"""Reading what phones said that they still hold, and putting an end to what they said."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from pro_app.storage.queries.site_tasks import TaskScope, run_within
from pro_app.storage.tables.device_reports import DeviceReport
from pro_app.storage.tables.participants import Participant

_UNRESOLVED = (
    select(DeviceReport)
    .join(Participant, Participant.id == DeviceReport.participant_id)
    .where(DeviceReport.resolved_at.is_(None))
    .order_by(DeviceReport.id)
)
_OF_ONE = select(DeviceReport).where(
    DeviceReport.participant_id == bindparam("participant_id"), DeviceReport.resolved_at.is_(None)
)


def list_unsent_reports(session: Session, scope: TaskScope) -> list[DeviceReport]:
    """List the reports of phones of the people in scope that still hold something."""
    return [row[0] for row in run_within(session, _UNRESOLVED, scope)]


def find_open_report(session: Session, participant_id: int, *, device_id: int | None) -> DeviceReport | None:
    """Find what a phone said last, if it still holds something; None is any phone that is not remembered."""
    rows = session.scalars(_OF_ONE, {"participant_id": participant_id})
    return next((row for row in rows if row.device_id == device_id), None)


def resolve_report(session: Session, participant_id: int, report_id: int, *, now: datetime) -> None:
    """End one report of a participant, so that a later word of that phone begins a new one."""
    session.execute(
        update(DeviceReport)
        .where(
            DeviceReport.id == report_id,
            DeviceReport.participant_id == participant_id,
            DeviceReport.resolved_at.is_(None),
        )
        .values(resolved_at=now)
    )


def resolve_reports_of_devices(
    session: Session, participant_id: int, device_ids: Iterable[int], *, now: datetime
) -> bool:
    """End what devices of a participant said that they hold, since they are shut out; says if any had."""
    ended = session.scalars(
        update(DeviceReport)
        .where(
            DeviceReport.participant_id == participant_id,
            DeviceReport.device_id.in_(list(device_ids)),
            DeviceReport.resolved_at.is_(None),
        )
        .values(resolved_at=now)
        .returning(DeviceReport.id)
    )
    return bool(ended.all())
