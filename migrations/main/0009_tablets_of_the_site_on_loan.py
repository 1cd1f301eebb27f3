"""Tablets of the site on loan to a participant, and staff sessions that pause meanwhile.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "tablet_loans",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("participant_session_id", BIG_KEY, nullable=False),
        sa.Column("staff_session_id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("idle_minutes", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_how", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tablet_loans_account_id")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_tablet_loans_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_tablet_loans_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["participant_session_id"],
            ["participant_sessions.id"],
            name=op.f("fk_tablet_loans_participant_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["staff_session_id"], ["staff_sessions.id"], name=op.f("fk_tablet_loans_staff_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tablet_loans")),
        sa.UniqueConstraint("participant_session_id", name=op.f("uq_tablet_loans_participant_session_id")),
    )
    with op.batch_alter_table("tablet_loans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tablet_loans_participant_id"), ["participant_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tablet_loans_staff_session_id"), ["staff_session_id"], unique=False
        )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_column("paused_at")
    with op.batch_alter_table("tablet_loans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tablet_loans_staff_session_id"))
        batch_op.drop_index(batch_op.f("ix_tablet_loans_participant_id"))
    op.drop_table("tablet_loans")
