"""How answers are given under a loan: on the tablet of the site, or to a member of staff who asks.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every loan before it was one of a tablet."""
    op.add_column(
        "tablet_loans",
        sa.Column("mode", sa.String(length=64), server_default="site_tablet", nullable=False),
    )


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("tablet_loans", schema=None) as batch_op:
        batch_op.drop_column("mode")
