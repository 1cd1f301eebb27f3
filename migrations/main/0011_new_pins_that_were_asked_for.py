"""New PINs that somebody asked for at the door, until the worker has looked at them.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "pin_requests",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("sign_in_code_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin_requests")),
    )


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    op.drop_table("pin_requests")
