"""What came of a call: when to try again, the protocol's reason and who said it; when a number changed.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RECORDS, PARTICIPANTS = "site_task_records", "participants"


def upgrade() -> None:
    """Add the columns; of what is there already nobody said such a thing."""
    op.add_column(RECORDS, sa.Column("again_on", sa.Date(), nullable=True))
    op.add_column(RECORDS, sa.Column("reason_code", sa.String(length=64), nullable=True))
    op.add_column(RECORDS, sa.Column("said_by", sa.String(length=64), nullable=True))
    op.add_column(PARTICIPANTS, sa.Column("telephone_changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    with op.batch_alter_table(PARTICIPANTS, schema=None) as batch_op:
        batch_op.drop_column("telephone_changed_at")
    with op.batch_alter_table(RECORDS, schema=None) as batch_op:
        for column in ("said_by", "reason_code", "again_on"):
            batch_op.drop_column(column)
