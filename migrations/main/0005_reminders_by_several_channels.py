"""Reminders on several channels: what came back, what sites did, who leads the workers.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and columns."""
    op.create_table(
        "send_queues",
        sa.Column("queue", sa.String(length=120), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_send_queues")),
    )
    op.create_table(
        "worker_leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_leases")),
    )
    op.create_table(
        "site_task_records",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("task_key", sa.String(length=200), nullable=False),
        sa.Column("site_id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", BIG_KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_site_task_records_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["accounts.id"], name=op.f("fk_site_task_records_recorded_by_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_site_task_records_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_task_records")),
    )
    with op.batch_alter_table("site_task_records", schema=None) as batch_op:
        batch_op.create_index("ix_site_task_records_participant_id", ["participant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_task_records_task_key"), ["task_key"], unique=False)

    op.create_table(
        "channel_reports",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("report_key", sa.String(length=200), nullable=False),
        sa.Column("outbox_message_id", BIG_KEY, nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("provider_ref", sa.String(length=200), nullable=True),
        sa.Column("blames_address", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('delivered', 'delayed', 'bounced', 'complained', 'unsubscribed', 'unreadable')",
            name=op.f("ck_channel_reports_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["outbox_message_id"], ["outbox_messages.id"], name=op.f("fk_channel_reports_outbox_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_reports")),
        sa.UniqueConstraint("report_key", name=op.f("uq_channel_reports_report_key")),
    )
    with op.batch_alter_table("channel_reports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_channel_reports_outbox_message_id"), ["outbox_message_id"], unique=False
        )

    op.create_table(
        "channel_stops",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("outbox_message_id", BIG_KEY, nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", BIG_KEY, nullable=True),
        sa.CheckConstraint(
            "reason IN ('unsubscribed', 'bounced', 'complained')", name=op.f("ck_channel_stops_reason")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["accounts.id"], name=op.f("fk_channel_stops_lifted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["outbox_message_id"], ["outbox_messages.id"], name=op.f("fk_channel_stops_outbox_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_channel_stops_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_stops")),
    )
    with op.batch_alter_table("channel_stops", schema=None) as batch_op:
        batch_op.create_index("ix_channel_stops_participant_id", ["participant_id"], unique=False)
        batch_op.create_index(
            "uq_channel_stops_current",
            ["participant_id", "channel"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )

    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("provider_ref", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("taken_over_by", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_outbox_messages_provider_ref", ["provider_ref"], unique=False)

    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("channels", sa.String(length=100), nullable=True))

    # In plain SQL: Alembic would make the whole table anew on SQLite, with people still pointing to it.
    op.execute(
        "ALTER TABLE sites ADD COLUMN protocol_sha256 VARCHAR(64) "
        "CONSTRAINT fk_sites_protocol_sha256 REFERENCES stored_definitions (sha256)"
    )


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.drop_column("protocol_sha256")

    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_column("channels")

    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_messages_provider_ref")
        batch_op.drop_column("generation")
        batch_op.drop_column("taken_over_by")
        batch_op.drop_column("provider_ref")

    with op.batch_alter_table("channel_stops", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_channel_stops_current",
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.drop_index("ix_channel_stops_participant_id")

    op.drop_table("channel_stops")
    with op.batch_alter_table("channel_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_channel_reports_outbox_message_id"))

    op.drop_table("channel_reports")
    with op.batch_alter_table("site_task_records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_task_records_task_key"))
        batch_op.drop_index("ix_site_task_records_participant_id")

    op.drop_table("site_task_records")
    op.drop_table("worker_leases")
    op.drop_table("send_queues")
