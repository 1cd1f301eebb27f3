"""Which browser counted an answer, so that its own taps keep their order.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("answers", "set_aside_answers")


def upgrade() -> None:
    """Add the column; what is there already was counted by nobody who can be told apart."""
    for table in TABLES:
        op.add_column(table, sa.Column("counted_by", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("counted_by")
