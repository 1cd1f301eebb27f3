"""What participants chose for themselves: how they read the pages, and to be reminded tomorrow.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "reminder_requests",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_reminder_requests_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_reminder_requests_participant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_requests")),
        sa.UniqueConstraint(
            "assessment_id", "remind_on", name=op.f("uq_reminder_requests_assessment_id_remind_on")
        ),
    )
    with op.batch_alter_table("reminder_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reminder_requests_participant_id"), ["participant_id"], unique=False
        )

    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("text_size", sa.String(length=64), server_default="normal", nullable=False)
        )
        batch_op.add_column(
            sa.Column("contrast", sa.String(length=64), server_default="normal", nullable=False)
        )


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_column("contrast")
        batch_op.drop_column("text_size")

    with op.batch_alter_table("reminder_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reminder_requests_participant_id"))

    op.drop_table("reminder_requests")
