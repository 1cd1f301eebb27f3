"""Answers that came too late for their form, kept beside it.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "set_aside_answers",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("operation_id", sa.String(length=64), nullable=False),
        sa.Column("instrument_code", sa.String(length=64), nullable=False),
        sa.Column("item_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(length=64), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("device_id", BIG_KEY, nullable=True),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device_zone", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_set_aside_answers_assessment_id")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_set_aside_answers_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside_answers")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_set_aside_answers_operation_id")),
    )
    with op.batch_alter_table("set_aside_answers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_set_aside_answers_assessment_id"), ["assessment_id"], unique=False
        )


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    op.drop_table("set_aside_answers")
