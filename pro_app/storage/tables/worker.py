"""The workers: their sign of life, and which of them leads."""

from sqlalchemy.orm import Mapped, mapped_column

from pro_app.storage.tables.base import At, Code, Table


class WorkerHeartbeat(Table):
    """When a worker last gave a sign of life: in a round, or at its end; `name` is that of the job."""

    __tablename__ = "worker_heartbeats"

    name: Mapped[Code] = mapped_column(primary_key=True)
    beat_at: Mapped[At]


class WorkerLease(Table):
    """Who leads: `holder` until `lease_until`, under a `term` that grows with each change of holder."""

    __tablename__ = "worker_leases"

    name: Mapped[Code] = mapped_column(primary_key=True)
    holder: Mapped[Code]
    term: Mapped[int]
    lease_until: Mapped[At]
