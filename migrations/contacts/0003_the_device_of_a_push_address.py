"""On which remembered device a browser shows messages, so that they end where the device is signed out.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is empty for browsers that were switched on before."""
    with op.batch_alter_table("push_addresses", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_ref", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("push_addresses", schema=None) as batch_op:
        batch_op.drop_column("device_ref")
