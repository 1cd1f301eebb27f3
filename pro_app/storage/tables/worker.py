"""The worker's sign of life."""

from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, Code, Table


class WorkerHeartbeat(Table):
    """When a worker last finished a tick; `name` is that of the job."""

    __tablename__ = "worker_heartbeats"

    name: Mapped[Code] = mapped_column(primary_key=True)
    beat_at: Mapped[At]
